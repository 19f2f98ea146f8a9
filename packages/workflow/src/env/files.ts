import { randomBytes } from "node:crypto";
import { type Files, fail, Secret } from "@doge/core";
import type { ProjectConfig } from "../config/schema.ts";
import { mailUrl, optionSettings, type TemplateOptions } from "../create/options.ts";

/** Environments that have env files of their own. Staging starts from production's and overrides. */
export type EnvFileSet = "local" | "staging" | "production";

/** Contents by name: `{ ".app": …, ".postgres": … }`. */
export type EnvFiles = Readonly<Record<string, Secret>>;

const password = (): string => randomBytes(24).toString("base64url");

/** What `doge new` writes: every secret generated, nothing left to invent. */
export function newEnvFiles(
  config: ProjectConfig,
  known: Readonly<Record<string, string | undefined>>,
  options: TemplateOptions,
): Record<EnvFileSet, Record<string, string>> {
  const database = config.slug.replaceAll("-", "_");
  const credentials = password();
  const storage = storageUrl(config, known);
  return {
    local: {
      ".app": lines([
        `PORT=${config.app.port}`,
        "DOGE_ENVIRONMENT=local",
        "# Without it, `npm run dev` brings a PostgreSQL server of its own:",
        "# DATABASE_URL=postgres://app:local@localhost:5432/app",
      ]),
      ".postgres": lines(["POSTGRES_USER=app", "POSTGRES_PASSWORD=local", "POSTGRES_DB=app"]),
    },
    staging: {
      ".app": lines([
        "# Over .envs/.production/.app on staging. What is not here is the same there.",
        "DOGE_ENVIRONMENT=stage",
        `SITE_URL=https://staging.${config.domain}`,
        `SECRET_KEY=${password()}${password()}`,
        storage("stage"),
      ]),
    },
    production: {
      ".app": lines([
        `PORT=${config.app.port}`,
        "DOGE_ENVIRONMENT=prod",
        `SITE_URL=https://${config.domain}`,
        `DATABASE_URL=postgres://${database}:${credentials}@postgres:5432/${database}`,
        `SECRET_KEY=${password()}${password()}`,
        "# Where the administration is: a path that nobody guesses.",
        `ADMIN_PATH=/${randomBytes(9).toString("hex")}/`,
        ...optionSettings(options),
        `# ${mailUrl(options)}; without it, nobody gets a mail.`,
        known["MAIL_URL"] ? `MAIL_URL=${known["MAIL_URL"]}` : "# MAIL_URL=",
        `MAIL_FROM=${config.name} <noreply@${config.domain}>`,
        storage("prod"),
      ]),
      ".postgres": lines([`POSTGRES_USER=${database}`, `POSTGRES_PASSWORD=${credentials}`, `POSTGRES_DB=${database}`]),
      ".backup": lines([
        "# Backups of the database are encrypted with it. Keep a copy: without it they are worth nothing.",
        `BACKUP_KEY=${password()}`,
      ]),
    },
  };
}

/** A line with the address of the environment's bucket, for an app that keeps files there. */
function storageUrl(
  config: ProjectConfig,
  known: Readonly<Record<string, string | undefined>>,
): (environment: "stage" | "prod") => string {
  const { SPACES_ACCESS_KEY_ID: id, SPACES_SECRET_ACCESS_KEY: secret, SPACES_ENDPOINT_URL: endpoint } = known;
  const { protocol, host } = new URL(endpoint ?? `https://${config.digitalocean.region}.digitaloceanspaces.com`);
  const scheme = protocol === "http:" ? "s3+http" : "s3";
  return (environment) => {
    const bucket = `${config.slug}-${environment}`;
    return id && secret
      ? `STORAGE_URL=${scheme}://${encodeURIComponent(id)}:${encodeURIComponent(secret)}@${host}/${bucket}`
      : `# Pictures that people upload: a key of DigitalOcean Spaces for this bucket.\n# STORAGE_URL=s3://KEY:SECRET@${host}/${bucket}`;
  };
}

const lines = (content: readonly string[]): string => `${content.join("\n")}\n`;

/** Reads `.envs/.production` or `.envs/.staging`. */
export async function readEnvFiles(files: Files, folder: string, set: EnvFileSet): Promise<EnvFiles> {
  const path = `${folder}/.envs/.${set}`;
  const names = (await files.list(path)).filter((name) => /^\.[a-z][a-z0-9_-]*$/.test(name));
  const found: Record<string, Secret> = {};
  for (const name of names) {
    const content = await files.read(`${path}/${name}`);
    if (content !== undefined) found[name] = new Secret(content);
  }
  if (set === "production" && names.length === 0) {
    fail({
      code: "env-files-missing",
      summary: "The env files of production are missing",
      detail: `${path} is empty or not there. It is kept out of version control: a clone does not have it.`,
      address: path,
      remedy: "Ask a colleague for .envs/. A droplet that was deployed to has its files, too: ~/doge/<slug>/.envs.",
    });
  }
  return found;
}

const secretPrefix = { production: "PROD", staging: "STAGE" } as const;

/** Name of the GitHub environment secret of an env file: `.envs/.production/.app` → `PROD_APP`. */
export const secretName = (set: "production" | "staging", file: string): string =>
  `${secretPrefix[set]}_${file.slice(1).toUpperCase().replaceAll("-", "_")}`;

/** The `env_file_map` of an environment: secret name → base64 content. Staging carries both sets. */
export function envFileMap(
  environment: "stage" | "prod",
  production: EnvFiles,
  staging: EnvFiles,
): Record<string, string> {
  const entries = (set: "production" | "staging", found: EnvFiles): [string, string][] =>
    Object.entries(found).map(([file, content]) => [
      secretName(set, file),
      Buffer.from(content.reveal()).toString("base64"),
    ]);
  const map = [...entries("production", production), ...(environment === "stage" ? entries("staging", staging) : [])];
  return Object.fromEntries(map.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Files of a droplet by their path in the project; the app reads its own in this order, later ones win. */
export function dropletEnvFiles(
  environment: "stage" | "prod",
  production: EnvFiles,
  staging: EnvFiles,
): { readonly files: readonly { readonly path: string; readonly content: Secret }[]; readonly app: readonly string[] } {
  const pathed = (set: EnvFileSet, found: EnvFiles): { path: string; content: Secret }[] =>
    Object.entries(found).map(([name, content]) => ({ path: `.envs/.${set}/${name}`, content }));
  const files = [...pathed("production", production), ...(environment === "stage" ? pathed("staging", staging) : [])];
  return { files, app: files.map((f) => f.path).filter((path) => path.endsWith("/.app")) };
}

/** Env files as a CI job has them: environment secrets `PROD_APP`, `STAGE_APP`… in one JSON object. */
export function envFilesFromSecrets(json: string): { readonly production: EnvFiles; readonly staging: EnvFiles } {
  let secrets: Record<string, unknown>;
  try {
    secrets = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return fail({
      code: "env-files-unreadable",
      summary: "The env files of the job can't be read",
      detail: "DOGE_ENV_FILES is not a JSON object.",
      remedy: "The deploy workflow passes DOGE_ENV_FILES: ${{ toJSON(secrets) }}; compare it with the template's.",
    });
  }
  const production: Record<string, Secret> = {};
  const staging: Record<string, Secret> = {};
  for (const [name, value] of Object.entries(secrets)) {
    const match = /^(PROD|STAGE)_([A-Z0-9_]+)$/.exec(name);
    if (!match?.[2] || typeof value !== "string") continue;
    const file = `.${match[2].toLowerCase().replaceAll("_", "-")}`;
    (match[1] === "PROD" ? production : staging)[file] = new Secret(Buffer.from(value, "base64").toString("utf8"));
  }
  return { production, staging };
}
