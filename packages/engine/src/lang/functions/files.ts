import type { ProjectFiles } from "@doge/core";
import { fail } from "@doge/core";
import * as v from "../values.ts";
import { ArgumentError, type FunctionTable, type LanguageFunction, over, plain, textOf } from "./define.ts";
import { filesOf, type FunctionHost } from "./host.ts";
import { matcher } from "./glob.ts";

const s = "string";
const path = ["path", s] as const;

/** The bytes of a file of the project; says why where there are none. */
function readBytes(files: ProjectFiles, name: string): Uint8Array {
  const found = files.read(name);
  switch (found.kind) {
    case "file":
      return found.content;
    case "missing":
      throw new ArgumentError(
        `no file exists at "${name}"; this function works only with files that exist before planning, not with files that a resource makes`,
        0,
      );
    case "folder":
      throw new ArgumentError(`"${name}" is a folder, not a file`, 0);
    case "outside":
      return outside(name);
  }
}

function outside(name: string): never {
  return fail({
    code: "file-outside-project",
    summary: "File outside of the project",
    detail: `"${name}" lies outside of the project's folder. Doge reads files of the project only, so that a plan does not depend on the machine it is made on.`,
    remedy: "Copy the file into the project, or hand its content over in a variable.",
  });
}

export function readText(host: FunctionHost, name: string): string {
  const bytes = readBytes(filesOf(host), name);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (thrown) {
    throw new ArgumentError(
      `contents of "${name}" are not valid UTF-8; use filebase64 for its bytes, or filemd5 and its like for a hash`,
      0,
      { cause: thrown },
    );
  }
}

/** A function of a file's bytes. */
export const ofFile = (change: (content: Uint8Array) => string): LanguageFunction =>
  over([path], s, ([name], { host }) => v.string(change(readBytes(filesOf(host), textOf(name)))));

function exists(files: ProjectFiles, name: string): boolean {
  const found = files.read(name);
  if (found.kind === "outside") return outside(name);
  if (found.kind === "folder") throw new ArgumentError(`"${name}" is a folder, not a file`, 0);
  return found.kind === "file";
}

/** A path put together and tidied: no `.`, no `..` but at the start, no doubled slashes. */
function clean(name: string): string {
  const parts: string[] = [];
  const rooted = name.startsWith("/");
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !rooted) parts.push(part);
  }
  return (rooted ? "/" : "") + parts.join("/") || (rooted ? "/" : ".");
}

function baseName(name: string): string {
  const trimmed = name.replace(/\/+$/, "");
  if (trimmed === "") return name === "" ? "." : "/";
  return trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

function fileSet(files: ProjectFiles, folder: string, pattern: string): string[] {
  const matches = matcher(clean(pattern));
  const found = files.walk(folder);
  return found === "outside" ? outside(folder) : found.filter(matches);
}

export const files: FunctionTable = {
  abspath: over([path], s, ([name], { host }) => {
    const text = textOf(name);
    return v.string(clean(text.startsWith("/") ? text : `${filesOf(host).root}/${text}`));
  }),
  basename: plain([path], s, baseName),
  dirname: plain([path], s, (name) => clean(name.slice(0, name.lastIndexOf("/") + 1))),
  file: over([path], s, ([name], { host }) => v.string(readText(host, textOf(name)))),
  filebase64: ofFile((content) => Buffer.from(content).toString("base64")),
  fileexists: over([path], "bool", ([name], { host }) => v.bool(exists(filesOf(host), textOf(name)))),
  fileset: over([path, ["pattern", s]], ["set", s], ([folder, pattern], { host }) =>
    v.set(s, fileSet(filesOf(host), textOf(folder), textOf(pattern)).map(v.string)),
  ),
  pathexpand: over([path], s, ([name], { host }) => {
    const text = textOf(name);
    if (text !== "~" && !text.startsWith("~/")) return v.string(text);
    return v.string(text === "~" ? filesOf(host).home : clean(`${filesOf(host).home}/${text.slice(2)}`));
  }),
};
