import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Emit, type Machine, Secret } from "../../packages/core/src/index.ts";
import {
  assembleImage,
  createRegistry,
  type DeployOptions,
  type Host,
  pushImage,
  type Registry,
  type RegistryAccess,
  type ReleaseImage,
} from "../../packages/deploy/src/index.ts";
import { readFolder } from "../../packages/cli/src/tool-package.ts";
import { defaultOptions, optionWords, type TemplateOptions } from "../../packages/workflow/src/create/options.ts";
import { templateFiles } from "../../packages/workflow/src/create/project-files.ts";

const template = join(import.meta.dirname, "../../templates/web");
const words = {
  slug: "such-app",
  name: "Such App",
  domain: "such.test",
  description: "Very site",
  node: "24",
  year: "2026",
  author: "Ada",
  owner: "ada",
  repository: "such-app",
  port: "3000",
};

/** What a first deploy of the template migrates. */
export const templateMigrations = ["0001_accounts.sql", "0002_admin.sql", "0003_tokens_and_cache.sql"];

/** The address of the style sheet that a page names: it changes with the content. */
export function stylesheetOf(html: string): string {
  const path = /href="(\/assets\/style\.[0-9a-f]+\.css)"/.exec(html)?.[1];
  if (!path) throw new Error(`the page names no style sheet:\n${html.slice(0, 500)}`);
  return path;
}

/** In every secret that these deploys hand over: nothing that is written or said may hold it. */
export const canary = "canary-1d9f4b7a";

/** The template, rendered as `doge new` does. */
export const renderedFiles = (options: TemplateOptions = defaultOptions): Readonly<Record<string, string>> =>
  templateFiles(readFolder(template), { ...words, ...optionWords(options) });

export function renderApp(target: string, options: TemplateOptions = defaultOptions): void {
  const files = renderedFiles(options);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), content);
  }
}

/** Makes its lock file. Asks the npm registry. */
export function lockApp(target: string): void {
  const argv = ["install", "--package-lock-only", "--omit=dev", "--no-audit", "--no-fund"];
  execFileSync("npm", argv, { cwd: target, stdio: "ignore" });
}

/** Where an app is deployed to: a droplet of the local cloud, or a real host. */
export interface Place {
  readonly machine: Machine;
  readonly host: Host;
  readonly domain: string;
  readonly environment: string;
  readonly registryUrl: string;
  readonly access: RegistryAccess;
  /** The app's sources; changed between releases. */
  readonly app: string;
  readonly cache: string;
  /** Base image, where it is not the mirror's. */
  readonly base?: string;
  readonly acmeDirectory?: string;
}

export const registryOf = ({ machine, registryUrl, access }: Omit<Place, "host">): Registry =>
  createRegistry({
    http: machine.http,
    clock: machine.clock,
    url: registryUrl,
    credentials: { username: access.username, password: access.token },
  });

const compiler = "src/commands/compile.ts";

/** Assembles and pushes the app as it is now, under a tree's name: 40 hexadecimal digits, filled up with zeros. */
export async function buildApp(
  place: Omit<Place, "host">,
  name: string,
  onProgress: (message: string) => void = () => {},
  repository = "doge/such-app",
): Promise<ReleaseImage> {
  const tree = name.padEnd(40, "0");
  const image = await assembleImage({
    machine: place.machine,
    folder: place.app,
    tree,
    source: "https://github.test/doge/such-app",
    cacheFolder: place.cache,
    // The template is compiled; the small apps of the suites run as they are.
    ...(existsSync(join(place.app, compiler)) ? { compile: ["node", compiler] } : {}),
    ...(place.base ? { base: place.base } : {}),
  });
  const pushed = await pushImage({ registry: registryOf(place), repository, image, onProgress });
  return { ...pushed, commit: tree };
}

/** What `doge deploy` hands over for the template. */
export function deployOptions(place: Place, image: ReleaseImage, emit: Emit): DeployOptions {
  const { machine, host, domain, app } = place;
  return {
    host,
    clock: machine.clock,
    http: machine.http,
    emit,
    target: { project: "such-app", environment: place.environment },
    owner: "ada",
    image,
    registry: place.access,
    composeFiles: [
      { name: "compose.production.yaml", content: readFileSync(join(app, "compose.production.yaml"), "utf8") },
    ],
    envFiles: [
      {
        path: ".envs/.production/.app",
        content: new Secret(
          [
            `DATABASE_URL=postgres://such:${canary}@postgres:5432/such`,
            `SECRET_KEY=${canary.repeat(3)}`,
            `SITE_URL=https://${domain}`,
            "",
          ].join("\n"),
        ),
      },
      { path: ".envs/.production/.backup", content: new Secret("BACKUP_KEY=such-key\n") },
      {
        path: ".envs/.production/.postgres",
        content: new Secret(`POSTGRES_USER=such\nPOSTGRES_PASSWORD=${canary}\nPOSTGRES_DB=such\n`),
      },
    ],
    settings: {
      domains: [domain, `www.${domain}`],
      port: 3000,
      alivePath: "/healthz",
      readyPath: "/readyz",
      migrate: ["node", "src/migrate.ts"],
      pending: ["node", "src/migrate.ts", "--list", "--json"],
      appEnvFiles: [".envs/.production/.app"],
      healthSeconds: 20,
      soakSeconds: 1,
      readOnly: true,
      backupSchedule: "17 3 * * *",
      ...(place.acmeDirectory ? { acmeDirectory: place.acmeDirectory } : {}),
    },
  };
}
