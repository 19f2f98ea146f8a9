/**
 * Real hosts on one machine: Debian droplets with systemd, OpenSSH and Docker, booted by cloud-init in namespaces.
 * `node tools/hosts/main.ts prepare | up | down | run COMMAND…`
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { DogeError } from "../../packages/core/src/index.ts";
import { takeLock } from "../../packages/core/src/node/index.ts";
import { places } from "./places.ts";
import { prepare } from "./prepare.ts";
import { down, inNetwork, up } from "./up.ts";

const [verb = "", ...argv] = process.argv.slice(2);
const started = Date.now();
const say = (message: string): void =>
  console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${message}`);

try {
  if (verb === "run") runInNetwork();
  else await withLock();
} catch (thrown) {
  const lines =
    thrown instanceof DogeError
      ? thrown.diagnostics.map(({ summary, detail }) => `${summary}: ${detail}`)
      : [(thrown as Error).message];
  console.error(lines.join("\n"));
  process.exitCode = 1;
}

async function withLock(): Promise<void> {
  mkdirSync(places.folder, { recursive: true, mode: 0o700 });
  const lock = await takeLock(places.lock, `hosts ${verb}`);
  try {
    if (verb === "prepare") await prepare(say);
    else if (verb === "up") await up(await prepare(say), say);
    else if (verb === "down") await down();
    else throw new Error("prepare, up, down, or run COMMAND…");
    say(verb === "up" ? "the hosts are up; make hosts-down ends them" : "done");
  } finally {
    await lock.release();
  }
}

function runInNetwork(): void {
  if (!existsSync(places.hosts)) throw new Error("The hosts are down: run make hosts-up.");
  const [program = "", ...rest] = inNetwork(argv);
  process.exitCode = spawnSync(program, rest, { stdio: "inherit" }).status ?? 1;
}
