import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, textOf } from "./define.ts";

/** RE2's spelling that JavaScript lacks: `(?P<name>…)`, leading flags `(?i)`, `\A`, `\z`. */
function compile(pattern: string, flags: string): RegExp {
  const leading = /^\(\?([ims]+)\)/.exec(pattern);
  const source = pattern
    .slice(leading?.[0].length ?? 0)
    .replaceAll("(?P<", "(?<")
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$");
  try {
    return new RegExp(source, `${flags}u${leading?.[1] ?? ""}`);
  } catch (thrown) {
    throw new ArgumentError(`the pattern is no regular expression: ${(thrown as Error).message}`, { cause: thrown });
  }
}

const group = (text: string | undefined): Value => (text === undefined ? v.nullOf("string") : v.string(text));

/** The match itself, or its groups: a tuple where they have no names, an object where they have. */
function captured(match: RegExpExecArray): Value {
  if (match.groups) return v.object(Object.entries(match.groups).map(([name, text]) => [name, group(text)] as const));
  return match.length > 1 ? v.tuple(match.slice(1).map(group)) : v.string(match[0]);
}

export function search(pattern: Value, text: Value): Value {
  const match = compile(textOf(pattern), "").exec(textOf(text));
  if (match === null) throw new ArgumentError("pattern did not match any part of the given string");
  return captured(match);
}

export function searchAll(pattern: Value, text: Value): Value {
  const rows = [...textOf(text).matchAll(compile(textOf(pattern), "g"))].map(captured);
  return v.list(rows[0] ? v.typeOf(rows[0]) : "string", rows);
}

/** A pattern between slashes is a regular expression, with `$1` and `${name}` in the replacement. */
export function replaceText(text: string, part: string, replacement: string): string {
  if (!(part.length > 1 && part.startsWith("/") && part.endsWith("/"))) return text.split(part).join(replacement);
  const pattern = compile(part.slice(1, -1), "g");
  return text.replace(pattern, (...match: (string | number | undefined | Record<string, string>)[]) => {
    const last = match.at(-1);
    const groups = typeof last === "object" ? last : {};
    return replacement.replace(/\$(?:\{(\w+)\}|(\w+)|\$)/g, (all, braced?: string, bare?: string) => {
      const name = braced ?? bare;
      if (name === undefined) return all === "$$" ? "$" : all;
      const found = /^\d+$/.test(name) ? match[Number(name)] : groups[name];
      return typeof found === "string" ? found : "";
    });
  });
}
