import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { DockerError } from "../engine/model.ts";
import { parseDotenv } from "./dotenv.ts";
import { interpolateAll } from "./interpolate.ts";
import type { Project, Service } from "./model.ts";
import { mergeServices, readService } from "./service.ts";

export interface LoadOptions {
  readonly files: readonly string[];
  readonly projectName: string | undefined;
  readonly directory: string | undefined;
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Document {
  readonly name?: string;
  readonly services?: Readonly<Record<string, Record<string, unknown> | null>>;
  readonly networks?: Readonly<Record<string, Declared | null>>;
  readonly volumes?: Readonly<Record<string, Declared | null>>;
}

interface Declared {
  readonly name?: string;
  readonly external?: boolean | { readonly name?: string };
  readonly internal?: boolean;
}

const usualNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** The files that apply: those asked for, else the usual one and its override, upwards from the folder. */
export function composeFiles(options: LoadOptions): readonly string[] {
  const asked = options.files.length > 0 ? options.files : (options.env["COMPOSE_FILE"]?.split(":") ?? []);
  if (asked.length > 0) return asked.map((file) => resolve(options.cwd, file));
  for (let folder = resolve(options.cwd, options.directory ?? "."); ; folder = dirname(folder)) {
    const found = usualNames.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found) {
      const override = found.replace(/\.(ya?ml)$/, ".override.$1");
      return existsSync(override) ? [found, override] : [found];
    }
    if (folder === dirname(folder)) return [];
  }
}

/** Reads a project: later files over earlier ones, variables filled in. Throws in compose's words. */
export function loadProject(options: LoadOptions): Project {
  const files = composeFiles(options);
  if (files.length === 0) throw new DockerError("no configuration file provided: not found", 14);
  const directory = resolve(options.cwd, options.directory ?? dirname(files[0] ?? ""));
  const variables = { ...dotenv(options, directory), ...options.env };
  const documents = files.map((file) => readDocument(file, variables));
  const asked = options.projectName ?? variables["COMPOSE_PROJECT_NAME"];
  const name = projectName(asked || documents.findLast((document) => document.name)?.name || basename(directory));

  const absolute = (path: string): string =>
    path.startsWith("~/") ? join(variables["HOME"] ?? "/", path.slice(2)) : resolve(directory, path);
  const services: Record<string, Service> = {};
  for (const document of documents) {
    for (const [service, raw] of Object.entries(document.services ?? {})) {
      const read = readService(raw ?? {}, { service, absolute, variables });
      services[service] = services[service] ? mergeServices(services[service], read) : read;
    }
  }
  const declared = (kind: "networks" | "volumes"): Record<string, Declared> =>
    Object.assign({}, ...documents.map((document) => document[kind])) as Record<string, Declared>;
  const profiles = options.profiles.length > 0 ? options.profiles : (variables["COMPOSE_PROFILES"]?.split(",") ?? []);
  const project: Project = {
    name,
    directory,
    files,
    services,
    networks: Object.fromEntries(
      Object.entries<Declared | null>({ default: null, ...declared("networks") }).map(([key, entry]) => [
        key,
        { ...placed(name, key, entry), internal: entry?.internal === true },
      ]),
    ),
    volumes: Object.fromEntries(
      Object.entries(declared("volumes")).map(([key, entry]) => [key, placed(name, key, entry)]),
    ),
    profiles: profiles.map((profile) => profile.trim()),
  };
  check(project);
  return project;
}

/** Compose's own names: lower case, digits, `-` and `_`. */
function projectName(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
  if (name === "") throw new DockerError(`project name must not be empty`, 1);
  return name;
}

function dotenv(options: LoadOptions, directory: string): Record<string, string> {
  const asked = options.envFiles.map((file) => resolve(options.cwd, file));
  const files = asked.length > 0 ? asked : [join(directory, ".env")].filter((file) => existsSync(file));
  return Object.assign(
    {},
    ...files.map((file) => {
      if (!existsSync(file)) throw new DockerError(`couldn't find env file: ${file}`, 14);
      return parseDotenv(readFileSync(file, "utf8"), { variables: options.env });
    }),
  ) as Record<string, string>;
}

function readDocument(file: string, variables: Readonly<Record<string, string | undefined>>): Document {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new DockerError(`open ${file}: no such file or directory`, 14);
  }
  let parsed: unknown;
  try {
    parsed = parse(text, { merge: true });
  } catch (thrown) {
    throw new DockerError(`yaml: ${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, 15);
  }
  const document = (parsed ?? {}) as Record<string, unknown>;
  for (const key of Object.keys(document)) {
    if (
      ["name", "version", "services", "networks", "volumes", "configs", "secrets"].includes(key) ||
      key.startsWith("x-")
    )
      continue;
    throw new DockerError(`validating ${file}: additional properties '${key}' not allowed`, 15);
  }
  return interpolateAll(document, variables) as Document;
}

function placed(project: string, key: string, entry: Declared | null): { name: string; external: boolean } {
  const external = Boolean(entry?.external);
  const given = entry?.name ?? (typeof entry?.external === "object" ? entry.external.name : undefined);
  return { name: given ?? (external ? key : `${project}_${key}`), external };
}

/** What must hold between the parts of a project. */
function check(project: Project): void {
  for (const [name, service] of Object.entries(project.services)) {
    if (!service.image)
      throw new DockerError(
        `service "${name}" has neither an image nor a build context specified: invalid compose project`,
        15,
      );
    for (const network of Object.keys(service.networks)) {
      if (!project.networks[network])
        throw new DockerError(`service "${name}" refers to undefined network ${network}: invalid compose project`, 15);
    }
    for (const mount of service.mounts) {
      if (mount.type === "volume" && mount.source !== "" && !project.volumes[mount.source]) {
        throw new DockerError(
          `service "${name}" refers to undefined volume ${mount.source}: invalid compose project`,
          15,
        );
      }
    }
    for (const [other, { required }] of Object.entries(service.dependsOn)) {
      if (!project.services[other] && required) {
        throw new DockerError(`service "${name}" depends on undefined service "${other}": invalid compose project`, 15);
      }
    }
  }
}

/** What a container is compared by: the same hash and image need no new container. */
export const configHash = (service: Service): string =>
  createHash("sha256").update(JSON.stringify(service)).digest("hex");
