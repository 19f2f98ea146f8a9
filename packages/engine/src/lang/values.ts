import type { Type } from "../schema.ts";
import {
  type BigFloat,
  compare,
  fromBigInt,
  fromDouble,
  fullPrecision,
  isWhole,
  parseDecimal,
  toDouble,
  toText,
} from "./bigfloat.ts";
import { compareElements } from "./set-order.ts";

/**
 * A value of the Terraform language. `sensitive` marks this value and all it contains; parts may carry
 * marks of their own; `ephemeral` likewise marks what must not be kept. An unknown value is one that only an
 * apply will tell; its type may be known, and what else `Known` has.
 * A number's `value` is the nearest double; `exact` is there where that double's decimal is not the whole truth.
 */
export type Value = (
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number; readonly exact?: BigFloat }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "null"; readonly type: Type }
  | ({ readonly kind: "unknown"; readonly type: Type } & Known)
  | { readonly kind: "list" | "set"; readonly element: Type; readonly items: readonly Value[] }
  | { readonly kind: "tuple"; readonly items: readonly Value[] }
  | { readonly kind: "map"; readonly element: Type; readonly entries: ReadonlyMap<string, Value> }
  | { readonly kind: "object"; readonly entries: ReadonlyMap<string, Value> }
) &
  Marks;

/** What is known of the unknown. */
interface Known {
  readonly notNull?: true;
  /** How its text begins. */
  readonly prefix?: string;
  /** A number from, and up to. */
  readonly between?: readonly [NumberValue, NumberValue];
  /** How many elements it has, at least and at most. */
  readonly length?: readonly [number, number];
}

export interface Marks {
  readonly sensitive?: true;
  readonly ephemeral?: true;
}

export type Sequence = Extract<Value, { items: readonly Value[] }>;
export type Mapping = Extract<Value, { entries: ReadonlyMap<string, Value> }>;

/** Text, in Unicode's composed form, as everywhere in the language. */
export const string = (value: string): Value => ({ kind: "string", value: value.normalize() });
/** The number whose shortest decimal is `value`'s. */
export const number = (value: number): Value => ({ kind: "number", value: value + 0 });
/** A whole number that was counted, not written: 64 bits, which shows in divisions. */
export const count = (value: number): Value => exactly(fromBigInt(BigInt(value), 64));
/** The result of a function that works on doubles. */
export const double = (value: number): Value => exactly(fromDouble(value));

/** The number as it is, kept as a plain double where that says the same. */
export function exactly(exact: BigFloat): Value {
  const value = toDouble(exact);
  if (exact.precision === fullPrecision && Number.isFinite(value)) {
    const plain = decimalOf(value);
    if (plain && compare(plain, exact) === 0) return number(value);
  }
  return { kind: "number", value: value + 0, exact };
}

const decimalOf = (value: number): BigFloat | undefined =>
  Number.isSafeInteger(value) ? fromBigInt(BigInt(value)) : parseDecimal(String(value));

export type NumberValue = Extract<Value, { kind: "number" }>;

export const big = (number: NumberValue): BigFloat => number.exact ?? (decimalOf(number.value) as BigFloat);

/** A number read from text, as exact as it was written; undefined where it is none. */
export function numberFrom(text: string): Value | undefined {
  const exact = parseDecimal(text);
  return exact && exactly(exact);
}

/** A number in full decimal form, never in exponents. */
export function showNumber(number: NumberValue): string {
  if (number.exact === undefined && Number.isSafeInteger(number.value)) return String(number.value);
  return toText(big(number));
}

export const isWholeNumber = (number: NumberValue): boolean =>
  number.exact ? isWhole(number.exact) : Number.isInteger(number.value);

export const bool = (value: boolean): Value => ({ kind: "bool", value });
export const nullOf = (type: Type = "dynamic"): Value => ({ kind: "null", type });
export const unknownOf = (type: Type = "dynamic"): Value => ({ kind: "unknown", type });
/** Unknown, but surely not null. */
export const someOf = (type: Type): Value =>
  type === "dynamic" ? unknownOf() : { kind: "unknown", type, notNull: true };
/** An unknown text whose beginning is known, up to what could still become one character with what follows. */
export function someText(beginning: string): Value {
  const prefix = settledPrefix(beginning.slice(0, longestPrefix));
  return { kind: "unknown", type: "string", notNull: true, ...(prefix === "" ? {} : { prefix }) };
}

/** More of it decides nothing that matters. */
const longestPrefix = 128;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

function settledPrefix(text: string): string {
  if (/[\t !"#$%&'()*+,\-./:;?@[\\\]^_{|}~]$/.test(text)) return text;
  return text.slice(0, [...segmenter.segment(text)].at(-1)?.index ?? 0);
}
export const list = (element: Type, items: readonly Value[]): Value => ({ kind: "list", element, items });
export const tuple = (items: readonly Value[]): Value => ({ kind: "tuple", items });
export const map = (element: Type, entries: Iterable<readonly [string, Value]>): Value => ({
  kind: "map",
  element,
  entries: sorted(entries),
});
export const object = (entries: Iterable<readonly [string, Value]>): Value => ({
  kind: "object",
  entries: sorted(entries),
});

/** A set: equal elements once, in Terraform's order. Marks of elements become marks of the set. */
export function set(element: Type, items: readonly Value[]): Value {
  const unique = new Map<string, Value>();
  for (const item of items) {
    // An unknown element may turn out equal to another one, or not: each is kept.
    const key = isWhollyKnown(item) ? canonical(item) : `?${unique.size}`;
    if (!unique.has(key)) unique.set(key, unmarkDeep(item));
  }
  const order = [...unique.values()].sort((a, b) => compareElements(a, b, compareText));
  return carry({ kind: "set", element, items: order }, marksIn(items));
}

/** Order of texts by code point, as their UTF-8 bytes sort. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    // Surrogates stand for code points above all others.
    const [high, low] = [x >= 0xd800 && x < 0xe000, y >= 0xd800 && y < 0xe000];
    return high === low ? x - y : high ? 1 : -1;
  }
  return a.length - b.length;
}

function sorted(entries: Iterable<readonly [string, Value]>): ReadonlyMap<string, Value> {
  const list = [...entries];
  // Most come in order: from a configuration's object, from a map.
  const ordered = list.every(
    ([name], i) => i === 0 || compareText((list[i - 1] as readonly [string, Value])[0], name) < 0,
  );
  return new Map(ordered ? list : list.sort(([a], [b]) => compareText(a, b)));
}

export const isSequence = (value: Value): value is Sequence => "items" in value;
export const isMapping = (value: Value): value is Mapping => "entries" in value;
export const isUnknown = (value: Value): boolean => value.kind === "unknown";

export function typeOf(value: Value): Type {
  switch (value.kind) {
    case "string":
    case "number":
    case "bool":
      return value.kind;
    case "null":
    case "unknown":
      return value.type;
    case "list":
    case "set":
    case "map":
      return [value.kind, value.element];
    case "tuple":
      return ["tuple", value.items.map(typeOf)];
    case "object":
      return ["object", Object.fromEntries([...value.entries].map(([name, item]) => [name, typeOf(item)]))];
  }
}

/** The parts of a container, without their names. */
export function parts(value: Value): Iterable<Value> {
  if (isSequence(value)) return value.items;
  if (isMapping(value)) return value.entries.values();
  return [];
}

export function isWhollyKnown(value: Value): boolean {
  if (value.kind === "unknown") return false;
  for (const part of parts(value)) if (!isWhollyKnown(part)) return false;
  return true;
}

export function hasSensitive(value: Value): boolean {
  if (value.sensitive) return true;
  for (const part of parts(value)) if (hasSensitive(part)) return true;
  return false;
}

export function hasEphemeral(value: Value): boolean {
  if (value.ephemeral) return true;
  for (const part of parts(value)) if (hasEphemeral(part)) return true;
  return false;
}

export const mark = (value: Value): Value => (value.sensitive ? value : { ...value, sensitive: true });
export const markIf = (value: Value, sensitive: boolean | undefined): Value => (sensitive ? mark(value) : value);
export const markEphemeral = (value: Value): Value => (value.ephemeral ? value : { ...value, ephemeral: true });

/** The value with the marks that `from` carry themselves. */
export function carry(value: Value, ...from: readonly (Marks | undefined)[]): Value {
  let carried = value;
  for (const one of from) {
    if (one?.sensitive) carried = mark(carried);
    if (one?.ephemeral) carried = markEphemeral(carried);
  }
  return carried;
}

/** All marks of these values and of what they contain. */
export function marksIn(values: Iterable<Value>): Marks {
  let marks: Marks = {};
  for (const value of values) {
    if (!marks.sensitive && hasSensitive(value)) marks = { ...marks, sensitive: true };
    if (!marks.ephemeral && hasEphemeral(value)) marks = { ...marks, ephemeral: true };
  }
  return marks;
}

/** The value without its own marks; the marks of its parts stay. */
export function unmark(value: Value): Value {
  if (!value.sensitive && !value.ephemeral) return value;
  const { sensitive: _, ephemeral: __, ...rest } = value;
  return rest;
}

export function unmarkDeep(value: Value): Value {
  if (!hasSensitive(value) && !hasEphemeral(value)) return value;
  return unmark(mapParts(value, unmarkDeep));
}

/** The same container over other parts; anything else as it is. */
export function mapParts(value: Value, change: (part: Value, key: string | number) => Value): Value {
  if (isSequence(value)) return { ...value, items: value.items.map(change) };
  if (isMapping(value)) {
    const entries = new Map<string, Value>();
    for (const [name, part] of value.entries) entries.set(name, change(part, name));
    return { ...value, entries };
  }
  return value;
}

/** Equal in type family and content; marks don't count. Both must be wholly known for the answer to be final. */
export function equal(a: Value, b: Value): boolean {
  if (a.kind === "null" || b.kind === "null") return a.kind === b.kind;
  if (isSequence(a) && isSequence(b)) {
    return a.items.length === b.items.length && a.items.every((item, i) => equal(item, b.items[i] as Value));
  }
  if (isMapping(a) && isMapping(b)) {
    if (a.entries.size !== b.entries.size) return false;
    for (const [name, item] of a.entries) {
      const other = b.entries.get(name);
      if (other === undefined || !equal(item, other)) return false;
    }
    return true;
  }
  if (a.kind === "unknown" || b.kind === "unknown") return false;
  if (a.kind === "number" && b.kind === "number") return sameNumber(a, b);
  return "value" in a && "value" in b && a.kind === b.kind && a.value === b.value;
}

export const sameNumber = (a: NumberValue, b: NumberValue): boolean =>
  a.exact || b.exact ? compare(big(a), big(b)) === 0 : a.value === b.value;

/** One text per content: the key by which sets tell elements apart. */
export function canonical(value: Value): string {
  switch (value.kind) {
    case "string":
      return JSON.stringify(value.value);
    case "number":
      return showNumber(value);
    case "bool":
      return String(value.value);
    case "null":
    case "unknown":
      return "null";
    case "list":
    case "set":
    case "tuple":
      return `[${value.items.map(canonical).join(",")}]`;
    case "map":
    case "object":
      return `{${[...value.entries].map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(",")}}`;
  }
}

/** Plain JSON; unknown values become null. Marks are lost: for providers and files, never for people. */
export function toPlain(value: Value): unknown {
  switch (value.kind) {
    case "string":
    case "number":
    case "bool":
      return value.value;
    case "null":
    case "unknown":
      return null;
    case "list":
    case "set":
    case "tuple":
      return value.items.map(toPlain);
    case "map":
    case "object":
      return Object.fromEntries([...value.entries].map(([name, item]) => [name, toPlain(item)]));
  }
}

/** JSON as the language reads it: arrays are tuples, objects are objects, null has no type. */
export function fromPlain(json: unknown): Value {
  if (json === null || json === undefined) return nullOf();
  if (typeof json === "string") return string(json);
  if (typeof json === "number") return number(json);
  if (typeof json === "boolean") return bool(json);
  if (Array.isArray(json)) return tuple(json.map(fromPlain));
  return object(Object.entries(json).map(([name, item]) => [name, fromPlain(item)] as const));
}
