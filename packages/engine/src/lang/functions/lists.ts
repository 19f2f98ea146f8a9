import type { Type } from "../../schema.ts";
import { add } from "../bigfloat.ts";
import { convert, Mismatch, tryConvert } from "../convert.ts";
import { combine, equals } from "../operators.ts";
import { unify } from "../types.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, itemsOf, open, over, type Parameter, textOf, wholeOf } from "./define.ts";

const any = "dynamic";
const n = "number";
const anyList: Type = ["list", any];
const list: Parameter = ["list", any];
const texts: Type = ["list", "string"];

const first = (args: readonly Value[]): Type => (args[0] ? v.typeOf(args[0]) : any);

/** The element type of a list or set, unified of a tuple. */
function elementType(value: Value): Type {
  const type = v.typeOf(value);
  if (typeof type === "string") return any;
  if (type[0] === "tuple") return unify(type[1]) ?? any;
  return type[0] === "object" ? any : type[1];
}

/** Some of a sequence's elements: a list of the same type, or a tuple. */
const some = (of: Value, items: readonly Value[]): Value =>
  of.kind === "list" || of.kind === "set" ? v.list(of.element, items) : v.tuple(items);

function chunks(value: Value, size: number): Value {
  const items = itemsOf(value, 0);
  const element = elementType(value);
  if (size < 0) throw new ArgumentError("the size argument must be positive", 1);
  const by = size === 0 ? items.length : size;
  const count = items.length === 0 ? 0 : Math.ceil(items.length / by);
  const rows = Array.from({ length: count }, (_, i) => v.list(element, items.slice(i * by, (i + 1) * by)));
  return v.list(["list", element], rows);
}

function concatType(args: readonly Value[]): Type {
  if (args.length === 0) throw new ArgumentError("at least one argument is required");
  const types = args.map((arg) => v.typeOf(arg));
  const lists = types.every((type) => typeof type !== "string" && type[0] === "list");
  const common = lists ? unify(types) : undefined;
  if (common !== undefined) return common;
  const items = types.map((type, at) => {
    if (typeof type === "string" || (type[0] !== "list" && type[0] !== "tuple")) {
      throw new ArgumentError("all arguments must be lists or tuples", at);
    }
    const arg = args[at];
    if (type[0] === "tuple") return type[1];
    return arg && v.isSequence(arg) ? arg.items.map(() => type[1]) : undefined;
  });
  return items.every((one) => one !== undefined) ? ["tuple", items.flat()] : any;
}

function concat(args: readonly Value[]): Value {
  const type = concatType(args);
  return v.carry(convert(v.tuple(args.flatMap((arg, at) => itemsOf(arg, at))), type, "result"), ...args);
}

function distinct(value: Value): Value {
  const unique = new Map(itemsOf(value, 0).map((item) => [v.canonical(item), item] as const));
  return some(value, [...unique.values()]);
}

function elementAt(value: Value, index: Value): Value {
  const items = itemsOf(value, 0, "cannot read elements from a value that is no list or tuple");
  if (value.kind === "set")
    throw new ArgumentError("cannot read elements from a set, which has no order; use tolist first", 0);
  const at = wholeOf(index, 1);
  if (items.length === 0) throw new ArgumentError("cannot use element function with an empty list", 0);
  const rest = at % items.length;
  if (rest < 0 && value.kind === "tuple")
    throw new ArgumentError("cannot use element function with a negative index", 1);
  return v.carry(items.at(rest) as Value, value, index);
}

function elementAtType([value, index]: readonly Value[]): Type {
  const type = value ? v.typeOf(value) : any;
  if (typeof type === "string") return any;
  if (type[0] === "tuple") return index?.kind === "number" ? (type[1][index.value % type[1].length] ?? any) : any;
  return type[0] === "list" ? type[1] : any;
}

/** All elements, lists among them taken apart; undefined where the length is open. */
function flattened(value: Value, marks: v.Marks[]): Value[] | undefined {
  const result: Value[] = [];
  for (const item of itemsOf(value, 0, "can only flatten lists, sets and tuples")) {
    const type = v.typeOf(item);
    if (v.isSequence(item)) {
      marks.push(item);
      const inner = flattened(item, marks);
      if (inner === undefined) return undefined;
      for (const one of inner) result.push(one);
    } else if (
      item.kind === "unknown" &&
      (type === any || (typeof type !== "string" && type[0] !== "map" && type[0] !== "object"))
    ) {
      return undefined;
    } else result.push(item);
  }
  return result;
}

function flatten(value: Value): Value {
  const marks: v.Marks[] = [value];
  const items = flattened(value, marks);
  return v.carry(items === undefined ? v.unknownOf() : v.tuple(items), ...marks);
}

function indexOf(value: Value, wanted: Value): Value {
  const items = itemsOf(value, 0, "argument must be a list or tuple");
  if (value.kind === "set") throw new ArgumentError("argument must be a list or tuple: a set has no order", 0);
  if (items.length === 0) throw new ArgumentError("cannot search an empty list");
  const at = items.findIndex((item) => equals(item, wanted));
  if (at < 0) throw new ArgumentError("item not found");
  return v.count(at);
}

const longestRange = 1_024;

function range(args: readonly Value[]): Value {
  const limits = args as readonly v.NumberValue[];
  if (limits.length < 1 || limits.length > 3) {
    throw new ArgumentError("you must provide either one, two, or three arguments");
  }
  const start = limits.length === 1 ? v.number(0) : (limits[0] as Value);
  const end = (limits.length === 1 ? limits[0] : limits[1]) as Value;
  const less = (a: Value, b: Value): boolean => (combine("<", a, b) as { value?: unknown }).value === true;
  const down = less(end, start);
  const by = limits[2] ?? v.number(down ? -1 : 1);
  if (by.kind === "number" && by.value === 0) throw new ArgumentError("step must not be zero", 2);
  if (
    down !== less(by, v.number(0)) &&
    !(start.kind === "number" && end.kind === "number" && v.sameNumber(start, end))
  ) {
    throw new ArgumentError(
      down ? "end is less than start, so step must be negative" : "end is greater than start, so step must be positive",
      2,
    );
  }
  const values: Value[] = [];
  for (let at: Value = start; down ? less(end, at) : less(at, end); at = combine("+", at, by)) {
    values.push(at);
    if (values.length > longestRange) {
      throw new ArgumentError(
        `more than ${longestRange} values were generated; either decrease the difference between start and end or use a smaller step`,
      );
    }
  }
  return v.list(n, values);
}

function slice(value: Value, from: Value, to: Value): Value {
  const items = itemsOf(value, 0, "must be a list or tuple");
  if (value.kind === "set")
    throw new ArgumentError(
      "cannot slice a set, because its elements do not have indices; explicitly convert to a list if the ordering of the result is not important",
      0,
    );
  const [start, end] = [wholeOf(from, 1), wholeOf(to, 2)];
  if (start < 0) throw new ArgumentError("start index must not be less than zero", 1);
  if (start > items.length) throw new ArgumentError("start index must not be greater than the length of the list", 1);
  if (end < 0) throw new ArgumentError("end index must not be less than zero", 2);
  if (end > items.length) throw new ArgumentError("end index must not be greater than the length of the list", 2);
  if (start > end) throw new ArgumentError("start index must not be greater than end index", 1);
  return v.carry(some(value, items.slice(start, end)), value, from, to);
}

function sum(value: Value): Value {
  const items = itemsOf(value, 0, "cannot sum noniterable");
  if (items.length === 0) throw new ArgumentError("cannot sum an empty list", 0);
  const numbers = items.map((item) => {
    const converted = item.kind === "null" ? undefined : tryConvert(item, n);
    if (converted === undefined || converted instanceof Mismatch) {
      throw new ArgumentError("argument must be list, set, or tuple of number values", 0);
    }
    return converted;
  });
  if (!numbers.every(v.isWhollyKnown)) return v.someOf(n);
  return (numbers as v.NumberValue[]).reduce<Value>(
    (total, one) => (total.kind === "number" ? v.exactly(add(v.big(total), v.big(one))) : one),
    v.number(0),
  );
}

function one(value: Value): Value {
  if (value.kind === "null" || !v.isSequence(value)) throw new ArgumentError("must be a list, set, or tuple value", 0);
  if (value.kind === "set" && !v.isWhollyKnown(value)) return v.carry(v.unknownOf(value.element), value);
  if (value.items.length > 1) {
    throw new ArgumentError("must be a list, set, or tuple value with either zero or one elements", 0);
  }
  return v.carry(value.items[0] ?? v.nullOf("element" in value ? value.element : any), value);
}

function sort(items: readonly Value[]): Value {
  if (items.some((item) => item.kind === "null")) {
    throw new ArgumentError("given list element is null; a null string cannot be sorted", 0);
  }
  // Any of them may be the one that is not known yet.
  if (!items.every(v.isWhollyKnown)) {
    return v.list(
      "string",
      items.map(() => v.someOf("string")),
    );
  }
  return v.list(
    "string",
    items.toSorted((a, b) => v.compareText(textOf(a), textOf(b))),
  );
}

/** Whether all (or any) elements are true; null counts as false. */
function quantified(value: Value, all: boolean): Value {
  let open = false;
  for (const item of itemsOf(value, 0)) {
    if (item.kind === "unknown") open = true;
    else if ((item.kind === "bool" && item.value) !== all) return v.bool(!all);
  }
  return open ? v.someOf("bool") : v.bool(all);
}

export const lists: FunctionTable = {
  alltrue: over([["list", ["list", "bool"]]], "bool", ([value]) => quantified(value as Value, true), { partial: true }),
  anytrue: over([["list", ["list", "bool"]]], "bool", ([value]) => quantified(value as Value, false), {
    partial: true,
  }),
  chunklist: over(
    [
      ["list", anyList],
      ["size", n],
    ],
    ([value]) => ["list", value ? v.typeOf(value) : anyList],
    ([value, size]) => chunks(value as Value, wholeOf(size, 1)),
    { partial: true },
  ),
  compact: over([["list", texts]], texts, ([value]) => {
    const kept = itemsOf(value as Value, 0).filter((item) => item.kind === "string" && item.value !== "");
    return v.list("string", kept);
  }),
  concat: open([], concatType, concat, { rest: ["seqs", any] }),
  distinct: over([["list", anyList]], first, ([value]) => distinct(value as Value)),
  element: open([list, ["index", n]], elementAtType, ([value, index]) => elementAt(value as Value, index as Value), {
    maybeNull: true,
  }),
  flatten: open([list], any, ([value]) => flatten(value as Value)),
  index: over([list, ["value", any]], n, ([value, wanted]) => indexOf(value as Value, wanted as Value)),
  matchkeys: over(
    [
      ["values", anyList],
      ["keys", anyList],
      ["searchset", anyList],
    ],
    first,
    ([values, keys, wanted]) => {
      const [items, names] = [itemsOf(values as Value, 0), itemsOf(keys as Value, 1)];
      if (items.length !== names.length) throw new ArgumentError("length of keys and values should be equal");
      const searched = itemsOf(wanted as Value, 2);
      return some(
        values as Value,
        items.filter((_, i) => searched.some((key) => equals(key, names[i] as Value))),
      );
    },
  ),
  one: open(
    [list],
    ([value]) => (value ? elementType(value) : any),
    ([value]) => one(value as Value),
    { maybeNull: true },
  ),
  range: over([], ["list", n], range, { rest: ["params", n] }),
  reverse: open(
    [list],
    ([value]) => (value?.kind === "unknown" ? v.typeOf(value) : any),
    ([value]) => {
      const given = value as Value;
      return v.carry(some(given, itemsOf(given, 0, "can only reverse list or tuple values").toReversed()), given);
    },
  ),
  slice: open(
    [list, ["start_index", n], ["end_index", n]],
    ([value]) => {
      const type = value ? v.typeOf(value) : any;
      return typeof type !== "string" && type[0] === "list" ? type : any;
    },
    ([value, from, to]) => slice(value as Value, from as Value, to as Value),
  ),
  sort: over([["list", texts]], texts, ([value]) => sort(itemsOf(value as Value, 0)), { partial: true }),
  sum: over([list], n, ([value]) => sum(value as Value), { partial: true }),
};
