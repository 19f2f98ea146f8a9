import type { Type } from "../../schema.ts";
import { convert, Mismatch, tryConvert } from "../convert.ts";
import { sameType } from "../types.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, entriesOf, type FunctionTable, itemsOf, open, over, type Parameter, textOf } from "./define.ts";

const any = "dynamic";
const texts: Type = ["list", "string"];
const inputMap: Parameter = ["inputMap", any];

function structure(value: Value | undefined): Exclude<Type, string> | undefined {
  const type = value ? v.typeOf(value) : any;
  return typeof type === "string" ? undefined : type;
}

function keysType([value]: readonly Value[]): Type {
  const type = structure(value);
  if (type?.[0] === "map") return texts;
  if (type?.[0] === "object") return ["tuple", Object.keys(type[1]).map(() => "string" as const)];
  throw new ArgumentError("must have map or object type", 0);
}

function keys(value: Value): Value {
  if (value.kind === "unknown") {
    const type = structure(value);
    if (type?.[0] !== "object") return v.carry(type ? v.someOf(texts) : v.unknownOf(), value);
    return v.carry(v.tuple(Object.keys(type[1]).sort(v.compareText).map(v.string)), value);
  }
  const names = [...entriesOf(value, 0).keys()].map(v.string);
  return v.carry(value.kind === "object" ? v.tuple(names) : v.list("string", names), value);
}

function valuesType([value]: readonly Value[]): Type {
  const type = structure(value);
  if (type?.[0] === "map") return ["list", type[1]];
  if (type?.[0] === "object")
    return [
      "tuple",
      Object.keys(type[1])
        .sort(v.compareText)
        .map((name) => type[1][name] as Type),
    ];
  throw new ArgumentError("values() requires a map as the first argument", 0);
}

function lookup(args: readonly Value[]): Value {
  const [target, key, fallback] = args as readonly [Value, Value, Value?];
  const marks = [target, key];
  if (target.kind === "unknown" || key.kind === "unknown") return v.carry(unknownLookup(target), ...marks);
  const found = entriesOf(target, 0).get(textOf(key));
  if (target.kind === "map" && fallback !== undefined && !sameType(v.typeOf(fallback), target.element)) {
    const fits = tryConvert(fallback, target.element);
    if (fits instanceof Mismatch)
      throw new ArgumentError("the default value must have the same type as the map elements", 2);
  }
  const chosen = found ?? fallback;
  if (chosen === undefined) {
    const name = key.sensitive || key.ephemeral ? "(sensitive)" : `"${textOf(key)}"`;
    throw new ArgumentError(`the given map has no element ${name}, and there is no default`);
  }
  return v.carry(target.kind === "map" ? convert(chosen, target.element, "default") : chosen, ...marks);
}

function unknownLookup(target: Value): Value {
  const type = structure(target);
  if (type === undefined && v.typeOf(target) !== any)
    throw new ArgumentError("lookup() requires a map as the first argument", 0);
  return v.unknownOf(type?.[0] === "map" ? type[1] : any);
}

function merge(maps: readonly Value[]): Value {
  const given = maps.filter((one) => one.kind !== "null");
  const marks = maps.map((one) => one as v.Marks);
  for (const [at, one] of maps.entries()) {
    const type = structure(one);
    const fits = one.kind === "null" || v.typeOf(one) === any || type?.[0] === "map" || type?.[0] === "object";
    if (!fits)
      throw new ArgumentError(
        `arguments must be maps or objects; this is a ${type?.[0] ?? (v.typeOf(one) as string)}`,
        at,
      );
  }
  const type = mergedType(given);
  if (given.some((one) => one.kind === "unknown"))
    return v.carry(type === undefined ? v.unknownOf() : v.someOf(type), ...marks);
  const entries = new Map(given.flatMap((one) => [...entriesOf(one, 0)]));
  const merged = v.object(entries);
  return v.carry(type !== undefined && type[0] === "map" ? convert(merged, type, "result") : merged, ...marks);
}

/** The one type of all arguments, where they share it; otherwise the result is an object. */
function mergedType(given: readonly Value[]): Type | undefined {
  const [first, ...others] = given.map((one) => v.typeOf(one));
  if (first === undefined || first === any) return undefined;
  return others.every((type) => sameType(type, first)) ? first : undefined;
}

function zipmap(keysOf: Value, values: Value): Value {
  const [names, items] = [itemsOf(keysOf, 0), itemsOf(values, 1, "values argument must be a list or tuple value")];
  if (values.kind === "set") throw new ArgumentError("values argument must be a list or tuple value", 1);
  if (names.length !== items.length) {
    throw new ArgumentError(`number of keys (${names.length}) does not match number of values (${items.length})`, 1);
  }
  if (names.some((name) => name.kind === "unknown"))
    return v.unknownOf(values.kind === "list" ? ["map", values.element] : any);
  if (names.some((name) => name.kind === "null")) throw new ArgumentError("keys must not be null", 0);
  const entries = new Map(names.map((name, i) => [textOf(name), items[i] as Value] as const));
  return values.kind === "list" ? v.map(values.element, entries) : v.object(entries);
}

export const maps: FunctionTable = {
  keys: open([inputMap], keysType, ([value]) => keys(value as Value), { anything: true }),
  lookup: open([inputMap, ["key", "string"]], any, lookup, {
    rest: ["default", any],
    most: 1,
    anything: true,
    nullable: "rest",
  }),
  merge: open([], any, merge, { rest: ["maps", any], anything: true, nullable: true }),
  transpose: over([["values", ["map", texts]]], ["map", texts], ([value]) => {
    const output = new Map<string, Value[]>();
    for (const [name, list] of entriesOf(value as Value, 0)) {
      if (list.kind === "null") throw new ArgumentError("values must not be null", 0);
      for (const item of itemsOf(list, 0)) {
        if (item.kind === "null") throw new ArgumentError("input map must not contain null elements", 0);
        const row = output.get(textOf(item));
        if (row) row.push(v.string(name));
        else output.set(textOf(item), [v.string(name)]);
      }
    }
    return v.map(
      texts,
      [...output].map(
        ([name, names]) =>
          [
            name,
            v.list(
              "string",
              names.toSorted((a, b) => v.compareText(textOf(a), textOf(b))),
            ),
          ] as const,
      ),
    );
  }),
  values: open([["mapping", any]], valuesType, ([value]) => {
    const given = value as Value;
    const items = [...entriesOf(given, 0).values()];
    return v.carry(given.kind === "map" ? v.list(given.element, items) : v.tuple(items), given);
  }),
  zipmap: open(
    [
      ["keys", texts],
      ["values", any],
    ],
    ([, values]) => {
      const type = structure(values);
      return type?.[0] === "list" ? ["map", type[1]] : any;
    },
    ([names, values]) => v.carry(zipmap(names as Value, values as Value), names, values, ...itemsOf(names as Value, 0)),
  ),
};
