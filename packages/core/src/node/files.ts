import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Files } from "../ports.ts";
import { exclusive } from "./exclusive.ts";

const missing = (thrown: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes((thrown as NodeJS.ErrnoException).code ?? "");

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (missing(thrown)) return undefined;
    throw thrown;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What a write that is under way, or was cut off, calls its file. */
const unfinished = /\.\d+\.[0-9a-f]{8}\.tmp$/;

/** A whole, synced file under a name of its own in the folder of `path`, for `take` to give it its place; gone if that fails. */
async function beside<T>(
  path: string,
  content: string | Uint8Array,
  mode: number,
  take: (beside: string) => Promise<T>,
): Promise<T> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const name = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  let taken: T;
  try {
    const file = await open(name, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    taken = await take(name);
  } catch (thrown) {
    await rm(name, { force: true });
    throw thrown;
  }
  await syncFolder(folder);
  return taken;
}

/** False where there is one already. */
async function place(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    const { code = "" } = thrown as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // A file system without links.
    if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(code)) throw thrown;
  }
  return exclusive(to, async () => {
    if ((await orUndefined(stat(to))) !== undefined) return false;
    await rename(from, to);
    return true;
  });
}

export const nodeFiles: Files = {
  read: (path) => orUndefined(readFile(path, "utf8")),
  readBytes: (path) => orUndefined(readFile(path)),

  write: (path, content, { mode = 0o644 } = {}) => beside(path, content, mode, (name) => rename(name, path)),

  async append(path, content, options = {}) {
    const folder = dirname(path);
    await mkdir(folder, { recursive: true });
    const file = await open(path, "a", options.mode ?? 0o644);
    try {
      const fresh = (await file.stat()).size === 0;
      await file.writeFile(content);
      await file.datasync();
      if (fresh) await syncFolder(folder);
    } finally {
      await file.close();
    }
  },

  exclusive,

  create: (path, content, { mode = 0o644 } = {}) =>
    beside(path, content, mode, async (name) => {
      const made = await place(name, path);
      await rm(name, { force: true });
      return made;
    }),

  remove: (path) => rm(path, { recursive: true, force: true }),
  list: async (path) => ((await orUndefined(readdir(path))) ?? []).filter((name) => !unfinished.test(name)).sort(),
  exists: async (path) => (await orUndefined(stat(path))) !== undefined,
};
