import { resolve } from "node:path";
import { type Diagnostic, fail, warning } from "@doge/core";
import { fieldProblem, type ProjectConfigInput } from "@doge/workflow";
import type { FlagSpec, Invocation } from "../command.ts";
import { ask } from "../terminal/ask.ts";

/** Environment variables that are tokens or addresses: written into the new project's credentials file. */
const CREDENTIALS =
  /^(DIGITALOCEAN_(TOKEN|API_URL)|SPACES_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|ENDPOINT_URL)|GITHUB_(TOKEN|API_URL|GRAPHQL_URL|SERVER_URL)|TF_API_TOKEN|TFE_(TOKEN|ADDRESS)|DOGE_(REGISTRY_URL|REGISTRY_MIRROR|RESOLVER)|MAIL_URL|HTTPS_PROXY|NO_PROXY|NODE_EXTRA_CA_CERTS)$/;

/** What every project must say of itself, as flags of `new` and `adopt`. */
export const identityFlags = {
  name: { type: "string", help: "Name for people" },
  slug: { type: "string", help: "Name for machines: workspaces, droplets, buckets" },
  domain: { type: "string", help: "Apex domain, delegated to DigitalOcean's name servers" },
  owner: { type: "string", help: "GitHub user or organisation (default: GITHUB_OWNER)" },
  organization: { type: "string", help: "HCP Terraform organisation (default: TFE_ORGANIZATION)" },
  region: { type: "string", help: "DigitalOcean region (default: fra1)" },
  size: { type: "string", help: "Droplet size of both environments (default: s-1vcpu-1gb)" },
  "stage-size": { type: "string", value: "SIZE", help: "Droplet size of staging, where it is another" },
  "prod-size": { type: "string", value: "SIZE", help: "Droplet size of production, where it is another" },
  "env-file": {
    type: "string",
    value: "FILE",
    help: "Take tokens and addresses from this file (doge cloud env --write FILE)",
  },
} as const satisfies Readonly<Record<string, FlagSpec>>;

/** Tokens and addresses that the environment or `--env-file` has; the tokens are hidden from every output. */
export async function knownCredentials(invocation: Invocation): Promise<Record<string, string>> {
  const { machine, flags, folder } = invocation;
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
  for (const [name, value] of known) if (/TOKEN|KEY/.test(name)) invocation.hide(value);
  const identity = ["GITHUB_OWNER", "TFE_ORGANIZATION"].flatMap((name) =>
    all[name] ? [[name, all[name]] as [string, string]] : [],
  );
  return Object.fromEntries([...known, ...identity]);
}

interface Question {
  /** Flag that answers it. */
  readonly flag: string;
  readonly text: string;
  /** Key of doge.config.ts that the answer becomes: it is checked at once. */
  readonly key?: string;
  readonly fallback: string | undefined;
}

/** Asks one thing, or takes it from its flag; without a terminal the fallback serves, or it is a mistake. */
export async function answer(
  { flags, interactive }: Invocation,
  { flag, text, key, fallback }: Question,
): Promise<string> {
  const given = flags[flag];
  if (typeof given === "string" && given !== "") return given;
  if (asksQuestions({ flags, interactive })) {
    return ask(text, fallback, (value) => (key === undefined ? undefined : fieldProblem(key, value)));
  }
  if (fallback !== undefined) return fallback;
  return fail({
    code: "answer-missing",
    summary: "An answer is missing",
    detail: text,
    remedy: `Give --${flag}.`,
  });
}

export const asksQuestions = ({ flags, interactive }: Pick<Invocation, "flags" | "interactive">): boolean =>
  interactive && !flags["yes"];

/** What makes a project this one: names, domain, owners, and where it runs. */
export async function chooseIdentity(
  invocation: Invocation,
  credentials: Readonly<Record<string, string>>,
  fallback: { readonly slug: string; readonly owner?: string; readonly repository?: string },
): Promise<ProjectConfigInput> {
  const slug = await answer(invocation, {
    flag: "slug",
    text: "Short name (for machines)",
    key: "slug",
    fallback: fallback.slug,
  });
  const name = await answer(invocation, {
    flag: "name",
    text: "Name (for people)",
    key: "name",
    fallback: titleOf(slug),
  });
  const domain = await answer(invocation, {
    flag: "domain",
    text: "Domain (delegated to DigitalOcean)",
    key: "domain",
    fallback: asksQuestions(invocation) ? undefined : `${slug}.localhost`,
  });
  const owner = await answer(invocation, {
    flag: "owner",
    text: "GitHub user or organisation",
    key: "github.owner",
    fallback: fallback.owner ?? credentials["GITHUB_OWNER"] ?? (await likelyOwner(invocation)),
  });
  const organization = await answer(invocation, {
    flag: "organization",
    text: "HCP Terraform organisation",
    key: "hcp.organization",
    fallback: credentials["TFE_ORGANIZATION"] ?? owner,
  });
  const { region, sizes } = await choosePlaces(invocation);
  return {
    name,
    slug,
    domain,
    github: { owner, repository: fallback.repository ?? slug },
    hcp: { organization },
    ...(region ? { digitalocean: { region } } : {}),
    ...(Object.keys(sizes).length > 0 ? { environments: sizes } : {}),
  };
}

/** Region and sizes: what is as the configuration has it by itself isn't written down. */
async function choosePlaces(invocation: Invocation): Promise<{
  readonly region: string | undefined;
  readonly sizes: NonNullable<ProjectConfigInput["environments"]>;
}> {
  const asks = asksQuestions(invocation);
  const text = (name: string): string | undefined => {
    const given = invocation.flags[name];
    return typeof given === "string" && given !== "" ? given : undefined;
  };
  const either = async (flag: string, question: string, fallback: string): Promise<string | undefined> => {
    if (text(flag) !== undefined || !asks) return text(flag);
    const given = await ask(question, fallback, () => undefined);
    return given === fallback ? undefined : given;
  };
  const region = await either("region", "DigitalOcean region", "fra1");
  const size = await either("size", "Droplet size", "s-1vcpu-1gb");
  const [stage, prod] = [text("stage-size") ?? size, text("prod-size") ?? size];
  return { region, sizes: { ...(stage ? { stage: { size: stage } } : {}), ...(prod ? { prod: { size: prod } } : {}) } };
}

/** The answers that nobody gave and that a rehearsal does not care about, but the real vendors do. */
export function assumed(
  { flags, interactive }: Invocation,
  credentials: Readonly<Record<string, string>>,
  chosen: ProjectConfigInput,
): readonly Diagnostic[] {
  if (asksQuestions({ flags, interactive })) return [];
  const guesses = [
    ...(flags["domain"] ? [] : [`domain: ${chosen.domain}`]),
    ...(flags["owner"] || credentials["GITHUB_OWNER"] ? [] : [`github.owner: ${chosen.github.owner}`]),
    ...(flags["organization"] || credentials["TFE_ORGANIZATION"]
      ? []
      : [`hcp.organization: ${chosen.hcp.organization}`]),
  ];
  if (guesses.length === 0) return [];
  return [
    warning({
      code: "answers-assumed",
      summary: "Some answers are guesses",
      detail: guesses.join("\n"),
      address: "doge.config.ts",
      remedy: "Correct them before you go to the real vendors; a rehearsal works with them.",
    }),
  ];
}

/** git's and the machine's idea of who this is. */
async function likelyOwner({ machine, folder }: Invocation): Promise<string | undefined> {
  const gitHub = await machine.processes.run({ argv: ["git", "config", "github.user"], cwd: folder });
  if (gitHub.stdout.trim()) return gitHub.stdout.trim();
  const user = await machine.processes.run({ argv: ["id", "-un"] });
  return user.stdout.trim() || undefined;
}

export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");

const titleOf = (slug: string): string =>
  slug
    .split("-")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(" ");
