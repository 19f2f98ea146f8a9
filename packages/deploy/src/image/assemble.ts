import { join } from "node:path";
import { fail, type Machine, type Trees } from "@doge/core";
import { nodeTrees } from "@doge/core/node";
import { createRegistry, digestOf } from "../registry/client.ts";
import { type Descriptor, type Manifest, media } from "../registry/media.ts";
import type { SharedLayers } from "../registry/dependencies.ts";
import { parseReference, registryUrl } from "../registry/reference.ts";
import { type BaseImage, findBase, type ImageConfiguration } from "./base.ts";
import { startCommand } from "./command.ts";
import { dependenciesLayer } from "./dependencies.ts";
import { defaultIgnore, ignoreRules } from "./ignore.ts";
import { type Layer, packLayer } from "./tar.ts";

export interface AssembleOptions {
  readonly machine: Machine;
  /** A clean export of the git tree: what is in it goes into the image. */
  readonly folder: string;
  /** Git tree id. The same tree (on the same base) gives the same digest. */
  readonly tree: string;
  /** Web address of the repository, for the label `org.opencontainers.image.source`. */
  readonly source: string;
  /** `docker.io/library/node:24-bookworm-slim` unless told. */
  readonly base?: string;
  /** Port that the app listens on, given as PORT. 3000 unless told. */
  readonly port?: number;
  /** Kept between builds: dependency layers by the hash of their lock file. */
  readonly cacheFolder: string;
  /** Where machines without that folder find them, and this one leaves them. */
  readonly shared?: SharedLayers;
  /** Argv of a Node program that makes more of the project's files, in `folder`, before they are packed. */
  readonly compile?: readonly string[];
  /** Argv; the `start` script of package.json unless told. */
  readonly command?: readonly string[];
  /** `linux/amd64` unless told: what droplets are. */
  readonly platform?: string;
  readonly trees?: Trees;
}

export interface AssembledImage {
  /** Of the manifest: the image's name for ever. */
  readonly digest: string;
  readonly tree: string;
  readonly manifest: Uint8Array;
  readonly configuration: Uint8Array;
  readonly configDescriptor: Descriptor;
  /** Layers made here, by digest; those of the base are in `base`. */
  readonly layers: ReadonlyMap<string, Layer>;
  readonly base: BaseImage;
  /** Whether the dependencies were there already: in the cache, or shared. */
  readonly dependenciesCached: boolean;
  /** The layer of dependencies, and the key under which it is shared. */
  readonly dependencies?: { readonly key: string; readonly layer: Layer };
}

export const defaultBase = "docker.io/library/node:24-bookworm-slim";

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/**
 * Builds the OCI image of a Node project without a container engine: the base's layers, a layer of
 * production dependencies, a layer of the project's files. Throws diagnostics (`image-…`, `registry-…`).
 */
export async function assembleImage(options: AssembleOptions): Promise<AssembledImage> {
  const { machine, folder, trees = nodeTrees, platform = "linux/amd64" } = options;
  const reference = parseReference(options.base ?? defaultBase);
  const registry = createRegistry({
    http: machine.http,
    clock: machine.clock,
    url: registryUrl(reference.host, machine.env["DOGE_REGISTRY_MIRROR"]),
  });

  const packageJson = await machine.files.read(join(folder, "package.json"));
  if (packageJson === undefined) {
    fail({
      code: "image-no-package",
      summary: "No package.json in the project",
      address: folder,
      remedy: "Only Node projects are assembled; add a package.json with a `start` script.",
    });
  }
  const command = options.command ?? startCommand(packageJson);
  if (options.compile) await compile(machine, folder, options.compile);
  const [base, dependencies, files] = await Promise.all([
    findBase(registry, reference, platform),
    dependenciesLayer({
      machine,
      trees,
      packageJson,
      packageLock: await machine.files.read(join(folder, "package-lock.json")),
      npmrc: await machine.files.read(join(folder, ".npmrc")),
      cacheFolder: options.cacheFolder,
      shared: options.shared,
      platform,
    }),
    projectFiles(machine, trees, folder),
  ]);
  const added = [...(dependencies.layer ? [dependencies.layer] : []), files];

  const configuration = encode(configure(base, added, { ...options, command }));
  const configDescriptor = { mediaType: media.config, digest: digestOf(configuration), size: configuration.byteLength };
  const manifest = encode({
    schemaVersion: 2,
    mediaType: media.manifest,
    config: configDescriptor,
    layers: [
      ...base.layers.map((layer) => ({ ...layer, mediaType: ociLayerType(layer.mediaType) })),
      ...added.map(({ digest, size }) => ({ mediaType: media.layer, digest, size })),
    ],
  } satisfies Manifest);

  return {
    digest: digestOf(manifest),
    tree: options.tree,
    manifest,
    configuration,
    configDescriptor,
    layers: new Map(added.map((layer) => [layer.digest, layer])),
    base,
    dependenciesCached: dependencies.cached,
    ...(dependencies.key && dependencies.layer
      ? { dependencies: { key: dependencies.key, layer: dependencies.layer } }
      : {}),
  };
}

/** On the Node that runs Doge: the one of PATH may be older than the project asks for. */
async function compile(machine: Machine, folder: string, argv: readonly string[]): Promise<void> {
  const [program = "", ...words] = argv;
  const { exitCode, stdout, stderr } = await machine.processes.run({
    argv: [program === "node" ? process.execPath : program, ...words],
    cwd: folder,
  });
  if (exitCode === 0) return;
  fail({
    code: "image-compile",
    summary: "The project could not be compiled for its image",
    detail: `${argv.join(" ")} ended with ${exitCode}:\n${(stderr || stdout).trim().split("\n").slice(-12).join("\n")}`,
    address: "app.compile in doge.config.ts",
    remedy: "Run it in the project: it sees what git has, and no node_modules.",
  });
}

async function projectFiles(machine: Machine, trees: Trees, folder: string): Promise<Layer> {
  const rules = await machine.files.read(join(folder, ".dockerignore"));
  const ignored = ignoreRules(rules === undefined ? defaultIgnore : rules.split("\n"));
  // The installed dependencies are a layer of their own, whatever the rules say.
  const left = (path: string): boolean => /^(node_modules|\.git)(\/|$)/.test(path) || ignored(path);
  const entries = await trees.entries(folder);
  return packLayer(
    "app",
    entries.filter(({ path }) => !left(path)),
  );
}

function configure(
  base: BaseImage,
  added: readonly Layer[],
  options: AssembleOptions & { readonly command: readonly string[] },
): ImageConfiguration {
  const { port = 3000, tree, source, command } = options;
  const { configuration } = base;
  const own = { NODE_ENV: "production", PORT: String(port) };
  const inherited = (configuration.config?.Env ?? []).filter((line) => !((line.split("=")[0] ?? "") in own));
  return {
    architecture: configuration.architecture,
    os: configuration.os,
    // A fixed instant: the time of the build would make every build another image.
    created: "1970-01-01T00:00:00Z",
    config: {
      ...configuration.config,
      User: "1000:1000",
      WorkingDir: "/app",
      Env: [...inherited, ...Object.entries(own).map(([key, value]) => `${key}=${value}`)],
      Cmd: [...command],
      ExposedPorts: { [`${port}/tcp`]: {} },
      Labels: {
        "org.opencontainers.image.created": "1970-01-01T00:00:00Z",
        // The tree, not the commit: commits with the same tree share one image.
        "org.opencontainers.image.revision": tree,
        "org.opencontainers.image.source": source,
        "org.opencontainers.image.base.digest": base.digest,
        "dev.doge.tree": tree,
      },
    },
    rootfs: { type: "layers", diff_ids: [...configuration.rootfs.diff_ids, ...added.map(({ diffId }) => diffId)] },
    history: [
      ...(configuration.history ?? []),
      ...added.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "doge" })),
    ],
  };
}

function ociLayerType(type: string): string {
  return type.includes("zstd") ? media.zstdLayer : media.layer;
}
