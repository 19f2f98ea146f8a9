import { type Diagnostic, diagnosticsOf, type Files } from "@doge/core";
import type { Source } from "./model.ts";
import { readSource } from "./read.ts";
import { textOf } from "./sections.ts";
import { blocksIn } from "./source.ts";
import { filesIn, isLocal, joined, manifestFile, manifestOf } from "./tree.ts";

/** A call of a module, as far as one must know it to find its files. */
export interface FoundCall {
  /** `web.network` */
  readonly key: string;
  readonly source: string;
  readonly version?: string;
}

/**
 * The files of a root module and of every module below it: what `loadConfiguration` takes. Modules from
 * elsewhere are found where `init` put them; those that it has not fetched are left out.
 */
export async function collectSources(files: Files, root: string): Promise<Source[]> {
  const found = new Map<string, Source>();
  const manifest = await files.read(`${root}/${manifestFile}`);
  if (manifest !== undefined) found.set(manifestFile, { file: manifestFile, content: manifest });
  const folders = manifestOf([...found.values()]);
  const visit = async (folder: string, key: string): Promise<void> => {
    const here = await readFolder(files, root, folder);
    for (const source of here) found.set(source.file, source);
    for (const call of await callsIn(here, key)) {
      const child = isLocal(call.source) ? joined(folder, call.source) : folders.get(call.key);
      // A module that calls itself is loadConfiguration's to report.
      if (child !== undefined && call.key.split(".").length < 100 && !isAncestor(child, call.key, visited))
        await visit(child, call.key);
    }
  };
  const visited = new Map<string, string>();
  await visit("", "");
  return [...found.values()];

  function isAncestor(child: string, key: string, known: Map<string, string>): boolean {
    known.set(key, child);
    const parts = key.split(".");
    return parts.some((_, i) => i > 0 && known.get(parts.slice(0, i).join(".")) === child) || child === "";
  }
}

/** The configuration files of one folder. */
export async function readFolder(files: Files, root: string, folder: string): Promise<Source[]> {
  const at = folder === "" ? root : `${root}/${folder}`;
  const names = (await files.list(at)).map((name) => ({
    file: folder === "" ? name : `${folder}/${name}`,
    content: "",
  }));
  return Promise.all(
    filesIn(names, folder).map(async ({ file }) => ({ file, content: (await files.read(`${root}/${file}`)) ?? "" })),
  );
}

/** The modules that these files call; what can't be read is loadConfiguration's to report. */
export async function callsIn(sources: readonly Source[], key: string): Promise<FoundCall[]> {
  const calls: FoundCall[] = [];
  const ignored: Diagnostic[] = [];
  for (const source of sources) {
    if (!/\bmodule\b/.test(source.content)) continue;
    for (const body of await readSource(source, ignored)) {
      try {
        for (const { labels, body: call } of blocksIn(body, "module", 1)) {
          const [from, version] = [textOf(call, "source"), textOf(call, "version")];
          const name = labels[0] ?? "";
          if (from !== undefined)
            calls.push({
              key: key === "" ? name : `${key}.${name}`,
              source: from,
              ...(version === undefined ? {} : { version }),
            });
        }
      } catch (thrown) {
        ignored.push(...diagnosticsOf(thrown));
      }
    }
  }
  return calls;
}
