import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError } from "./define.ts";

/** JSON as Go writes it, which is what `jsonencode` gives: sorted keys, `<`, `>` and `&` as escapes, numbers whole. */
export function encodeJson(value: Value): string {
  switch (value.kind) {
    case "string":
      return quote(value.value);
    case "number":
      return v.showNumber(value);
    case "bool":
      return String(value.value);
    case "null":
    case "unknown":
      return "null";
    case "list":
    case "set":
    case "tuple":
      return `[${value.items.map(encodeJson).join(",")}]`;
    case "map":
    case "object":
      return `{${[...value.entries].map(([name, item]) => `${quote(name)}:${encodeJson(item)}`).join(",")}}`;
  }
}

const short: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
};

const quote = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what JSON escapes
  `"${text.replace(/["\\<>&\u2028\u2029\u0000-\u001f]/g, (character) => short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;

const deepest = 500;

/** What JSON says, numbers as exactly as they are written. */
export function decodeJson(text: string): Value {
  let parsed: unknown;
  try {
    // The third argument of a reviver holds the source of a number; the library's types don't know of it yet.
    parsed = JSON.parse(text, reviveNumber);
  } catch (thrown) {
    // The parser's own message quotes the text, which may be a secret.
    throw new ArgumentError("the given text is not valid JSON", 0, { cause: thrown });
  }
  return valueOf(parsed, 0);
}

/** A number with its exact value, told apart from an object that only looks like one. */
class Exact {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }
}

function reviveNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined || Number.isSafeInteger(value)) return value;
  const exact = v.numberFrom(context.source);
  if (exact === undefined) throw new SyntaxError("a number is out of range");
  return new Exact(exact);
}

function valueOf(json: unknown, depth: number): Value {
  if (depth > deepest) throw new ArgumentError(`the text is nested more than ${deepest} levels deep`, 0);
  if (Array.isArray(json)) return v.tuple(json.map((item) => valueOf(item, depth + 1)));
  if (typeof json !== "object" || json === null) return v.fromPlain(json);
  if (json instanceof Exact) return json.value;
  return v.object(Object.entries(json).map(([name, item]) => [name.normalize(), valueOf(item, depth + 1)] as const));
}
