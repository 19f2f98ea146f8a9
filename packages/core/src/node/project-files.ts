import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve, sep } from "node:path";
import type { ProjectFiles } from "../ports.ts";

/** The files below `project`, read at once: expressions can't wait. Relative paths start from `folder`. */
export function nodeProjectFiles(project: string, folder = "."): ProjectFiles {
  const confines = existsSync(project) ? realpathSync(project) : resolve(project);
  const root = resolve(confines, folder);
  const inside = (path: string): boolean =>
    path === confines || path.startsWith(confines.endsWith(sep) ? confines : confines + sep);

  /** The real path; undefined where nothing is there. */
  const locate = (path: string): { readonly path: string | undefined; readonly outside: boolean } => {
    const wanted = resolve(root, path);
    try {
      const real = realpathSync(wanted);
      return { path: real, outside: !inside(real) };
    } catch {
      return { path: undefined, outside: !inside(wanted) };
    }
  };

  return {
    root,
    home: homedir(),
    read(path) {
      const found = locate(path);
      if (found.outside) return { kind: "outside" };
      if (found.path === undefined) return { kind: "missing" };
      if (statSync(found.path).isDirectory()) return { kind: "folder" };
      return { kind: "file", content: readFileSync(found.path) };
    },
    walk(path) {
      const found = locate(path);
      if (found.outside) return "outside";
      if (found.path === undefined || !statSync(found.path).isDirectory()) return [];
      const names: string[] = [];
      collect(found.path, "", names, inside);
      return names.sort();
    },
  };
}

function collect(folder: string, prefix: string, names: string[], inside: (path: string) => boolean): void {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    const name = prefix + item.name;
    if (item.isDirectory()) collect(path, `${name}/`, names, inside);
    else if (item.isFile() || (item.isSymbolicLink() && isFileInside(path, inside))) names.push(name);
  }
}

function isFileInside(path: string, inside: (path: string) => boolean): boolean {
  try {
    const real = realpathSync(path);
    return inside(real) && statSync(real).isFile();
  } catch {
    return false;
  }
}
