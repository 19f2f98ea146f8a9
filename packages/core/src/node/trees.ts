import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { TreeEntry, Trees } from "../ports.ts";

const byPath = (a: TreeEntry, b: TreeEntry): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

// At once, not by promises: an app has thousands of small files, and each trip to the thread pool costs more than the read.
function walk(folder: string, prefix: string, found: TreeEntry[]): void {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const full = join(folder, item.name);
    const path = `${prefix}${item.name}`;
    const read = async (): Promise<Uint8Array> => readFileSync(full);
    if (item.isDirectory()) {
      found.push({ path, kind: "directory", executable: true, read });
      walk(full, `${path}/`, found);
    } else if (item.isSymbolicLink()) {
      found.push({ path, kind: "link", executable: true, target: readlinkSync(full), read });
    } else if (item.isFile()) {
      const { mode } = lstatSync(full);
      found.push({ path, kind: "file", executable: (mode & 0o100) !== 0, read });
    }
  }
}

export const nodeTrees: Trees = {
  async entries(folder) {
    const found: TreeEntry[] = [];
    walk(folder, "", found);
    return found.sort(byPath);
  },
};
