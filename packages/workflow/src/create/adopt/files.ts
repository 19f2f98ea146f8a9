import { randomBytes } from "node:crypto";
import type { ProjectConfig, ProjectConfigInput } from "../../config/schema.ts";
import { credentialsFile } from "../../settings.ts";
import { hostsOf } from "../../workspaces/names.ts";
import { literalOf } from "../config-file.ts";
import type { NewFile } from "../project-files.ts";
import { renderTemplate } from "../render.ts";
import type { Facts } from "./detect.ts";

/** Where the tool and its lock file live in a project that was there before: apart from the app's own. */
export const toolFolder = "infra";

/** All files that adopting a project adds, by path. What is there already is not for this function to know. */
export function adoptedFiles(options: {
  readonly template: Readonly<Record<string, string>>;
  readonly facts: Facts;
  readonly chosen: ProjectConfigInput;
  readonly config: ProjectConfig;
  readonly credentials: Readonly<Record<string, string | undefined>>;
}): Record<string, NewFile> {
  const { template, facts, chosen, config, credentials } = options;
  const words = {
    slug: config.slug,
    name: config.name,
    node: facts.kind === "node" ? "24" : "",
    postgres: facts.postgres ? "yes" : "",
    redis: facts.redis ? "yes" : "",
    packages: config.registry === "ghcr" ? "yes" : "",
  };
  const files: Record<string, NewFile> = {};
  const add = (path: string, content: string, mode = 0o644): void => void (files[path] = { content, mode });
  for (const [path, text] of Object.entries(template)) add(path, renderTemplate(text, words, path));
  add("doge.config.ts", adoptedConfig(chosen));
  if (facts.dockerfile !== undefined) {
    add("Dockerfile", facts.dockerfile);
    add(".dockerignore", ".git\n.envs\n.doge\nnode_modules\n.venv\n__pycache__\n");
  }
  // Secrets must never be committed, whatever the project's own .gitignore says.
  for (const folder of [".envs", ".doge"]) add(`${folder}/.gitignore`, "*\n!.gitignore\n");
  add(`${toolFolder}/.gitignore`, "node_modules/\n");
  for (const [path, content] of Object.entries(envFiles(facts, config))) add(`.envs/${path}`, content, 0o600);
  add(".envs/.doge", credentialsFile(credentials), 0o600);
  return files;
}

/** Without the import of a new project's: the tool is installed below `infra`, not at the root. */
const adoptedConfig = (config: ProjectConfigInput): string =>
  [
    "// Every key, its default and its meaning: infra/node_modules/.bin/doge help config",
    `export default ${literalOf(config, 0)} satisfies import("./${toolFolder}/node_modules/doge").ProjectConfig;`,
    "",
  ].join("\n");

const secret = (): string => randomBytes(24).toString("base64url");

function envFiles(facts: Facts, config: ProjectConfig): Record<string, string> {
  const database = config.slug.replaceAll("-", "_");
  const password = secret();
  const production = settingsOf(facts, config, { database, password });
  const files: Record<string, string> = {
    ".production/.app": [`PORT=${config.app.port}`, ...production, ""].join("\n"),
    ".staging/.app": "# Over .envs/.production/.app on staging. What is not here is the same there.\n",
  };
  if (facts.postgres) {
    const lines = [`POSTGRES_USER=${database}`, `POSTGRES_PASSWORD=${password}`, `POSTGRES_DB=${database}`, ""];
    files[".production/.postgres"] = lines.join("\n");
    files[".production/.backup"] = [
      "# Backups of the database are encrypted with it. Keep a copy: without it they are worth nothing.",
      `BACKUP_KEY=${secret()}`,
      "",
    ].join("\n");
  }
  return files;
}

/** A line for every variable that the code reads: known ones filled in, secrets of its own made, the rest left open. */
function settingsOf(
  facts: Facts,
  config: ProjectConfig,
  { database, password }: { readonly database: string; readonly password: string },
): string[] {
  const hosts = [...hostsOf("prod", config.domain), ...hostsOf("stage", config.domain)];
  const allowed = [...new Set([...hosts, "app-blue", "app-green", "localhost", "127.0.0.1"])].join(",");
  const url = `postgres://${database}:${password}@postgres:5432/${database}`;
  const known: readonly (readonly [RegExp, string])[] = [
    ...(facts.postgres
      ? ([
          [/^(DATABASE|POSTGRES|DB)_UR[LI]$/, url],
          [/^(POSTGRES|PG|DB|DATABASE|SQL)_?(USER|USERNAME)$/, database],
          [/^(POSTGRES|PG|DB|DATABASE|SQL)_?(PASSWORD|PASS)$/, password],
          [/^(POSTGRES_DB|PGDATABASE|(DB|DATABASE|SQL)_(NAME|DATABASE))$/, database],
          [/^(POSTGRES|PG|DB|DATABASE|SQL)_?HOST$/, "postgres"],
          [/^(POSTGRES|PG|DB|DATABASE|SQL)_?PORT$/, "5432"],
        ] as const)
      : []),
    ...(facts.redis ? ([[/^(REDIS|CELERY_BROKER|CACHE)_UR[LI]$/, "redis://redis:6379/0"]] as const) : []),
    [/ALLOWED_HOSTS$/, allowed],
    [/(^|_)DEBUG$/, "False"],
    [/SECRET_KEY$|^SECRET$|SESSION_SECRET$|COOKIE_SECRET$|JWT_SECRET$/, secret()],
  ];
  const filled: string[] = [];
  const open: string[] = [];
  // A project that reads no address of a database may still be given one: most libraries know this name.
  const names = facts.postgres && !facts.variables.some((name) => known[0]?.[0].test(name)) ? ["DATABASE_URL"] : [];
  for (const name of [...names, ...facts.variables]) {
    const value = known.find(([way]) => way.test(name))?.[1];
    if (value === undefined) open.push(`# ${name}=`);
    else filled.push(`${name}=${value}`);
  }
  return [
    ...filled,
    ...(open.length > 0 ? ["# The code reads these too; fill in what production needs.", ...open] : []),
  ];
}
