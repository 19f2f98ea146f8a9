import { type Diagnostic, diagnosticsOf, error, hasErrors, warning } from "@doge/core";
import type { Project } from "./project.ts";
import { type TokenName, tokens } from "./settings.ts";
import { vendors } from "./vendors.ts";

export interface Check {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed" | "skipped";
  /** What was found: versions, account names. Never a token. */
  readonly found?: string;
  readonly diagnostics: readonly Diagnostic[];
}

type Finding = { readonly found?: string; readonly diagnostics?: readonly Diagnostic[] };

const GITHUB_SCOPES = ["repo", "workflow"];

/** Everything that `doge up` needs, checked before anything is made, all at once; each trouble with its remedy. */
export async function doctor(project: Project): Promise<readonly Check[]> {
  const check = async (
    name: string,
    work: () => Promise<Finding> | Finding,
    needs: readonly TokenName[] = [],
  ): Promise<Check> => {
    if (needs.some((token) => !project.settings.token(token)))
      return { name, state: "skipped", found: "its token is missing", diagnostics: [] };
    try {
      const { found, diagnostics = [] } = await work();
      const state = hasErrors(diagnostics) ? "failed" : diagnostics.length > 0 ? "warning" : "ok";
      return { name, state, ...(found ? { found } : {}), diagnostics };
    } catch (thrown) {
      return { name, state: "failed", diagnostics: diagnosticsOf(thrown) };
    }
  };

  const { region } = project.config.digitalocean;
  const clients = vendors(project);
  return Promise.all([
    check("git", () => program(project, "git", ["--version"], /(\d+)\.(\d+)/, [2, 28])),
    check("npm", () => program(project, "npm", ["--version"], /(\d+)\.(\d+)/, [9, 0])),
    check("tokens", () => tokensGiven(project)),
    check("DigitalOcean", () => digitalOcean(project, clients), ["DIGITALOCEAN_TOKEN"]),
    check("Spaces", async () => ({ found: `${(await clients.spaces(region).buckets()).length} buckets` }), [
      "SPACES_ACCESS_KEY_ID",
      "SPACES_SECRET_ACCESS_KEY",
    ]),
    check("GitHub", () => gitHub(project, clients), ["GITHUB_TOKEN"]),
    check("HCP Terraform", () => hcp(project, clients), ["TF_API_TOKEN"]),
    check("domain", () => delegation(project)),
    check("env files", () => envFiles(project)),
  ]);
}

function tokensGiven(project: Project): Finding {
  const names = Object.keys(tokens) as TokenName[];
  const missing = project.settings.missing(names);
  return { found: `${names.length - missing.length} of ${names.length}`, diagnostics: missing };
}

async function program(
  project: Project,
  name: string,
  words: readonly string[],
  pattern: RegExp,
  least: readonly [number, number],
): Promise<Finding> {
  const { exitCode, stdout } = await project.machine.processes.run({ argv: [name, ...words] });
  const match = pattern.exec(stdout);
  if (exitCode !== 0 || !match) {
    return {
      diagnostics: [
        error({
          code: "program-missing",
          summary: "A program is missing",
          detail: name,
          remedy: `Install ${name} ${least.join(".")} or newer.`,
        }),
      ],
    };
  }
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const old = major < least[0] || (major === least[0] && minor < least[1]);
  return {
    found: stdout.trim().split("\n")[0] ?? "",
    diagnostics: old
      ? [
          error({
            code: "program-old",
            summary: "A program is too old",
            detail: `${name} ${major}.${minor}`,
            remedy: `Install ${name} ${least.join(".")} or newer.`,
          }),
        ]
      : [],
  };
}

type Clients = ReturnType<typeof vendors>;

async function digitalOcean({ config }: Project, clients: Clients): Promise<Finding> {
  const client = clients.digitalocean();
  const account = await client.account.get();
  const diagnostics: Diagnostic[] = [];
  const regions = await client.catalogue.regions();
  const region = regions.find((r) => r.slug === config.digitalocean.region);
  if (!region?.available) {
    const open = regions.filter((r) => r.available).map((r) => r.slug);
    diagnostics.push(
      error({
        code: "region-unavailable",
        summary: "The region is not available",
        detail: config.digitalocean.region,
        address: "digitalocean.region",
        remedy: `One of: ${open.join(", ")}.`,
      }),
    );
  } else {
    for (const [environment, { size }] of Object.entries(config.environments)) {
      if (region.sizes.includes(size)) continue;
      diagnostics.push(
        error({
          code: "size-unavailable",
          summary: "The droplet size is not available in the region",
          detail: `${size} in ${region.slug}`,
          address: `environments.${environment}.size`,
          remedy: `For example ${region.sizes.slice(0, 4).join(", ")}.`,
        }),
      );
    }
  }
  if (account.status !== "active") {
    diagnostics.push(
      error({
        code: "account-inactive",
        summary: "The DigitalOcean account is not active",
        detail: account.status,
        remedy: "See cloud.digitalocean.com.",
      }),
    );
  }
  return { found: account.email, diagnostics };
}

async function gitHub({ config }: Project, clients: Clients): Promise<Finding> {
  const client = clients.github();
  const { login, scopes } = await client.users.current();
  const diagnostics: Diagnostic[] = [];
  // Fine-grained tokens have no scopes to list; their permissions show when they are used.
  const images = config.registry === "ghcr";
  const wanted = [...GITHUB_SCOPES, ...(images ? ["write:packages"] : [])];
  const missing = scopes === undefined ? [] : wanted.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0) {
    diagnostics.push(
      error({
        code: "token-scope",
        summary: "The GitHub token lacks scopes",
        detail: missing.join(", "),
        address: "GITHUB_TOKEN",
        remedy: `Add ${missing.join(", ")} to the token: ${tokens.GITHUB_TOKEN.where}.`,
      }),
    );
  }
  const forDestroy = ["delete_repo", ...(images ? ["delete:packages"] : [])].filter(
    (scope) => scopes && !scopes.includes(scope),
  );
  if (forDestroy.length > 0) {
    diagnostics.push(
      warning({
        code: "token-scope",
        summary: "The GitHub token can't delete the repository or its images",
        detail: `doge destroy --repository needs ${forDestroy.join(", ")}.`,
        address: "GITHUB_TOKEN",
        remedy: `Add ${forDestroy.join(", ")} to the token, or leave the repository when you destroy: ${tokens.GITHUB_TOKEN.where}.`,
      }),
    );
  }
  return { found: `${login}, for ${config.github.owner}/${config.github.repository}`, diagnostics };
}

async function hcp({ config }: Project, clients: Clients): Promise<Finding> {
  const organization = await clients.tfe().organizations.get(config.hcp.organization);
  if (organization) return { found: config.hcp.organization };
  return {
    diagnostics: [
      error({
        code: "organization-missing",
        summary: "The HCP Terraform organisation is not there",
        detail: config.hcp.organization,
        address: "hcp.organization",
        remedy:
          "Create it at app.terraform.io/app/organizations/new, or correct the name; the token must belong to a member.",
      }),
    ],
  };
}

async function delegation({ config, machine }: Project): Promise<Finding> {
  const servers = await machine.names.nameServers(config.domain);
  const delegated = servers.length > 0 && servers.every((name) => name.endsWith(".digitalocean.com"));
  if (delegated) return { found: `${config.domain} → ${servers.join(", ")}` };
  return {
    diagnostics: [
      error({
        code: "domain-not-delegated",
        summary: "The domain does not point to DigitalOcean's name servers",
        detail: `${config.domain}: ${servers.length > 0 ? servers.join(", ") : "no name servers found"}.`,
        address: "domain",
        remedy:
          "At your registrar, set its name servers to ns1.digitalocean.com, ns2.digitalocean.com, ns3.digitalocean.com; it can take some hours.",
      }),
    ],
  };
}

async function envFiles({ machine, folder }: Project): Promise<Finding> {
  const production = await machine.files.list(`${folder}/.envs/.production`);
  if (production.length > 0) return { found: production.map((name) => `.production/${name}`).join(", ") };
  return {
    diagnostics: [
      error({
        code: "env-files-missing",
        summary: "The env files of production are missing",
        detail: "`.envs/.production` is kept out of version control: a clone does not have it.",
        address: ".envs/.production",
        remedy: "Ask a colleague for .envs/.",
      }),
    ],
  };
}
