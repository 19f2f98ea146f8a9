import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
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

export const nodeFiles: Files = {
  read: (path) => orUndefined(readFile(path, "utf8")),
  readBytes: (path) => orUndefined(readFile(path)),

  async write(path, content, options = {}) {
    const folder = dirname(path);
    await mkdir(folder, { recursive: true });
    const beside = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
    try {
      const file = await open(beside, "wx", options.mode ?? 0o644);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
    } catch (thrown) {
      await rm(beside, { force: true });
      throw thrown;
    }
    await syncFolder(folder);
  },

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

  async create(path, content, options = {}) {
    await mkdir(dirname(path), { recursive: true });
    try {
      const file = await open(path, "wx", options.mode ?? 0o644);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      return true;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw thrown;
    }
  },

  remove: (path) => rm(path, { recursive: true, force: true }),
  list: async (path) => ((await orUndefined(readdir(path))) ?? []).sort(),
  exists: async (path) => (await orUndefined(stat(path))) !== undefined,
};
