import { fail } from "../diagnostic.ts";
import { nodeFiles } from "./files.ts";

export interface Lock {
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly purpose: string;
  readonly since: string;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** Takes a lock file that names its owner. One whose owner is dead is taken over. */
export async function takeLock(path: string, purpose: string): Promise<Lock> {
  const owner: Owner = { pid: process.pid, purpose, since: new Date().toISOString() };
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await nodeFiles.create(path, JSON.stringify(owner))) return { release: () => nodeFiles.remove(path) };
    const text = await nodeFiles.read(path);
    const holder = parseOwner(text);
    if (holder && holder.pid !== process.pid && alive(holder.pid)) {
      fail({
        code: "locked",
        summary: "Another doge command is at work here",
        detail: `process ${holder.pid} (${holder.purpose}) holds the lock since ${holder.since}`,
        address: path,
        remedy: "Wait until it is done, or end that process and run this again.",
      });
    }
    await nodeFiles.remove(path);
  }
  return fail({
    code: "locked",
    summary: "The lock keeps being taken by others",
    address: path,
    remedy: "Run this again.",
  });
}

function parseOwner(text: string | undefined): Owner | undefined {
  try {
    return text ? (JSON.parse(text) as Owner) : undefined;
  } catch {
    return undefined; // torn by a kill: nobody owns it
  }
}
