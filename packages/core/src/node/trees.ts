import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { TreeEntry, Trees } from "../ports.ts";

const byPath = (a: TreeEntry, b: TreeEntry): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

async function walk(folder: string, prefix: string, found: TreeEntry[]): Promise<void> {
  for (const item of await readdir(folder, { withFileTypes: true })) {
    const full = join(folder, item.name);
    const path = `${prefix}${item.name}`;
    const read = (): Promise<Uint8Array> => readFile(full);
    if (item.isDirectory()) {
      found.push({ path, kind: "directory", executable: true, read });
      await walk(full, `${path}/`, found);
    } else if (item.isSymbolicLink()) {
      found.push({ path, kind: "link", executable: true, target: await readlink(full), read });
    } else if (item.isFile()) {
      const { mode } = await lstat(full);
      found.push({ path, kind: "file", executable: (mode & 0o100) !== 0, read });
    }
  }
}

export const nodeTrees: Trees = {
  async entries(folder) {
    const found: TreeEntry[] = [];
    await walk(folder, "", found);
    return found.sort(byPath);
  },
};
