import { createHash } from "node:crypto";
import { join } from "node:path";
import { fail, type Machine, type Trees } from "@doge/core";
import { type Layer, packLayer } from "./tar.ts";

interface Manifest {
  readonly scripts?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/**
 * The layer with the project's production `node_modules`, installed from its lock file in a folder apart.
 * Kept in `cacheFolder` by the lock's hash; undefined where the project has no dependencies.
 */
export async function dependenciesLayer(options: {
  readonly machine: Machine;
  readonly trees: Trees;
  readonly packageJson: string;
  readonly packageLock: string | undefined;
  readonly npmrc: string | undefined;
  readonly cacheFolder: string;
  readonly platform: string;
}): Promise<{ readonly layer: Layer | undefined; readonly cached: boolean }> {
  const { machine, packageJson, packageLock, npmrc, cacheFolder, platform } = options;
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
  // Scripts of the project itself (prepare, postinstall) expect its files, which are not in this folder.
  const { scripts: _, ...withoutScripts } = manifest;
  const toInstall = JSON.stringify(withoutScripts);

  const key = createHash("sha256")
    .update(JSON.stringify([2, platform, process.versions.node.split(".")[0], toInstall, packageLock, npmrc]))
    .digest("hex");
  const stored = join(cacheFolder, `dependencies-${key}`);
  const cached = await readCached(machine, stored);
  if (cached) return { layer: cached, cached: true };

  const work = join(cacheFolder, `install-${key.slice(0, 16)}-${process.pid}`);
  try {
    await machine.files.write(join(work, "package.json"), toInstall);
    await machine.files.write(join(work, "package-lock.json"), packageLock);
    if (npmrc !== undefined) await machine.files.write(join(work, ".npmrc"), npmrc, { mode: 0o600 });
    await install(machine, work);
    const layer = await packLayer("app/node_modules", await options.trees.entries(join(work, "node_modules")));
    await machine.files.write(`${stored}.tar.gz`, layer.bytes);
    await machine.files.write(`${stored}.json`, JSON.stringify({ digest: layer.digest, diffId: layer.diffId }));
    return { layer, cached: false };
  } finally {
    await machine.files.remove(work);
  }
}

async function readCached(machine: Machine, stored: string): Promise<Layer | undefined> {
  const names = await machine.files.read(`${stored}.json`);
  const bytes = await machine.files.readBytes(`${stored}.tar.gz`);
  if (names === undefined || bytes === undefined) return undefined;
  const { digest, diffId } = JSON.parse(names) as Pick<Layer, "digest" | "diffId">;
  const intact = digest === `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return intact ? { digest, diffId, bytes } : undefined;
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
    detail: `npm ci ended with ${result.exitCode}:\n${(result.stderr || result.stdout).trim().split("\n").slice(-12).join("\n")}`,
    remedy: "Run `npm ci --omit=dev` in the project: it should fail the same way there.",
  });
}
