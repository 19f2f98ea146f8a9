import { fail } from "../diagnostic.ts";
import { alive, exclusive } from "./exclusive.ts";
import { nodeFiles } from "./files.ts";

export interface Lock {
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly purpose: string;
  readonly since: string;
}

/** Takes a lock file that names its owner. One whose owner is dead is taken over. */
export function takeLock(path: string, purpose: string): Promise<Lock> {
  const owner: Owner = { pid: process.pid, purpose, since: new Date().toISOString() };
  return exclusive(path, async () => {
    const holder = parseOwner(await nodeFiles.read(path));
    if (holder && holder.pid !== process.pid && alive(holder.pid)) {
      fail({
        code: "locked",
        summary: "Another doge command is at work here",
        detail: `process ${holder.pid} (${holder.purpose}) holds the lock since ${holder.since}`,
        address: path,
        remedy: "Wait until it is done, or end that process and run this again.",
      });
    }
    await nodeFiles.write(path, JSON.stringify(owner));
    return { release: () => nodeFiles.remove(path) };
  });
}

function parseOwner(text: string | undefined): Owner | undefined {
  try {
    return text ? (JSON.parse(text) as Owner) : undefined;
  } catch {
    return undefined; // torn by a kill: nobody owns it
  }
}
