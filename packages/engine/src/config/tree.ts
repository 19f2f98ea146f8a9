import { type Diagnostic, error } from "@doge/core";
import type { ModuleCall, Source } from "./model.ts";

/** Where `init` notes the modules it fetched: Terraform's own file. */
export const manifestFile = ".terraform/modules/modules.json";

const folderOf = (file: string): string => (file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : "");

/** The configuration files of one folder, in order of their names. */
export const filesIn = (sources: readonly Source[], folder: string): Source[] =>
  sources
    .filter(({ file }) => folderOf(file) === folder && /\.tf(\.json)?$/.test(file))
    .sort((a, b) => (a.file < b.file ? -1 : 1));

/** Folders of fetched modules by the path of calls: `web.network`. */
export function manifestOf(sources: readonly Source[]): ReadonlyMap<string, string> {
  const text = sources.find(({ file }) => file === manifestFile)?.content;
  if (text === undefined) return new Map();
  try {
    const { Modules: modules = [] } = JSON.parse(text) as { Modules?: readonly { Key: string; Dir: string }[] };
    return new Map(modules.map(({ Key: key, Dir: folder }) => [key, joined("", folder)]));
  } catch {
    return new Map();
  }
}

/** `..` and `.` taken out; a folder above the root keeps its `..`. */
export function joined(folder: string, path: string): string {
  const parts: string[] = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

export const isLocal = (source: string): boolean => /^\.\.?(\/|$)/.test(source);

/** The folder of the module that is called, or why there is none. */
export function childFolder(
  call: ModuleCall,
  folder: string,
  key: string,
  manifest: ReadonlyMap<string, string>,
  sources: readonly Source[],
): { readonly folder?: string; readonly problem?: Diagnostic } {
  const found = isLocal(call.source) ? joined(folder, call.source) : manifest.get(key);
  if (found !== undefined && filesIn(sources, found).length > 0) return { folder: found };
  return { problem: isLocal(call.source) ? nothingThere(call.source) : notInstalled(call.source) };
}

const nothingThere = (source: string): Diagnostic =>
  error({
    code: "module-unreadable",
    summary: "Unreadable module directory",
    detail: `There are no configuration files at ${source}.`,
  });

const notInstalled = (source: string): Diagnostic =>
  error({
    code: "module-not-installed",
    summary: "Module not installed",
    detail: `The module at ${source} is not fetched yet.`,
    remedy: "Run init; it fetches modules.",
  });
