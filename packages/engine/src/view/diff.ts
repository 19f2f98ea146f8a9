import { equal, isMapping, isSequence, type Sequence, string, type Value } from "../lang/values.ts";
import * as v from "../lang/values.ts";
import type { Path } from "../state/objects.ts";

export type Mark = "+" | "-" | "~" | " ";

/** How a change of one object is shown: where attributes begin, and which paths force a replacement. */
export interface Style {
  readonly indent: number;
  readonly forced?: readonly Path[];
  readonly path?: Path;
  /** Whether lists of objects are blocks here: in resources, not in outputs. */
  readonly blocks?: boolean;
}

const pad = (count: number): string => " ".repeat(count);
const deeper = (style: Style, step: string | number): Style => ({
  ...style,
  path: [...(style.path ?? []), step],
});

const forces = (style: Style, step: string | number): string => {
  const path = [...(style.path ?? []), step];
  const hit = style.forced?.some((one) => one.length === path.length && one.every((part, i) => part === path[i]));
  return hit ? " # forces replacement" : "";
};

/** The attributes of an object, one by one: changed ones, and those that say which object it is; then its blocks. */
export function attributeLines(
  before: v.Mapping | undefined,
  after: v.Mapping | undefined,
  style: Style,
  shown: ReadonlySet<string> = new Set(),
): string[] {
  const names = [...new Set([...(before?.entries.keys() ?? []), ...(after?.entries.keys() ?? [])])].sort();
  const present = names.filter((name) => !isNothing(before?.entries.get(name)) || !isNothing(after?.entries.get(name)));
  const isShown = (name: string): boolean =>
    shown.has(name) || !unchanged(before?.entries.get(name), after?.entries.get(name));
  const blocks = present.filter(
    (name) => style.blocks && (isBlock(before?.entries.get(name)) || isBlock(after?.entries.get(name))),
  );
  const attributes = present.filter((name) => !blocks.includes(name));
  const changed = attributes.filter(isShown);
  const width = Math.max(0, ...changed.map((name) => key(name).length));
  const lines = changed.flatMap((name) => {
    const [was, will] = [before?.entries.get(name), after?.entries.get(name)];
    const label = `${key(name).padEnd(width)} = `;
    return entryLines(label, was, will, deeper(style, name), forces(style, name), after === undefined);
  });
  lines.push(...hidden(attributes.length - changed.length, "attribute", style, before, after));
  const full = blocks.map((name) => [name, before?.entries.get(name), after?.entries.get(name)] as const);
  const sections = full
    .filter(([name]) => isShown(name))
    .map(([name, was, will]) => blockLines(name, was, will, style));
  const quiet = full.filter(([name, , will]) => !isShown(name) && bodies(will).length > 0).length;
  for (const section of sections) if (section.length > 0) lines.push("", ...section);
  if (quiet > 0) lines.push("", ...hidden(quiet, "block", style, before, after));
  return lines;
}

function hidden(count: number, what: string, style: Style, before: unknown, after: unknown): string[] {
  if (count === 0 || before === undefined || after === undefined) return [];
  return [`${pad(style.indent + 2)}# (${count} unchanged ${what}${count === 1 ? "" : "s"} hidden)`];
}

/** Lists of objects are written as blocks, as in a configuration; one that is secret or unknown is not. */
function isBlock(value: Value | undefined): boolean {
  if (value === undefined || value.sensitive) return false;
  if (value.kind === "object") return true;
  return (
    (value.kind === "list" || value.kind === "set") &&
    typeof value.element !== "string" &&
    value.element[0] === "object"
  );
}

const bodies = (value: Value | undefined): readonly v.Mapping[] =>
  value === undefined ? [] : isMapping(value) ? [value] : isSequence(value) ? value.items.filter(isMapping) : [];

function blockLines(name: string, was: Value | undefined, will: Value | undefined, style: Style): string[] {
  const note = forces(style, name);
  if (was?.sensitive || will?.sensitive)
    return [
      `${pad(style.indent)}${markOf(was, will)} ${name} {`,
      `${pad(style.indent + 4)}# At least one attribute in this block is (or was) sensitive,`,
      `${pad(style.indent + 4)}# so its contents will not be displayed.`,
      `${pad(style.indent + 2)}}${note}`,
    ];
  if (will?.kind === "unknown")
    return [`${pad(style.indent)}${markOf(was, will)} ${name} = (known after apply)${note}`];
  const [a, b] = [bodies(was), bodies(will)];
  const pairs: (readonly [v.Mapping | undefined, v.Mapping | undefined, number])[] =
    will?.kind === "set" || was?.kind === "set"
      ? align(a, b).map(([mark, item], i) => [
          mark === "+" ? undefined : (item as v.Mapping),
          mark === "-" ? undefined : (item as v.Mapping),
          i,
        ])
      : Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [a[i], b[i], i]);
  const moving = pairs.filter(([before, after]) => !unchanged(before, after));
  const lines = moving.flatMap(([before, after, i]) => {
    const inner = { ...style, indent: style.indent + 4, path: [...(style.path ?? []), name, i] };
    return [
      `${pad(style.indent)}${markOf(before, after)} ${name} {${note}`,
      ...attributeLines(before, after, inner),
      `${pad(style.indent + 2)}}`,
    ];
  });
  return [...lines, ...(lines.length > 0 ? hidden(pairs.length - moving.length, "block", style, was, will) : [])];
}

const key = (name: string): string =>
  /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u.test(name) ? name : JSON.stringify(name);
const isNothing = (value: Value | undefined): boolean => value === undefined || value.kind === "null";

function unchanged(was: Value | undefined, will: Value | undefined): boolean {
  if (isNothing(was) || isNothing(will)) return isNothing(was) && isNothing(will);
  return equal(was as Value, will as Value) && v.hasSensitive(was as Value) === v.hasSensitive(will as Value);
}

const markOf = (was: Value | undefined, will: Value | undefined): Mark =>
  isNothing(was) ? "+" : isNothing(will) ? "-" : unchanged(was, will) ? " " : "~";

/** One attribute: `~ name = "a" -> "b"`, or a block of lines for what has parts. */
function entryLines(
  label: string,
  was: Value | undefined,
  will: Value | undefined,
  style: Style,
  note: string,
  deleting: boolean,
): string[] {
  const mark = markOf(was, will);
  const lead = `${pad(style.indent)}${mark} ${label}`;
  const gone = mark === "-" ? " -> null" : "";
  if (was?.sensitive || will?.sensitive) return [`${lead}(sensitive value)${gone}${note}`];
  const [a, b] = [isNothing(was) ? undefined : was, isNothing(will) ? undefined : will];
  if (b?.kind === "unknown")
    return [a === undefined ? `${lead}(known after apply)${note}` : `${lead}${short(a)} -> (known after apply)${note}`];
  const one = (b ?? a) as Value;
  if (a !== undefined && b !== undefined && a.kind === "string" && b.kind === "string" && mark === "~" && isLong(a, b))
    return heredoc(lead, a.value, b.value, style, note);
  if (isMapping(one) && (a === undefined || isMapping(a))) {
    if (one.entries.size === 0 && (a === undefined || b === undefined)) return [`${lead}{}${gone}${note}`];
    const inner = attributeLines(a, b as v.Mapping | undefined, {
      ...style,
      indent: style.indent + 4,
      blocks: false,
    });
    return [`${lead}{${note}`, ...inner, `${pad(style.indent + 2)}}${gone}`];
  }
  if (isSequence(one) && (a === undefined || isSequence(a))) {
    if (one.items.length === 0 && (a === undefined || b === undefined)) return [`${lead}[]${gone}${note}`];
    return [
      `${lead}[${note}`,
      ...elementLines(a, b as Sequence | undefined, style),
      `${pad(style.indent + 2)}]${gone}`,
    ];
  }
  if (mark === "+" && one.kind === "string" && one.value.includes("\n"))
    return heredoc(lead, undefined, one.value, style, note);
  if (mark === "~" && a !== undefined) return [`${lead}${short(a)} -> ${short(one)}${note}`];
  return [`${lead}${short(one)}${deleting || mark === "-" ? gone : ""}${note}`];
}

const isLong = (a: Value, b: Value): boolean =>
  [a, b].some((one) => one.kind === "string" && one.value.trimEnd().includes("\n"));

/** A value on one line; parts that are secret or unknown say so. */
export function short(value: Value): string {
  if (value.sensitive) return "(sensitive value)";
  switch (value.kind) {
    case "unknown":
      return "(known after apply)";
    case "null":
      return "null";
    case "string":
      return JSON.stringify(value.value);
    case "number":
    case "bool":
      return String(value.value);
    case "list":
    case "set":
    case "tuple":
      return `[${value.items.map(short).join(", ")}]`;
    case "map":
    case "object": {
      const fields = [...value.entries]
        .filter(([, item]) => item.kind !== "null")
        .map(([name, item]) => `${key(name)} = ${short(item)}`);
      return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
    }
  }
}

function elementLines(before: Sequence | undefined, after: Sequence | undefined, style: Style): string[] {
  const inner = { ...style, indent: style.indent + 4 };
  const lines: string[] = [];
  let hidden = 0;
  for (const [mark, item] of align(before?.items ?? [], after?.items ?? [])) {
    if (mark === " ") {
      hidden++;
      continue;
    }
    const element =
      mark === "+"
        ? entryLines("", undefined, item, inner, "", false)
        : entryLines("", item, undefined, inner, "", true);
    const last = element.length - 1;
    lines.push(...element.slice(0, last), `${(element[last] ?? "").replace(/ -> null$/, "")},`);
  }
  if (hidden > 0)
    lines.push(`${pad(inner.indent + 2)}# (${hidden} unchanged element${hidden === 1 ? "" : "s"} hidden)`);
  return lines;
}

function heredoc(lead: string, was: string | undefined, will: string, style: Style, note: string): string[] {
  const rows = align(was === undefined ? [] : lines(was), lines(will));
  const body = rows.map(([mark, line]) => {
    const text = line.kind === "string" ? line.value : "";
    return `${pad(style.indent + 4)}${was === undefined ? " " : mark} ${text}`.trimEnd();
  });
  return [`${lead}<<-EOT${note}`, ...body, `${pad(style.indent + 2)}EOT`];
}

const lines = (text: string): Value[] => text.replace(/\n$/, "").split("\n").map(string);

/** The longest common subsequence, as marks: removed before added. Long texts are compared from both ends only. */
function align(before: readonly Value[], after: readonly Value[]): [Mark, Value][] {
  let start = 0;
  while (start < before.length && start < after.length && equal(before[start] as Value, after[start] as Value)) start++;
  let end = 0;
  while (
    end < Math.min(before.length, after.length) - start &&
    equal(before.at(-1 - end) as Value, after.at(-1 - end) as Value)
  )
    end++;
  const same = (items: readonly Value[]): [Mark, Value][] => items.map((item) => [" ", item]);
  const middle = between(before.slice(start, before.length - end), after.slice(start, after.length - end));
  return [...same(after.slice(0, start)), ...middle, ...same(after.slice(after.length - end))];
}

function between(a: readonly Value[], b: readonly Value[]): [Mark, Value][] {
  const minus = a.map((item): [Mark, Value] => ["-", item]);
  const plus = b.map((item): [Mark, Value] => ["+", item]);
  if (a.length === 0 || b.length === 0 || a.length * b.length > 1_000_000) return [...minus, ...plus];
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const cell = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      (table[i] as Uint32Array)[j] = equal(a[i] as Value, b[j] as Value)
        ? cell(i + 1, j + 1) + 1
        : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const rows: [Mark, Value][] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && equal(a[i] as Value, b[j] as Value)) {
      rows.push([" ", b[j] as Value]);
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || cell(i + 1, j) >= cell(i, j + 1))) rows.push(["-", a[i++] as Value]);
    else rows.push(["+", b[j++] as Value]);
  }
  return rows;
}
