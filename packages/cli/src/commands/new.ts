import { basename, join, relative, resolve } from "node:path";
import { fail, step, unwrap } from "@doge/core";
import { type ProjectConfigInput, projectFiles, validateProject, withTool } from "@doge/workflow";
import { defineCommand, type Invocation } from "../command.ts";
import { ask } from "../terminal/ask.ts";
import { installDependencies, packTool, readTemplate } from "../tool-package.ts";

interface Created {
  readonly folder: string;
  readonly files: number;
  readonly next: readonly string[];
}

/** Environment variables that are tokens or addresses: written into the new project's credentials file. */
const CREDENTIALS =
  /^(DIGITALOCEAN_(TOKEN|API_URL)|SPACES_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|ENDPOINT_URL)|GITHUB_(TOKEN|API_URL|GRAPHQL_URL|SERVER_URL)|TF_API_TOKEN|TFE_(TOKEN|ADDRESS)|DOGE_(REGISTRY_URL|REGISTRY_MIRROR|RESOLVER)|HTTPS_PROXY|NO_PROXY|NODE_EXTRA_CA_CERTS)$/;

export const newCommand = defineCommand<Created>({
  name: "new",
  summary: "Make a new project from the template",
  description:
    "Writes the app, compose files, workflows, configuration and env files with generated secrets.\n" +
    "Asks what it must know, or takes it from flags alone. Makes nothing outside the folder.",
  arguments: [
    { name: "folder", help: "Folder to make; its name is the project's unless --slug says otherwise", optional: true },
  ],
  flags: {
    name: { type: "string", help: "Name for people" },
    slug: { type: "string", help: "Name for machines: workspaces, droplets, buckets" },
    domain: { type: "string", help: "Apex domain, delegated to DigitalOcean's name servers" },
    owner: { type: "string", help: "GitHub user or organisation (default: GITHUB_OWNER)" },
    organization: { type: "string", help: "HCP Terraform organisation (default: TFE_ORGANIZATION)" },
    region: { type: "string", help: "DigitalOcean region (default: fra1)" },
    size: { type: "string", help: "Droplet size of both environments (default: s-1vcpu-1gb)" },
    "env-file": {
      type: "string",
      value: "FILE",
      help: "Take tokens and addresses from this file (doge cloud env --write FILE)",
    },
    yes: { type: "boolean", short: "y", help: "No questions: defaults for what is not given" },
    "no-install": { type: "boolean", help: "Do not run npm install" },
  },
  examples: ["doge new my-app", "doge new my-app --yes --domain example.com --owner me --organization me"],
  view: (data) =>
    [`Made ${data.files} files in ${data.folder}.`, "", "Next:", ...data.next.map((line) => `  ${line}`), ""].join(
      "\n",
    ),

  async run(invocation) {
    const { machine, emit, arguments: given, flags } = invocation;
    const now = (): Date => machine.clock.now();
    const credentials = await knownCredentials(invocation);
    for (const [name, value] of Object.entries(credentials))
      if (!/_URL$|ADDRESS|PROXY|RESOLVER|CERTS|MIRROR/.test(name)) invocation.hide(value);

    const chosen = await choose(invocation, credentials);
    const folder = resolve(invocation.folder, (given["folder"] as string | undefined) ?? chosen.slug);
    const config = unwrap(validateProject(chosen, "the answers"));
    const present = await machine.files.list(folder);
    if (present.some((name) => name !== ".git")) {
      fail({
        code: "folder-not-empty",
        summary: "The folder is not empty",
        detail: `${folder} holds ${present.slice(0, 3).join(", ")}${present.length > 3 ? " and more" : ""}.`,
        address: folder,
        remedy: "Give another folder, or empty this one.",
      });
    }

    const template = await readTemplate(invocation.home);
    const files = projectFiles({
      template,
      version: invocation.home.version,
      chosen,
      config,
      credentials,
      year: now().getFullYear(),
    });
    await step(emit, now, { step: "files", title: "Writing the project" }, async () => {
      const tool = await packTool(machine, invocation.home, join(folder, "vendor"));
      const manifest = files["package.json"];
      if (manifest)
        files["package.json"] = { ...manifest, content: withTool(manifest.content, `file:vendor/${basename(tool)}`) };
      for (const [path, file] of Object.entries(files))
        await machine.files.write(join(folder, path), file.content, { mode: file.mode });
    });
    if (!flags["no-install"]) {
      await step(emit, now, { step: "install", title: "Installing dependencies" }, () =>
        installDependencies(machine, folder, invocation.signal),
      );
    }
    const shown = relative(invocation.folder, folder) || ".";
    const tokensGiven = Boolean(credentials["DIGITALOCEAN_TOKEN"] && credentials["GITHUB_TOKEN"]);
    return {
      exitCode: 0,
      data: {
        folder,
        files: Object.keys(files).length,
        next: [
          `cd ${shown}`,
          ...(tokensGiven ? [] : ["fill in the tokens in .envs/.doge   (each line says where to make one)"]),
          "npx doge doctor",
          "npx doge up",
        ],
      },
    };
  },
});

async function knownCredentials({ machine, flags, folder }: Invocation): Promise<Record<string, string>> {
  const file = flags["env-file"];
  const fromFile: Record<string, string | undefined> = {};
  if (typeof file === "string") {
    const text = await machine.files.read(resolve(folder, file));
    if (text === undefined) {
      fail({
        code: "env-file-missing",
        summary: "The env file is not there",
        address: file,
        remedy: "Write one with doge cloud env --write FILE.",
      });
    }
    const { parseEnv } = await import("node:util");
    Object.assign(fromFile, parseEnv(text));
  }
  const all = { ...machine.env, ...fromFile };
  const known = Object.entries(all).filter(
    (entry): entry is [string, string] => CREDENTIALS.test(entry[0]) && Boolean(entry[1]),
  );
  const identity = ["GITHUB_OWNER", "TFE_ORGANIZATION"].flatMap((name) =>
    all[name] ? [[name, all[name]] as [string, string]] : [],
  );
  return Object.fromEntries([...known, ...identity]);
}

async function choose(
  invocation: Invocation,
  credentials: Readonly<Record<string, string>>,
): Promise<ProjectConfigInput> {
  const { flags, arguments: given } = invocation;
  const questions = invocation.interactive && !flags["yes"];
  const text = (name: string): string | undefined => (typeof flags[name] === "string" ? flags[name] : undefined);
  const folder = given["folder"] as string | undefined;
  const answer = async (name: string, question: string, fallback: string | undefined): Promise<string> => {
    const value = text(name);
    if (value) return value;
    if (questions) return ask(question, fallback);
    if (fallback !== undefined) return fallback;
    return fail({
      code: "answer-missing",
      summary: "An answer is missing",
      detail: question,
      remedy: `Give --${name}.`,
    });
  };

  const fromFolder = folder ? slugOf(basename(resolve(invocation.folder, folder))) : undefined;
  const slug = await answer("slug", "Short name (for machines)", fromFolder ?? "my-app");
  const name = await answer("name", "Name (for people)", titleOf(slug));
  const domain = await answer(
    "domain",
    "Domain (delegated to DigitalOcean)",
    questions ? undefined : `${slug}.localhost`,
  );
  const owner = await answer("owner", "GitHub user or organisation", credentials["GITHUB_OWNER"]);
  const organization = await answer(
    "organization",
    "HCP Terraform organisation",
    credentials["TFE_ORGANIZATION"] ?? owner,
  );
  const size = text("size");
  const region = text("region");
  return {
    name,
    slug,
    domain,
    github: { owner, repository: slug },
    hcp: { organization },
    ...(region ? { digitalocean: { region } } : {}),
    ...(size ? { environments: { stage: { size }, prod: { size } } } : {}),
  };
}

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");

const titleOf = (slug: string): string =>
  slug
    .split("-")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(" ");
