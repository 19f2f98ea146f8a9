import { convert } from "../convert.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, itemsOf, plain } from "./define.ts";
import { formatText } from "./format.ts";
import { replaceText, search, searchAll } from "./regex.ts";

const s = "string";
const characters = (text: string): string[] => [...new Intl.Segmenter().segment(text)].map((part) => part.segment);

/** Trims any of the characters in `cut`, on either side. */
function trim(text: string, cut: string): string {
  const set = new Set(cut);
  const letters = Array.from(text);
  let [start, end] = [0, letters.length];
  while (start < end && set.has(letters[start] as string)) start++;
  while (end > start && set.has(letters[end - 1] as string)) end--;
  return letters.slice(start, end).join("");
}

function substring(text: string, offset: number, length: number): string {
  const letters = characters(text);
  const start = offset < 0 ? Math.max(0, letters.length + offset) : offset;
  return letters.slice(start, length < 0 ? undefined : start + length).join("");
}

function formatList(template: Value, rows: readonly Value[]): Value {
  const lengths = new Set(rows.filter(v.isSequence).map((row) => row.items.length));
  if (lengths.size > 1) throw new ArgumentError("the lists must be of the same length");
  const count = lengths.size === 0 ? 1 : ([...lengths][0] as number);
  const line = (i: number): Value =>
    v.string(
      formatText(
        template,
        rows.map((row) => (v.isSequence(row) ? (row.items[i] as Value) : row)),
      ),
    );
  return v.list(
    s,
    Array.from({ length: count }, (_, i) => line(i)),
  );
}

export const strings: FunctionTable = {
  chomp: plain([s], s, (text) => text.replace(/(\r?\n)+$/, "")),
  endswith: plain([s, s], "bool", (text, end) => text.endsWith(end)),
  format: {
    params: [s],
    rest: "dynamic",
    returns: s,
    run: (template, ...args) => v.string(formatText(template, args)),
  },
  formatlist: {
    params: [s],
    rest: "dynamic",
    returns: ["list", s],
    run: (template, ...rows) => formatList(template, rows),
  },
  indent: plain(["number", s], s, (spaces, text) => text.replaceAll("\n", `\n${" ".repeat(spaces)}`)),
  join: {
    params: [s],
    rest: "dynamic",
    returns: s,
    run: (separator, ...lists) => {
      const items = lists.flatMap((one) => itemsOf(one, "each argument after the separator"));
      const texts = items.map((item) => {
        if (item.kind === "null") throw new ArgumentError("a list to join must not hold null");
        return v.toPlain(convert(item, s, "element"));
      });
      return v.string(texts.join(v.toPlain(separator) as string));
    },
  },
  lower: plain([s], s, (text) => text.toLowerCase()),
  regex: { params: [s, s], returns: "dynamic", run: (pattern, text) => search(pattern, text) },
  regexall: { params: [s, s], returns: "dynamic", run: (pattern, text) => searchAll(pattern, text) },
  replace: plain([s, s, s], s, replaceText),
  split: plain([s, s], ["list", s], (separator, text) => text.split(separator)),
  startswith: plain([s, s], "bool", (text, start) => text.startsWith(start)),
  strcontains: plain([s, s], "bool", (text, part) => text.includes(part)),
  strrev: plain([s], s, (text) => characters(text).toReversed().join("")),
  substr: plain([s, "number", "number"], s, substring),
  title: plain([s], s, (text) =>
    text.replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  ),
  trim: plain([s, s], s, trim),
  trimprefix: plain([s, s], s, (text, prefix) =>
    prefix !== "" && text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  trimspace: plain([s], s, (text) => text.trim()),
  trimsuffix: plain([s, s], s, (text, suffix) =>
    suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  upper: plain([s], s, (text) => text.toUpperCase()),
};
