import { type Diagnostic, diagnosticsOf, error } from "@doge/core";
import { jsonBodies } from "./json.ts";
import type { Json, Source } from "./model.ts";
import type { SourceBody } from "./source.ts";

/** The bodies of one file; JSON may hold several documents in a list. What is wrong goes to `diagnostics`. */
export async function readSource(source: Source, diagnostics: Diagnostic[]): Promise<readonly SourceBody[]> {
  if (!source.file.endsWith(".json")) {
    // The grammar is loaded by who needs it.
    const { readHcl } = await import("./hcl/read.ts");
    return [await readHcl(source, diagnostics)];
  }
  const document = parseJson(source, diagnostics);
  if (document === undefined) return [];
  try {
    return jsonBodies(document, { source, path: [] });
  } catch (thrown) {
    diagnostics.push(...diagnosticsOf(thrown));
    return [];
  }
}

/** More than anybody writes; each level is a call within a call. */
const mostLevels = 500;

/** How many brackets of the text stand within each other. */
function levelsOf(json: string): number {
  let most = 0;
  let level = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === "[" || token === "{") most = Math.max(most, ++level);
    else if (token === "]" || token === "}") level--;
  }
  return most;
}

function parseJson(source: Source, diagnostics: Diagnostic[]): Json | undefined {
  try {
    const document = JSON.parse(source.content) as Json;
    if (levelsOf(source.content) <= mostLevels) return document;
    diagnostics.push(
      error({
        code: "config-too-deep",
        summary: "The file is nested too deep",
        detail: `${source.file} has more than ${mostLevels} lists and objects within each other.`,
      }),
    );
    return undefined;
  } catch (thrown) {
    const position = /at position (\d+)/.exec((thrown as Error).message)?.[1];
    const before = source.content.slice(0, position === undefined ? 0 : Number(position)).split("\n");
    const start = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    diagnostics.push(
      error({
        code: "config-not-json",
        summary: "The file is not JSON",
        detail: `${source.file}, line ${start.line}, column ${start.column}`,
        range: { file: source.file, start },
      }),
    );
    return undefined;
  }
}
