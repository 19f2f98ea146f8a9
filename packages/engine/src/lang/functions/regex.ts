import { RE2JS } from "re2js";
import type { Type } from "../../schema.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError } from "./define.ts";

/** RE2, as in Terraform: no look-around, no back-references, and never more than linear time. */
function compile(pattern: string, at: number): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ArgumentError(`invalid regexp pattern: ${why}`, at, { cause: thrown });
  }
}

/** Names of groups by number; undefined where a group has none. */
function groupNames(pattern: RE2JS): (string | undefined)[] {
  const names = Array.from<string | undefined>({ length: pattern.groupCount() });
  for (const [name, at] of Object.entries(pattern.namedGroups())) names[at - 1] = name;
  return names;
}

/** The type of a match: its text, a tuple of its groups, or an object where they have names. */
export function groupsType(pattern: Value | undefined): Type {
  if (pattern?.kind !== "string") return "dynamic";
  const names = named(compile(pattern.value, 0));
  if (names.length === 0) return "string";
  if (typeof names[0] === "string")
    return ["object", Object.fromEntries(names.map((name) => [name, "string" as const]))];
  return ["tuple", names.map(() => "string" as const)];
}

function named(pattern: RE2JS): (string | undefined)[] {
  const names = groupNames(pattern);
  const some = names.filter((name) => name !== undefined);
  if (some.length > 0 && some.length < names.length) {
    throw new ArgumentError("cannot mix both named and unnamed capture groups in the same pattern", 0);
  }
  return names;
}

type Matcher = ReturnType<RE2JS["matcher"]>;

function captured(match: Matcher, names: readonly (string | undefined)[]): Value {
  const group = (at: number): Value => {
    const text = match.group(at);
    return text === null ? v.nullOf("string") : v.string(text);
  };
  if (names.length === 0) return group(0);
  const groups = names.map((_, i) => group(i + 1));
  return typeof names[0] === "string"
    ? v.object(names.map((name, i) => [name as string, groups[i] as Value] as const))
    : v.tuple(groups);
}

export function search(pattern: string, text: string): Value {
  const compiled = compile(pattern, 0);
  const names = named(compiled);
  const match = compiled.matcher(text);
  if (!match.find()) throw new ArgumentError("pattern did not match any part of the given string");
  return captured(match, names);
}

export function searchAll(pattern: string, text: string): Value {
  const compiled = compile(pattern, 0);
  const names = named(compiled);
  const rows: Value[] = [];
  for (const match of matches(compiled, text)) rows.push(captured(match, names));
  return v.list(groupsType(v.string(pattern)), rows);
}

/** All matches; an empty one doesn't count right behind another. */
function* matches(pattern: RE2JS, text: string): Iterable<Matcher> {
  const match = pattern.matcher(text);
  let before = -1;
  while (match.find()) {
    if (match.start() === match.end() && match.start() === before) continue;
    before = match.end();
    yield match;
  }
}

/** A pattern between slashes is a regular expression, with `$1` and `${name}` in the replacement. */
export function replaceText(text: string, part: string, replacement: string): string {
  if (!(part.length > 1 && part.startsWith("/") && part.endsWith("/"))) return replaceAll(text, part, replacement);
  const compiled = compile(part.slice(1, -1), 1);
  const numbers = compiled.namedGroups();
  let result = "";
  let from = 0;
  for (const match of matches(compiled, text)) {
    result += text.slice(from, match.start()) + expanded(replacement, match, compiled.groupCount(), numbers);
    from = match.end();
  }
  return result + text.slice(from);
}

/** Nothing stands between all characters, and at both ends. */
const replaceAll = (text: string, part: string, replacement: string): string =>
  part === "" ? ["", ...Array.from(text), ""].join(replacement) : text.split(part).join(replacement);

function expanded(
  replacement: string,
  match: Matcher,
  count: number,
  numbers: Readonly<Record<string, number>>,
): string {
  return replacement.replace(/\$(?:\{(\w+)\}|(\w+)|\$)/g, (all, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return all === "$$" ? "$" : all;
    const at = /^\d+$/.test(name) ? Number(name) : numbers[name];
    return at === undefined || at > count ? "" : (match.group(at) ?? "");
  });
}
