import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import type { Collection } from "../../kit/store.ts";
import { readArchive } from "./archive.ts";
import { Blobs } from "./blobs.ts";
import { copyOf, linkTree } from "./copies.ts";
import { applyLayer } from "./layers.ts";
import { daemonError, type ImageConfig, type ImageRecord, type RuntimeName } from "./model.ts";
import { type Reference, familiar, parseReference, repositoryName } from "./reference.ts";
import { type Credentials, RegistryClient } from "./registry.ts";

export interface ImagesOptions {
  readonly folder: string;
  readonly records: Collection<ImageRecord>;
  /** Where the registries of image references really stand. */
  readonly registries: Readonly<Record<string, string>>;
  readonly now: () => Date;
}

/** The images of one droplet. Layers are kept as blobs; a pulled image is unpacked at once, a loaded one when it is first needed. */
export class Images {
  readonly #options: ImagesOptions;
  readonly #blobs: Blobs;
  readonly #unpacking = new Map<string, Promise<string>>();

  constructor(options: ImagesOptions) {
    this.#options = options;
    this.#blobs = new Blobs(join(options.folder, "blobs"));
  }

  list(): ImageRecord[] {
    return this.#options.records.list();
  }

  /** By name, name@digest, full id or the start of one. */
  find(text: string): ImageRecord | undefined {
    const images = this.list();
    const hex = text.replace(/^sha256:/, "");
    if (/^[0-9a-f]{6,64}$/.test(hex)) {
      const byId = images.filter((image) => image.id.slice(7).startsWith(hex));
      if (byId.length === 1) return byId[0];
    }
    const reference = parseReference(text);
    const name = repositoryName(reference);
    if (reference.digest) return images.find((image) => image.digests.includes(`${name}@${reference.digest}`));
    return images.find((image) => image.tags.includes(`${name}:${reference.tag}`));
  }

  require(text: string): ImageRecord {
    const image = this.find(text);
    if (!image) throw daemonError(`No such image: ${text}`);
    return image;
  }

  client(registry: string, credentials: Credentials | undefined): RegistryClient {
    const local = /^(localhost|127\.)/.test(registry);
    const usual = registry === "docker.io" ? "registry-1.docker.io" : registry;
    return new RegistryClient(
      this.#options.registries[registry] ?? `${local ? "http" : "https"}://${usual}`,
      credentials,
    );
  }

  /** Pulls; `say` gets Docker's progress lines. */
  async pull(
    text: string,
    credentials: (registry: string) => Credentials | undefined,
    say: (line: string) => void,
  ): Promise<ImageRecord> {
    const reference = parseReference(text);
    const name = repositoryName(reference);
    const stand = standIn(reference);
    say(`${reference.digest ?? reference.tag}: Pulling from ${reference.repository}`);
    const before = this.find(text);
    const image = stand
      ? this.#keepStandIn(reference, stand)
      : await this.#fetch(reference, this.client(reference.registry, credentials(reference.registry)), say);
    // As Docker does: what is pulled is unpacked, and a start need not wait for it.
    if (!stand) await this.rootfs(image);
    const digest = image.digests.find((entry) => entry.startsWith(`${name}@`))?.split("@")[1];
    say(`Digest: ${digest}`);
    const fresh = before?.id !== image.id;
    const shown = reference.digest ? `${familiar(name)}@${reference.digest}` : `${familiar(name)}:${reference.tag}`;
    say(`Status: ${fresh ? "Downloaded newer image" : "Image is up to date"} for ${shown}`);
    say(reference.digest ? `${name}@${reference.digest}` : `${name}:${reference.tag}`);
    return image;
  }

  /** `docker load`: the names (or ids) that the archive brought. */
  async load(archive: Readable): Promise<readonly string[]> {
    const scratch = join(this.#options.folder, `load-${process.pid}-${this.#options.now().getTime()}`);
    const loaded: string[] = [];
    for (const entry of await readArchive(archive, this.#blobs, scratch)) {
      const names = entry.tags.map((tag) => {
        const reference = parseReference(tag);
        return `${repositoryName(reference)}:${reference.tag}`;
      });
      const image = await this.#keep(entry.config, entry.layers, names, []);
      if (names.length === 0) loaded.push(`Loaded image ID: ${image.id}`);
      loaded.push(...names.map((name) => `Loaded image: ${familiar(name)}`));
    }
    return loaded;
  }

  tag(source: string, target: string): void {
    const image = this.require(source);
    const reference = parseReference(target);
    this.#put(image, [`${repositoryName(reference)}:${reference.tag ?? "latest"}`], []);
  }

  /** Takes a name away; with the last name goes the image. Returns Docker's lines. */
  async remove(text: string, usedBy: (id: string) => string | undefined, force: boolean): Promise<readonly string[]> {
    const image = this.require(text);
    const byId =
      /^(sha256:)?[0-9a-f]{6,64}$/.test(text) &&
      image.id.replace("sha256:", "").startsWith(text.replace("sha256:", ""));
    const reference = byId ? undefined : parseReference(text);
    const name = reference && repositoryName(reference);
    const gone = (entry: string): boolean =>
      byId || (reference?.digest ? entry === `${name}@${reference.digest}` : entry === `${name}:${reference?.tag}`);
    const tags = image.tags.filter((tag) => !gone(tag));
    const digests = tags.length === 0 && !reference?.digest ? [] : image.digests.filter((digest) => !gone(digest));
    const lines = [...image.tags, ...image.digests].filter(gone).map((entry) => `Untagged: ${familiar(entry)}`);
    if (tags.length > 0 || digests.length > 0) {
      this.#options.records.put(image.id, { ...image, tags, digests });
      return lines;
    }
    const user = usedBy(image.id);
    if (user !== undefined && !force) {
      throw daemonError(
        `conflict: unable to remove repository reference "${text}" (must force) - container ${user} is using its referenced image ${image.id.slice(7, 19)}`,
      );
    }
    this.#options.records.delete(image.id);
    this.#unpacking.delete(image.id);
    await rm(this.#rootfsPath(image), { recursive: true, force: true });
    const lower = this.#lowerPath(image.layers.slice(0, -1));
    if (!this.list().some((other) => this.#lowerPath(other.layers.slice(0, -1)) === lower))
      await rm(lower, { recursive: true, force: true });
    const kept = new Set(this.list().flatMap((other) => [other.id, ...other.layers]));
    for (const digest of [image.id, ...image.layers]) if (!kept.has(digest)) await this.#blobs.remove(digest);
    return [...lines, `Deleted: ${image.id}`];
  }

  /** The folder with the image's files, unpacked once. Never written to: containers get copies. */
  async rootfs(image: ImageRecord): Promise<string> {
    const path = this.#rootfsPath(image);
    const running = this.#unpacking.get(image.id) ?? this.#unpack(image, path);
    this.#unpacking.set(image.id, running);
    try {
      return await running;
    } catch (thrown) {
      this.#unpacking.delete(image.id);
      throw thrown;
    }
  }

  /** A copy of the image's files for one container to write to. */
  async copy(image: ImageRecord, target: string): Promise<void> {
    await copyOf(await this.rootfs(image), target);
  }

  async #unpack(image: ImageRecord, path: string): Promise<string> {
    const beside = `${path}.unpacking`;
    if (existsSync(path)) return path;
    await rm(beside, { recursive: true, force: true });
    // Releases differ in their last layer: what lies below it is unpacked once and shared by links.
    const top = image.layers.at(-1);
    const below = await this.#lower(image.layers.slice(0, -1));
    await mkdir(dirname(beside), { recursive: true });
    await linkTree(below, beside);
    if (top !== undefined) await this.#apply(top, beside);
    await rename(beside, path);
    return path;
  }

  /** A folder with these layers unpacked. Never written to. */
  async #lower(layers: readonly string[]): Promise<string> {
    const path = this.#lowerPath(layers);
    if (existsSync(path)) return path;
    const beside = `${path}.${randomUUID()}`;
    await mkdir(beside, { recursive: true });
    for (const layer of layers) await this.#apply(layer, beside);
    try {
      await rename(beside, path);
    } catch {
      // Another image with the same layers was faster.
      await rm(beside, { recursive: true, force: true });
    }
    return path;
  }

  async #apply(layer: string, folder: string): Promise<void> {
    await applyLayer(this.#blobs.read(layer), await this.#blobs.compression(layer), folder);
  }

  #lowerPath(layers: readonly string[]): string {
    return join(this.#options.folder, "layers", createHash("sha256").update(layers.join()).digest("hex"));
  }

  #rootfsPath(image: ImageRecord): string {
    return join(this.#options.folder, "images", image.id.slice(7));
  }

  async #fetch(reference: Reference, client: RegistryClient, say: (line: string) => void): Promise<ImageRecord> {
    const manifest = await client.manifest(reference);
    const wanted = [manifest.config, ...manifest.layers];
    await Promise.all(
      wanted.map(async ({ digest }) => {
        const short = digest.slice(7, 19);
        const there = await this.#blobs.has(digest);
        if (!there) await this.#blobs.write(await client.blob(reference, digest), digest);
        if (digest !== manifest.config.digest) say(`${short}: ${there ? "Already exists" : "Pull complete"}`);
      }),
    );
    const name = repositoryName(reference);
    const tags = reference.digest || !reference.tag ? [] : [`${name}:${reference.tag}`];
    const layers = manifest.layers.map((layer) => layer.digest);
    return this.#keep(manifest.config.digest, layers, tags, [`${name}@${manifest.digest}`]);
  }

  async #keep(
    id: string,
    layers: readonly string[],
    tags: readonly string[],
    digests: readonly string[],
  ): Promise<ImageRecord> {
    const document = JSON.parse(await this.#blobs.text(id)) as {
      config?: ImageConfig;
      created?: string;
      architecture?: string;
    };
    const sizes = await Promise.all(layers.map((layer) => this.#blobs.size(layer)));
    const config = document.config ?? {};
    return this.#put(
      {
        id,
        tags: [],
        digests: [],
        config,
        architecture: document.architecture ?? "amd64",
        created: document.created ?? this.#options.now().toISOString(),
        size: sizes.reduce((sum, size) => sum + size, 0),
        layers,
        runtime: runtimeOf(config),
      },
      tags,
      digests,
    );
  }

  #keepStandIn(reference: Reference, stand: StandIn): ImageRecord {
    const name = repositoryName(reference);
    const label = reference.digest ?? reference.tag ?? "latest";
    const id = `sha256:${createHash("sha256").update(`${stand.runtime}:${label}`).digest("hex")}`;
    const image: ImageRecord = {
      id,
      tags: [],
      digests: [],
      config: stand.config(reference.tag ?? ""),
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      created: this.#options.now().toISOString(),
      size: 0,
      layers: [],
      runtime: stand.runtime,
    };
    return this.#put(image, reference.digest ? [] : [`${name}:${label}`], [`${name}@${reference.digest ?? id}`]);
  }

  /** Keeps an image under these names; a name that pointed elsewhere moves. */
  #put(image: ImageRecord, tags: readonly string[], digests: readonly string[]): ImageRecord {
    const known = this.#options.records.get(image.id) ?? image;
    for (const other of this.list()) {
      const rest = other.tags.filter((tag) => !tags.includes(tag));
      if (other.id !== image.id && rest.length < other.tags.length)
        this.#options.records.put(other.id, { ...other, tags: rest });
    }
    return this.#options.records.put(image.id, {
      ...known,
      tags: [...new Set([...known.tags, ...tags])],
      digests: [...new Set([...known.digests, ...digests])],
    });
  }
}

interface StandIn {
  readonly runtime: RuntimeName;
  readonly config: (tag: string) => ImageConfig;
}

/** The well-known images that a program of the machine stands for; their registries are not asked. */
function standIn(reference: Reference): StandIn | undefined {
  switch (/(?:^|\/)library\/(postgres|caddy|redis)$/.exec(reference.repository)?.[1]) {
    case "postgres":
      return { runtime: "postgres", config: postgresConfig };
    case "caddy":
      return {
        runtime: "caddy",
        config: () => ({
          Cmd: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
          Env: ["XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"],
          WorkingDir: "/srv",
          ExposedPorts: { "80/tcp": {}, "443/tcp": {}, "443/udp": {}, "2019/tcp": {} },
        }),
      };
    case "redis":
      return {
        runtime: "redis",
        config: () => ({ Cmd: ["redis-server"], WorkingDir: "/data", ExposedPorts: { "6379/tcp": {} } }),
      };
    default:
      return undefined;
  }
}

const postgresConfig = (tag: string): ImageConfig => ({
  Entrypoint: ["docker-entrypoint.sh"],
  Cmd: ["postgres"],
  // From 18 on the official image keeps its data one folder up, by version.
  Env: [`PGDATA=/var/lib/postgresql/${Number.parseInt(tag, 10) >= 18 ? `${Number.parseInt(tag, 10)}/docker` : "data"}`],
  StopSignal: "SIGINT",
  ExposedPorts: { "5432/tcp": {} },
});

/** What stands for an image, by the variables that official images set and by its first word. */
function runtimeOf(config: ImageConfig): RuntimeName {
  const words = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].map((word) => word.split("/").at(-1) ?? "");
  const has = (name: string): boolean => config.Env?.some((entry) => entry.startsWith(`${name}=`)) ?? false;
  if (has("PG_MAJOR")) return "postgres";
  if (has("CADDY_VERSION") || words[0] === "caddy") return "caddy";
  if (has("REDIS_VERSION") || words[0] === "redis-server") return "redis";
  if (has("NODE_VERSION") || words.some((word) => ["node", "npm", "npx"].includes(word))) return "node";
  return "none";
}
