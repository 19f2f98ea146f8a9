import { type Diagnostic, diagnosticsOf, DogeError, type SourceRange } from "@doge/core";
import type { Place } from "./model.ts";

/** Line and column of a place; the whole file's start where the path leads nowhere. */
export function rangeOf(place: Place): SourceRange {
  const { file, content } = place.source;
  const offset = place.span?.[0] ?? find(content, place.path) ?? 0;
  const before = content.slice(0, offset);
  const line = before.split("\n").length;
  const start = before.lastIndexOf("\n") + 1;
  const end = content.indexOf("\n", offset);
  const excerpt = content.slice(start, end < 0 ? undefined : end);
  return {
    file,
    start: { line, column: offset - start + 1 },
    ...(place.span ? { end: position(content, place.span[1]) } : {}),
    excerpt: excerpt.length > 200 ? excerpt.trim().slice(0, 200) : excerpt,
  };
}

function position(content: string, offset: number): { line: number; column: number } {
  const before = content.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

/** Runs `body`; whatever it throws comes out as diagnostics that say where. */
export function locating<T>(place: Place, address: string | undefined, body: () => T): T {
  try {
    return body();
  } catch (thrown) {
    throw new DogeError(
      diagnosticsOf(thrown).map((d) => placed(d, place, address)),
      { cause: thrown },
    );
  }
}

/** The diagnostic with a range and an address, where it has none yet. */
export function placed(diagnostic: Diagnostic, place: Place, address?: string): Diagnostic {
  return {
    ...diagnostic,
    ...(diagnostic.range ? {} : { range: rangeOf(place) }),
    ...(diagnostic.address === undefined && address !== undefined ? { address } : {}),
  };
}

/** The offset of the key (or element) at the end of `path`. The text is known to be JSON. */
function find(text: string, path: readonly (string | number)[]): number | undefined {
  let at = space(text, 0);
  let key = at;
  for (const step of path) {
    const object = text[at] === "{";
    if (!object && text[at] !== "[") return undefined;
    let found: number | undefined;
    at = space(text, at + 1);
    for (let i = 0; text[at] !== "}" && text[at] !== "]" && at < text.length; i++) {
      const start = at;
      let name: string | number = i;
      if (object) {
        at = value(text, at);
        name = JSON.parse(text.slice(start, at)) as string;
        at = space(text, space(text, at) + 1);
      }
      if (name === step || String(name) === String(step)) {
        [found, key] = [at, start];
        break;
      }
      at = space(text, value(text, at));
      if (text[at] === ",") at = space(text, at + 1);
    }
    if (found === undefined) return key;
    at = found;
  }
  return key;
}

function space(text: string, at: number): number {
  while (at < text.length && /\s/.test(text[at] as string)) at++;
  return at;
}

/** The offset behind the value that starts here. */
function value(text: string, at: number): number {
  let depth = 0;
  for (;;) {
    const character = text[at];
    if (character === undefined) return at;
    if (character === '"') {
      at++;
      while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    } else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (depth === 0 && !/[\s,:]/.test(character)) {
      while (at < text.length && !/[\s,:\]}]/.test(text[at] as string)) at++;
      return at;
    }
    at++;
    if (depth === 0) return at;
  }
}
