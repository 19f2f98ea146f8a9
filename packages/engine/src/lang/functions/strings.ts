import * as v from "../values.ts";
import { ArgumentError, type FunctionTable, over, plain, textOf } from "./define.ts";

const s = "string";
const str = ["str", s] as const;
const segmenter = new Intl.Segmenter();

/** What people see as one character each. */
export const characters = (text: string): string[] =>
  /^[\u0020-\u007e]*$/.test(text) ? text.split("") : [...segmenter.segment(text)].map((part) => part.segment);

/** Case by single code points, as Unicode's simple mapping has it: "ß" has no capital. */
const eachLetter = (text: string, change: (letter: string) => string): string =>
  Array.from(text, (letter) => {
    const changed = change(letter);
    return Array.from(changed).length === 1 ? changed : letter === "\u0130" ? "i" : letter;
  }).join("");

export const upper = (text: string): string => eachLetter(text, (letter) => letter.toUpperCase());

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
  for (const [at, value] of [offset, length].entries()) {
    if (!Number.isInteger(value)) throw new ArgumentError("a whole number is required", at + 1);
  }
  const letters = characters(text);
  const start = offset < 0 ? letters.length + offset : offset;
  if (start < 0 || start > letters.length) return start < 0 && length >= 0 ? letters.slice(0, length).join("") : "";
  return letters.slice(start, length < 0 ? undefined : start + length).join("");
}

/** Between words: what is no letter, digit, underscore or apostrophe in ASCII, and blanks beyond it. */
const isSeparator = (letter: string): boolean =>
  letter.charCodeAt(0) < 0x80 ? !/[A-Za-z0-9_]/.test(letter) : !/[\p{L}\p{Nd}]/u.test(letter) && /\s/u.test(letter);

function title(text: string): string {
  let before = " ";
  return Array.from(text, (letter) => {
    const shown = isSeparator(before) ? upper(letter) : letter;
    before = letter;
    return shown;
  }).join("");
}

const goSpace = /^[\t\n\v\f\r \u0085\p{Zs}\u2028\u2029]+|[\t\n\v\f\r \u0085\p{Zs}\u2028\u2029]+$/gu;

function indent(spaces: number, text: string): string {
  if (spaces < 0 || spaces > 10_000) throw new ArgumentError("must be between 0 and 10000", 0);
  return text.replaceAll("\n", `\n${" ".repeat(spaces)}`);
}

export const strings: FunctionTable = {
  chomp: plain([str], s, (text) => text.replace(/(?:\r\n?|\n)+$/, "")),
  endswith: plain([str, ["suffix", s]], "bool", (text, end) => text.endsWith(end)),
  indent: plain([["spaces", "number"], str], s, indent),
  lower: plain([str], s, (text) => eachLetter(text, (letter) => letter.toLowerCase())),
  split: plain([["separator", s], str], ["list", s], (separator, text) =>
    separator === "" ? Array.from(text) : text.split(separator),
  ),
  startswith: over(
    [str, ["prefix", s]],
    "bool",
    ([text, prefix]) => {
      if (text?.kind !== "unknown")
        return prefix?.kind === "unknown" ? v.someOf("bool") : v.bool(textOf(text).startsWith(textOf(prefix)));
      // What is known of the beginning may be enough.
      if (prefix?.kind !== "string" || text.prefix === undefined) return v.someOf("bool");
      if (text.prefix.startsWith(prefix.value)) return v.bool(true);
      return prefix.value.startsWith(text.prefix) ? v.someOf("bool") : v.bool(false);
    },
    { partial: true, anything: true },
  ),
  strcontains: plain([str, ["substr", s]], "bool", (text, part) => text.includes(part)),
  strrev: plain([str], s, (text) => characters(text).toReversed().join("")),
  substr: plain([str, ["offset", "number"], ["length", "number"]], s, substring),
  title: plain([str], s, title),
  trim: plain([str, ["cutset", s]], s, trim),
  trimprefix: plain([str, ["prefix", s]], s, (text, prefix) =>
    prefix !== "" && text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  trimspace: plain([str], s, (text) => text.replace(goSpace, "")),
  trimsuffix: plain([str, ["suffix", s]], s, (text, suffix) =>
    suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  upper: plain([str], s, upper),
};
