import { convert } from "../convert.ts";
import type { Type } from "../../schema.ts";
import { isPrimitive } from "../types.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, itemsOf, over, plain, textOf } from "./define.ts";
import { formatText } from "./format.ts";
import { groupsType, replaceText, search, searchAll } from "./regex.ts";

const s = "string";
const listOfText: Type = ["list", s];

/** One line for each row; what is no list stands in every line. */
function formatList(template: Value, args: readonly Value[]): Value {
  // How many lines there are is open while a list is.
  const isOpen = (arg: Value): boolean => arg.kind === "unknown" && !isPrimitive(arg.type);
  if (template.kind === "unknown" || args.some(isOpen)) return v.someOf(listOfText);
  const long = args.map((arg) => (v.isSequence(arg) ? arg.items.length : undefined));
  const first = long.findIndex((length) => length !== undefined);
  const count = first < 0 ? 1 : (long[first] as number);
  for (const [at, length] of long.entries()) {
    if (length !== undefined && length !== count) {
      throw new ArgumentError(
        `argument ${at + 1} has length ${length}, which is inconsistent with argument ${first + 1} of length ${count}`,
        at + 1,
      );
    }
  }
  const line = (i: number): Value => {
    const row = args.map((arg) => (v.isSequence(arg) ? (arg.items[i] as Value) : arg));
    return row.every(v.isWhollyKnown) ? v.string(formatText(template, row)) : v.someOf(s);
  };
  return v.list(
    s,
    Array.from({ length: count }, (_, i) => line(i)),
  );
}

function join(separator: Value, lists: readonly Value[]): Value {
  if (lists.length === 0) throw new ArgumentError("at least one list is required");
  const items = lists.flatMap((one, at) => itemsOf(one, at + 1));
  if (!items.every(v.isWhollyKnown)) return v.someOf(s);
  return v.string(
    items
      .map((item, at) => {
        if (item.kind === "null") throw new ArgumentError(`element ${at} is null; cannot concatenate null values`, 1);
        return textOf(convert(item, s, "element"));
      })
      .join(textOf(separator)),
  );
}

export const texts: FunctionTable = {
  format: over([["format", s]], s, ([template, ...args]) => v.string(formatText(template as Value, args)), {
    rest: ["args", "dynamic"],
    nullable: "rest",
  }),
  formatlist: over([["format", s]], listOfText, ([template, ...rows]) => formatList(template as Value, rows), {
    rest: ["args", "dynamic"],
    nullable: "rest",
    partial: true,
    anything: true,
  }),
  join: over([["separator", s]], s, ([separator, ...lists]) => join(separator as Value, lists), {
    rest: ["lists", listOfText],
    partial: true,
  }),
  regex: over(
    [
      ["pattern", s],
      ["string", s],
    ],
    ([pattern]) => groupsType(pattern),
    ([pattern, text]) => search(textOf(pattern), textOf(text)),
  ),
  regexall: over(
    [
      ["pattern", s],
      ["string", s],
    ],
    ([pattern]) => ["list", groupsType(pattern)],
    ([pattern, text]) => searchAll(textOf(pattern), textOf(text)),
  ),
  replace: plain(
    [
      ["str", s],
      ["substr", s],
      ["replace", s],
    ],
    s,
    replaceText,
  ),
};
