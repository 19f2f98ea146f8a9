import type { Type } from "../../schema.ts";
import { convert } from "../convert.ts";
import { unify } from "../types.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import {
  ArgumentError,
  entriesOf,
  type FunctionTable,
  itemsOf,
  type LanguageFunction,
  numberOf,
  plain,
  textOf,
} from "./define.ts";

const any = "dynamic";
const texts = ["list", "string"] as const;

/** A function that may look at its arguments' marks and unknown parts itself. */
const open = (
  params: readonly Type[],
  returns: Type,
  run: LanguageFunction["run"],
  more: Partial<LanguageFunction> = {},
): LanguageFunction => ({
  params,
  returns,
  run,
  marks: true,
  partial: true,
  ...more,
});

const closed = (
  params: readonly Type[],
  returns: Type,
  run: LanguageFunction["run"],
  more: Partial<LanguageFunction> = {},
): LanguageFunction => ({
  params,
  returns,
  run,
  ...more,
});

/** A list where the elements agree on a type, else a tuple. */
function listLike(items: readonly Value[], like?: Value): Value {
  if (like?.kind === "list" || like?.kind === "set") return v.list(like.element, items);
  return v.tuple(items);
}

function length(value: Value): Value {
  const count = v.isSequence(value)
    ? value.items.length
    : v.isMapping(value)
      ? value.entries.size
      : value.kind === "string"
        ? [...new Intl.Segmenter().segment(value.value)].length
        : undefined;
  if (count === undefined) throw new ArgumentError("argument must be a string, a collection, or a structural type");
  // An unknown element of a set may turn out equal to another.
  if (value.kind === "set" && !v.isWhollyKnown(value)) return v.unknownOf("number");
  return v.markIf(v.number(count), value.sensitive);
}

function lookup(target: Value, key: Value, fallback: Value | undefined): Value {
  const found = entriesOf(target, "the first argument").get(textOf(key)) ?? fallback;
  if (found === undefined) throw new ArgumentError(`the given key "${textOf(key)}" does not identify an element`);
  const sensitive = target.sensitive ?? key.sensitive;
  return v.markIf(target.kind === "map" ? convert(found, target.element, "default") : found, sensitive);
}

function element(target: Value, index: Value): Value {
  const items = itemsOf(target, "the first argument");
  if (target.kind === "set") throw new ArgumentError("cannot read elements from set; use tolist first");
  if (items.length === 0) throw new ArgumentError("cannot use element function with an empty list");
  const at = ((numberOf(index) % items.length) + items.length) % items.length;
  return v.markIf(items[at] as Value, target.sensitive ?? index.sensitive);
}

function merge(...maps: readonly Value[]): Value {
  const given = maps.filter((one) => one.kind !== "null");
  if (given.some((one) => one.kind === "unknown")) return v.markIf(v.unknownOf(), given.some(v.hasSensitive));
  const entries = new Map(given.flatMap((one) => [...entriesOf(one, "each argument")]));
  const types = given.map((one) => (one.kind === "map" ? one.element : undefined));
  const element = types.every((type) => type !== undefined) ? unify(types) : undefined;
  const merged = element === undefined || element === any ? v.object(entries) : v.map(element, entries);
  return v.markIf(
    merged,
    given.some((one) => one.sensitive),
  );
}

function flatten(value: Value): Value {
  const items: Value[] = [];
  const add = (one: Value): void => {
    for (const item of itemsOf(one, "argument")) {
      if (v.isSequence(item)) add(v.markIf(item, item.sensitive));
      else items.push(item);
    }
  };
  add(value);
  return v.tuple(items);
}

function coalesce(...values: readonly Value[]): Value {
  const type = unify(values.filter((one) => one.kind !== "null").map(v.typeOf));
  if (type === undefined) throw new ArgumentError("all arguments must have the same type");
  for (const value of values) {
    if (value.kind === "unknown") return v.unknownOf(type);
    if (value.kind !== "null" && !(value.kind === "string" && value.value === ""))
      return convert(value, type, "argument");
  }
  throw new ArgumentError("no non-null, non-empty-string arguments");
}

function distinct(value: Value): Value {
  const unique = new Map(itemsOf(value, "argument").map((item) => [v.canonical(item), item] as const));
  return listLike([...unique.values()], value);
}

function zipmap(keys: Value, values: Value): Value {
  const [names, items] = [itemsOf(keys, "the first argument"), itemsOf(values, "the second argument")];
  if (names.length !== items.length)
    throw new ArgumentError(`number of keys (${names.length}) does not match number of values (${items.length})`);
  const entries = names.map((name, i) => [textOf(convert(name, "string", "key")), items[i] as Value] as const);
  return values.kind === "list" ? v.map(values.element, entries) : v.object(entries);
}

function range(...limits: number[]): number[] {
  const [start, end] = limits.length === 1 ? [0, limits[0] as number] : [limits[0] as number, limits[1] as number];
  const by = limits[2] ?? (end >= start ? 1 : -1);
  if (by === 0) throw new ArgumentError("step must not be zero");
  const values: number[] = [];
  for (let at = start; by > 0 ? at < end : at > end; at += by) {
    values.push(at);
    if (values.length > 1024) throw new ArgumentError("more than 1024 values were generated");
  }
  return values;
}

function slice(value: Value, from: Value, to: Value): Value {
  const items = itemsOf(value, "the first argument");
  const [start, end] = [numberOf(from), numberOf(to)];
  if (start < 0 || end > items.length || start > end)
    throw new ArgumentError("start and end must lie within the list, in order");
  return listLike(items.slice(start, end), value);
}

function one(value: Value): Value {
  const items = itemsOf(value, "argument");
  if (items.length > 1) throw new ArgumentError("must be a list, set, or tuple value with either zero or one elements");
  return v.markIf(items[0] ?? v.nullOf(), value.sensitive);
}

function contains(value: Value, wanted: Value): Value {
  if (value.kind === "unknown") return v.unknownOf("bool");
  const items = itemsOf(value, "the first argument");
  if (items.some((item) => item.kind === wanted.kind && v.isWhollyKnown(item) && v.equal(item, wanted)))
    return v.bool(true);
  return v.isWhollyKnown(value) && v.isWhollyKnown(wanted) ? v.bool(false) : v.unknownOf("bool");
}

const isTrue = (item: Value): boolean => item.kind === "bool" && item.value;

export const collections: FunctionTable = {
  alltrue: closed([["list", "bool"]], "bool", (value) => v.bool(itemsOf(value, "argument").every(isTrue))),
  anytrue: closed([["list", "bool"]], "bool", (value) => v.bool(itemsOf(value, "argument").some(isTrue))),
  chunklist: closed([any, "number"], any, (value, size) => {
    const [items, by] = [itemsOf(value, "the first argument"), numberOf(size)];
    const count = by <= 0 ? 1 : Math.ceil(items.length / by);
    return v.tuple(
      Array.from({ length: count }, (_, i) => listLike(by <= 0 ? items : items.slice(i * by, (i + 1) * by), value)),
    );
  }),
  coalesce: open([any], any, coalesce, { rest: any, anything: true }),
  coalescelist: closed(
    [any],
    any,
    (...lists) => {
      const found = lists.find((list) => itemsOf(list, "each argument").length > 0);
      if (found === undefined) throw new ArgumentError("no non-empty lists");
      return found;
    },
    { rest: any },
  ),
  compact: closed([any], texts, (value) => {
    const kept = itemsOf(value, "argument").filter((item) => item.kind !== "null" && textOf(item) !== "");
    return convert(v.tuple(kept), texts, "argument");
  }),
  concat: open(
    [any],
    any,
    (...lists) => {
      const items = lists.flatMap((list) => itemsOf(list, "each argument"));
      const same = lists.every((list) => list.kind === "list") ? unify(lists.map(v.typeOf)) : undefined;
      const joined = v.tuple(items);
      return v.markIf(
        same === undefined ? joined : convert(joined, same, "result"),
        lists.some((list) => list.sensitive),
      );
    },
    { rest: any },
  ),
  contains: closed([any, any], "bool", (value, wanted) => contains(value, wanted), {
    anything: true,
  }),
  distinct: closed([any], any, (value) => distinct(value)),
  element: open([any, "number"], any, (target, index) => element(target, index)),
  flatten: closed([any], any, (value) => flatten(value), { partial: true }),
  index: closed([any, any], "number", (value, wanted) => {
    const at = itemsOf(value, "the first argument").findIndex((item) => v.equal(item, wanted));
    if (at < 0) throw new ArgumentError("item not found");
    return v.number(at);
  }),
  keys: open([any], texts, (value) => {
    const names = [...entriesOf(value, "argument").keys()].map(v.string);
    return v.markIf(value?.kind === "object" ? v.tuple(names) : v.list("string", names), value?.sensitive);
  }),
  length: open([any], "number", (value) => length(value)),
  lookup: open([any, "string", any], any, (target, key, fallback) => lookup(target, key, fallback), {
    optional: 1,
  }),
  matchkeys: closed([any, any, any], any, (values, keys, wanted) => {
    const searched = itemsOf(wanted, "the third argument");
    const names = itemsOf(keys, "the second argument");
    const kept = itemsOf(values, "the first argument").filter((_, i) =>
      searched.some((one) => v.equal(one, names[i] as Value)),
    );
    return listLike(kept, values);
  }),
  merge: open([], any, merge, { rest: any, anything: true }),
  one: open([any], any, (value) => one(value)),
  range: closed(
    ["number"],
    ["list", "number"],
    (...limits) => v.list("number", range(...limits.map(numberOf)).map(v.number)),
    { rest: "number" },
  ),
  reverse: closed([any], any, (value) => listLike(itemsOf(value, "argument").toReversed(), value), {
    partial: true,
  }),
  slice: closed([any, "number", "number"], any, (value, from, to) => slice(value, from, to)),
  sort: plain([texts], texts, (items) => [...items].sort()),
  sum: closed([["list", "number"]], "number", (value) => {
    const items = itemsOf(value, "argument");
    if (items.length === 0) throw new ArgumentError("cannot sum an empty list");
    return v.number(items.reduce((total, item) => total + numberOf(item), 0));
  }),
  transpose: plain([["map", texts]], ["map", texts], (input) => {
    const output: Record<string, string[]> = {};
    for (const [name, values] of Object.entries(input)) for (const value of values) (output[value] ??= []).push(name);
    return output;
  }),
  values: open([any], any, (value) => {
    const items = [...entriesOf(value, "argument").values()];
    return v.markIf(value?.kind === "map" ? v.list(value.element, items) : v.tuple(items), value?.sensitive);
  }),
  zipmap: closed([any, any], any, (keys, values) => zipmap(keys, values), { partial: true }),
};
