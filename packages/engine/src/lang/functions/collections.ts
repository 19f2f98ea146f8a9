import type { Type } from "../../schema.ts";
import { convert } from "../convert.ts";
import { lengthBounds, numberWithin } from "../bounds.ts";
import { equals } from "../operators.ts";
import { sameType, unify } from "../types.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, itemsOf, open, over, type Parameter } from "./define.ts";
import { characters } from "./strings.ts";

const any = "dynamic";
const list: Parameter = ["list", any];

function length(value: Value): Value {
  const type = v.typeOf(value);
  if (value.kind === "unknown") {
    if (typeof type !== "string" && type[0] === "tuple") return v.carry(v.count(type[1].length), value);
    if (typeof type !== "string" && type[0] === "object") return v.carry(v.count(Object.keys(type[1]).length), value);
    return v.carry(value.length ? counted(value.length) : v.someOf("number"), value);
  }
  const size = v.isSequence(value)
    ? value.items.length
    : v.isMapping(value)
      ? value.entries.size
      : value.kind === "string"
        ? characters(value.value).length
        : undefined;
  if (size === undefined) {
    throw new ArgumentError("argument must be a string, a collection type, or a structural type", 0);
  }
  return v.carry(counted(lengthBounds(value) ?? [size, size]), value);
}

const counted = ([least, most]: readonly [number, number]): Value =>
  numberWithin([v.count(least) as v.NumberValue, v.count(most) as v.NumberValue]);

function coalesceType(values: readonly Value[]): Type {
  if (values.length === 0) throw new ArgumentError("at least one argument is required");
  const type = unify(values.map(v.typeOf));
  if (type === undefined) throw new ArgumentError("all arguments must have the same type");
  return type;
}

function coalesce(values: readonly Value[]): Value {
  const type = coalesceType(values);
  for (const value of values) {
    if (value.kind === "unknown") return v.carry(v.unknownOf(type), ...values);
    if (value.kind === "null") continue;
    const converted = convert(value, type, "argument");
    if (converted.kind === "string" && converted.value === "") continue;
    return v.carry(converted, ...values);
  }
  throw new ArgumentError("no non-null, non-empty-string arguments");
}

function coalesceList(lists: readonly Value[]): Value {
  if (lists.length === 0) throw new ArgumentError("at least one argument is required");
  const types = lists.map((one) => v.typeOf(one));
  for (const [at, one] of lists.entries()) {
    if (one.kind === "unknown")
      return v.unknownOf(types.every((type) => sameType(type, types[0] as Type)) ? types[0] : any);
    if (one.kind === "null") throw new ArgumentError("must not be null", at);
    if (itemsOf(one, at, "coalescelist arguments must be lists or tuples").length > 0) return one;
  }
  throw new ArgumentError("no non-null arguments");
}

function contains(value: Value, wanted: Value): Value {
  if (wanted.kind === "unknown" || value.kind === "unknown") return v.someOf("bool");
  let open = false;
  for (const item of itemsOf(value, 0, "argument must be list, tuple, or set")) {
    const same = equals(item, wanted);
    if (same) return v.bool(true);
    if (same === undefined) open = true;
  }
  return open ? v.someOf("bool") : v.bool(false);
}

export const collections: FunctionTable = {
  coalesce: open([], coalesceType, coalesce, { rest: ["vals", any], anything: true, nullable: true }),
  coalescelist: over([], any, coalesceList, { rest: ["vals", any], anything: true, partial: true, nullable: true }),
  contains: over([list, ["value", any]], "bool", ([value, wanted]) => contains(value as Value, wanted as Value), {
    anything: true,
    partial: true,
  }),
  length: open([["value", any]], "number", ([value]) => length(value as Value), { anything: true }),
};
