import { createHash } from "node:crypto";
import { join } from "node:path";
import { fail, type Machine, type Trees } from "@doge/core";
import { findDependencies, keepDependencies, type SharedLayers } from "../registry/dependencies.ts";
import { type Layer, packLayer } from "./tar.ts";

interface Manifest {
  readonly scripts?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/**
 * The layer with the project's production `node_modules`, installed from its lock file in a folder apart.
 * Kept by their hash: in `cacheFolder`, and where `shared` says. Undefined where the project has no dependencies.
 */
export async function dependenciesLayer(options: {
  readonly machine: Machine;
  readonly trees: Trees;
  readonly packageJson: string;
  readonly packageLock: string | undefined;
  readonly npmrc: string | undefined;
  readonly cacheFolder: string;
  readonly shared?: SharedLayers | undefined;
  readonly platform: string;
}): Promise<{ readonly key?: string; readonly layer: Layer | undefined; readonly cached: boolean }> {
  const { machine, packageJson, packageLock, npmrc, cacheFolder, shared, platform } = options;
  const manifest = JSON.parse(packageJson) as Manifest;
  if (Object.keys(manifest.dependencies ?? {}).length === 0) return { layer: undefined, cached: false };
  if (packageLock === undefined) {
    fail({
      code: "image-no-lock",
      summary: "The project has dependencies, but no package-lock.json",
      detail: "without it, two builds of the same commit could differ",
      remedy: "Run `npm install` and commit package-lock.json.",
    });
  }
  const production = withoutDevelopment(manifest, packageLock);
  const key = createHash("sha256")
    .update(JSON.stringify([platform, process.versions.node.split(".")[0], production, npmrc]))
    .digest("hex");
  const stored = join(cacheFolder, `dependencies-${key}`);
  const cached = await readCached(machine, stored);
  if (cached) return { key, layer: cached, cached: true };
  const found = shared && (await findDependencies(shared, key));
  if (found) return { key, layer: found, cached: true };

  const work = join(cacheFolder, `install-${key.slice(0, 16)}-${process.pid}`);
  try {
    await machine.files.write(join(work, "package.json"), production.packageJson);
    await machine.files.write(join(work, "package-lock.json"), production.packageLock);
    if (npmrc !== undefined) await machine.files.write(join(work, ".npmrc"), npmrc, { mode: 0o600 });
    await install(machine, work);
    const layer = await packLayer("app/node_modules", await options.trees.entries(join(work, "node_modules")));
    await machine.files.write(`${stored}.tar.gz`, await layer.bytes());
    await machine.files.write(`${stored}.json`, JSON.stringify({ digest: layer.digest, diffId: layer.diffId }));
    if (shared && !shared.readOnly) await keepDependencies(shared, key, layer);
    return { key, layer, cached: false };
  } finally {
    await machine.files.remove(work);
  }
}

interface Lock {
  readonly packages?: Readonly<Record<string, { readonly dev?: boolean; readonly devDependencies?: unknown }>>;
  readonly [key: string]: unknown;
}

/**
 * Manifest and lock as they would be without development dependencies. Those may be files of the project,
 * which are not in the folder of the installation, and changing one need not make another layer.
 */
function withoutDevelopment(
  manifest: Manifest,
  packageLock: string,
): { readonly packageJson: string; readonly packageLock: string } {
  // Scripts of the project itself (prepare, postinstall) expect its files, too.
  const { scripts: _, devDependencies, ...rest } = manifest;
  // `dependencies` is the older form of `packages`, for npm 6.
  const { packages, dependencies: older, ...lock } = JSON.parse(packageLock) as Lock;
  if (!packages) {
    return {
      packageJson: JSON.stringify({ ...rest, devDependencies }),
      packageLock: JSON.stringify({ ...lock, dependencies: older }),
    };
  }
  const kept = Object.entries(packages)
    .filter(([, { dev }]) => !dev)
    .map(([path, { devDependencies: __, ...entry }]) => [path, entry]);
  return {
    packageJson: JSON.stringify(rest),
    packageLock: JSON.stringify({ ...lock, packages: Object.fromEntries(kept) as unknown }),
  };
}

async function readCached(machine: Machine, stored: string): Promise<Layer | undefined> {
  const names = await machine.files.read(`${stored}.json`);
  const bytes = await machine.files.readBytes(`${stored}.tar.gz`);
  if (names === undefined || bytes === undefined) return undefined;
  const { digest, diffId } = JSON.parse(names) as Pick<Layer, "digest" | "diffId">;
  const intact = digest === `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return intact ? { digest, diffId, size: bytes.byteLength, bytes: async () => bytes } : undefined;
}

async function install(machine: Machine, folder: string): Promise<void> {
  const result = await machine.processes.run({
    argv: ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"],
    cwd: folder,
    // Set where Doge itself runs under npx; it would point npm at the project.
    env: { npm_config_local_prefix: undefined, npm_config_prefix: undefined, NODE_ENV: undefined },
  });
  if (result.exitCode === 0) return;
  fail({
    code: "image-dependencies",
    summary: "The dependencies could not be installed",
    detail: `npm ci ended with ${result.exitCode}:\n${(result.stderr || result.stdout).trim().split("\n").slice(0, 12).join("\n")}`,
    remedy: "Run `npm ci --omit=dev` in the project: it should fail the same way there.",
  });
}
