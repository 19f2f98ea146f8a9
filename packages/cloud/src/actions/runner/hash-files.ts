import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";

/** `hashFiles(…)`: one SHA-256 over those of all files that match within the workspace; empty where none does. */
export const hashFilesIn =
  (workspace: string) =>
  (patterns: readonly string[]): string => {
    const whole = createHash("sha256");
    const paths = matchingFiles(workspace, patterns);
    for (const path of paths) whole.update(createHash("sha256").update(readFileSync(path)).digest());
    return paths.length > 0 ? whole.digest("hex") : "";
  };

/** Files that patterns name, relative to `folder`, sorted; `!` takes some away, a folder means all in it. */
export function matchingFiles(folder: string, patterns: readonly string[]): string[] {
  const found = new Set<string>();
  for (const pattern of patterns.map((each) => each.trim()).filter(Boolean)) {
    const without = pattern.startsWith("!");
    for (const match of globSync(without ? pattern.slice(1) : pattern, { cwd: folder })) {
      for (const path of filesUnder(resolve(folder, match))) {
        if (without) found.delete(path);
        else found.add(path);
      }
    }
  }
  return [...found].sort();
}

function filesUnder(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return [path];
  if (!stats?.isDirectory()) return [];
  return globSync("**/*", { cwd: path })
    .map((name) => resolve(path, name))
    .filter((each) => statSync(each, { throwIfNoEntry: false })?.isFile());
}
