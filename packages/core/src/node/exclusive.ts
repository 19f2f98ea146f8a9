import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fail } from "../diagnostic.ts";

export const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
};

const patienceMilliseconds = 10_000;
const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `body` while no other process of this machine, and no other caller in this one, runs one for the same path.
 * Everyone who wants in puts down a file under a name of its own, then looks for those of others: of two, at least one
 * sees the other and steps back. Names are never used twice, so that removing a dead one's file can hit nobody else.
 */
export function exclusive<T>(path: string, body: () => Promise<T>): Promise<T> {
  const before = queues.get(path) ?? Promise.resolve();
  const run = before.then(() => alone(path, body));
  const settled = run.catch(() => undefined).finally(() => queues.get(path) === settled && queues.delete(path));
  queues.set(path, settled);
  return run;
}

async function alone<T>(path: string, body: () => Promise<T>): Promise<T> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const started = Date.now();
  for (;;) {
    const mine = `${basename(path)}.${process.pid}.${randomBytes(6).toString("hex")}.alone`;
    try {
      await writeFile(join(folder, mine), "", { mode: 0o600 });
      const other = await others(folder, basename(path), mine);
      if (other === undefined) return await body();
      if (Date.now() - started > patienceMilliseconds) blocked(join(folder, other.name), other.pid);
    } finally {
      await rm(join(folder, mine), { force: true });
    }
    await wait(2 + Math.random() * 18);
  }
}

/** Somebody who is alive and wants in, or is in. */
async function others(
  folder: string,
  name: string,
  mine: string,
): Promise<{ readonly name: string; readonly pid: number } | undefined> {
  for (const file of await readdir(folder)) {
    if (file === mine || !file.startsWith(`${name}.`) || !file.endsWith(".alone")) continue;
    const pid = Number(file.slice(name.length + 1).split(".")[0]);
    if (alive(pid)) return { name: file, pid };
    await rm(join(folder, file), { force: true });
  }
  return undefined;
}

function blocked(path: string, pid: number): never {
  return fail({
    code: "file-busy",
    summary: "Another process keeps this file busy",
    detail: `process ${pid} is in the middle of a change`,
    address: path,
    remedy: "Wait until it is done, or end that process, and run this again.",
  });
}
