import * as v from "../values.ts";
import type { Value } from "../values.ts";

/** YAML as Terraform writes it: block style, every key and text quoted, texts of several lines as `|` blocks. */
export function encodeYaml(value: Value): string {
  const text = block(value, "", 0).replace(/^\n/, "");
  // A bare word at the end of a document could go on: the end is marked.
  const bare = value.kind === "number" || value.kind === "bool" || value.kind === "null";
  return `${text}\n${bare ? "...\n" : ""}`;
}

/** A value behind `key:` or `-` at `column`; starts with a line's end where it takes lines of its own. */
function block(value: Value, indent: string, column: number): string {
  if (v.isMapping(value)) {
    if (value.entries.size === 0) return "{}";
    return [...value.entries].map(([name, item]) => `\n${indent}${entry(name, item, indent)}`).join("");
  }
  if (v.isSequence(value)) {
    if (value.items.length === 0) return "[]";
    return value.items.map((item) => `\n${indent}-${inItem(item, indent)}`).join("");
  }
  return scalar(value, indent, column);
}

const longestKey = 128;

function entry(name: string, value: Value, indent: string): string {
  // Lists stand at the indentation of their key, maps two blanks deeper.
  const deeper = v.isSequence(value) ? indent : `${indent}  `;
  const simple = !name.includes("\n") && Buffer.byteLength(name) <= longestKey;
  const key = simple ? quoted(name) : `? ${text(name, `${indent}  `, indent.length + 2)}\n${indent}`;
  const shown = block(value, deeper, simple ? indent.length + key.length + 2 : indent.length + 2);
  return `${key}:${shown.startsWith("\n") ? shown : ` ${shown}`}`;
}

/** The first line of a list or map follows the dash. */
function inItem(value: Value, indent: string): string {
  const shown = block(value, `${indent}  `, indent.length + 2);
  return shown.startsWith("\n") ? ` ${shown.slice(1 + indent.length + 2)}` : ` ${shown}`;
}

function scalar(value: Value, indent: string, column: number): string {
  switch (value.kind) {
    case "string":
      return text(value.value, indent, column);
    case "number":
      return v.showNumber(value);
    case "bool":
      return String(value.value);
    default:
      return "null";
  }
}

function text(value: string, indent: string, column: number): string {
  const deeper = indent === "" ? "  " : indent;
  return value.includes("\n") && fitsBlock(value) ? literal(value, deeper) : folded(value, deeper, column);
}

/** Whether a literal block can hold it: printable, and no blanks that would be lost. */
const fitsBlock = (value: string): boolean =>
  !/[^\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u.test(value) &&
  !/ [\n\u2028\u2029]/.test(value) &&
  !value.endsWith(" ");

function literal(value: string, indent: string): string {
  const chomp = /(?:^|\n)\n$/.test(value) ? "+" : value.endsWith("\n") ? "" : "-";
  // A first line that begins with a blank needs the indentation told.
  const hint = /^[ \n]/.test(value) ? "2" : "";
  const lines = value
    .replace(/\n$/, "")
    .replace(/([\u2028\u2029])(?=.)/g, `$1${indent}`)
    .split("\n");
  return `|${hint}${chomp}\n${lines.map((line) => (line === "" ? "" : indent + line)).join("\n")}`;
}

const widest = 80;

/** A quoted text, broken at single blanks behind the 80th column. */
function folded(value: string, indent: string, start: number): string {
  const whole = quoted(value);
  if (start + whole.length <= widest) return whole;
  const letters = Array.from(whole);
  let result = "";
  let column = start;
  for (const [i, letter] of letters.entries()) {
    const breaks = letter === " " && letters[i - 1] !== " " && column > widest && i > 1 && i < letters.length - 2;
    result += breaks ? `\n${indent}${letters[i + 1] === " " ? "\\" : ""}` : letter;
    column = breaks ? indent.length : column + 1;
  }
  return result;
}

const short: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\u0007": "\\a",
  "\b": "\\b",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\t": "\\t",
  "\u001b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\u0085": "\\N",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

// oxlint-disable-next-line no-control-regex -- control characters are what YAML escapes
const special = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\u{10000}-\u{10ffff}]/gu;

function quoted(value: string): string {
  const escaped = value.replace(special, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return (
      short[letter] ??
      (code < 0x100 ? `\\x${hex(code, 2)}` : code < 0x1_0000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`)
    );
  });
  return `"${escaped}"`;
}

const hex = (code: number, width: number): string => code.toString(16).toUpperCase().padStart(width, "0");
