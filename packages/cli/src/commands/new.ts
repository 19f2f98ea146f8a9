import { basename, join, relative, resolve } from "node:path";
import { fail, step, unwrap } from "@doge/core";
import { projectFiles, validateProject, withTool } from "@doge/workflow";
import { defineCommand } from "../command.ts";
import { installDependencies, packTool, readTemplate } from "../tool-package.ts";
import { chooseOptions, optionFlags } from "./options.ts";
import { assumed, chooseIdentity, identityFlags, knownCredentials, slugOf } from "./identity.ts";

interface Created {
  readonly folder: string;
  readonly files: number;
  readonly next: readonly string[];
}

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
    ...identityFlags,
    ...optionFlags,
    yes: { type: "boolean", short: "y", help: "No questions: defaults for what is not given" },
    "no-install": { type: "boolean", help: "Do not run npm install" },
  },
  examples: [
    "doge new my-app",
    "doge new my-app --yes --domain example.com --owner me --organization me",
    "doge new my-app --yes --mail postmark --redis --no-api --licence mit",
  ],
  view: (data) =>
    [`Made ${data.files} files in ${data.folder}.`, "", "Next:", ...data.next.map((line) => `  ${line}`), ""].join(
      "\n",
    ),

  async run(invocation) {
    const { machine, emit, arguments: given, flags } = invocation;
    const now = (): Date => machine.clock.now();
    const credentials = await knownCredentials(invocation);
    const named = given["folder"] as string | undefined;
    const chosen = await chooseIdentity(invocation, credentials, {
      slug: named ? slugOf(basename(resolve(invocation.folder, named))) : "my-app",
    });
    const folder = resolve(invocation.folder, named ?? chosen.slug);
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

    const options = await chooseOptions(invocation);
    const template = await readTemplate(invocation.home);
    const files = projectFiles({
      template,
      version: invocation.home.version,
      chosen,
      config,
      options,
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
      diagnostics: assumed(invocation, credentials, chosen),
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
