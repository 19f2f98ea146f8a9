import type { Type } from "../../schema.ts";
import { convert } from "../convert.ts";
import { unify } from "../types.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, itemsOf, type LanguageFunction, over, type Parameter } from "./define.ts";

const anySet: Type = ["set", "dynamic"];

/** The set type that all arguments share. */
function setType(args: readonly Value[]): Type {
  const types = args.map((one) => v.typeOf(one)).filter((type) => typeof type !== "string" && type[1] !== "dynamic");
  const type = unify(types);
  if (type === undefined) throw new ArgumentError("given sets must all have compatible element types");
  return types.length === 0 ? anySet : type;
}

/** An operation over sets, by the canonical text of their elements. */
const overSets = (
  params: readonly Parameter[],
  rest: Parameter | undefined,
  pick: (sets: readonly ReadonlyMap<string, Value>[]) => Iterable<Value>,
): LanguageFunction =>
  over(
    params,
    setType,
    (sets) => {
      const type = setType(sets);
      const keyed = sets.map((one) => {
        const items = itemsOf(convert(one, type, "set"), 0);
        return new Map(items.map((item) => [v.canonical(item), item] as const));
      });
      return v.set(typeof type === "string" ? "dynamic" : (type[1] as Type), [...pick(keyed)]);
    },
    rest ? { rest } : {},
  );

/** The element type of each argument, and whether all are in order. */
function factors(args: readonly Value[]): readonly Type[] {
  if (args.length < 2) throw new ArgumentError("at least two arguments are required");
  return args.map((arg, at) => {
    const type = v.typeOf(arg);
    if (typeof type === "string" || type[0] === "map" || type[0] === "object") {
      throw new ArgumentError("a set or a list is required", at);
    }
    const element = type[0] === "tuple" ? unify(type[1]) : type[1];
    if (element === undefined) throw new ArgumentError("all elements must be of the same type", at);
    return element;
  });
}

const productType = (args: readonly Value[]): Type => [
  args.every(isOrdered) ? "list" : "set",
  ["tuple", factors(args)],
];

function isOrdered(arg: Value): boolean {
  const type = v.typeOf(arg);
  return typeof type !== "string" && (type[0] === "list" || type[0] === "tuple");
}

const largestProduct = 1_000_000;

/** Every way to take one element from each list. */
function product(args: readonly Value[]): Value {
  const types = factors(args);
  const size = args.reduce((total, arg, at) => total * itemsOf(arg, at).length, 1);
  if (size > largestProduct) throw new ArgumentError(`the product has ${size} elements, more than ${largestProduct}`);
  let rows: Value[][] = [[]];
  for (const [at, one] of args.entries()) {
    const items = itemsOf(one, at).map((item) => convert(item, types[at] as Type, "element"));
    rows = rows.flatMap((row) => items.map((item) => [...row, item]));
  }
  const tuples = rows.map((row) => v.tuple(row));
  const element: Type = ["tuple", types];
  return args.every(isOrdered) ? v.list(element, tuples) : v.set(element, tuples);
}

const keysIn = (map: ReadonlyMap<string, Value>, keep: (key: string) => boolean): Value[] =>
  [...map].filter(([key]) => keep(key)).map(([, item]) => item);

export const sets: FunctionTable = {
  setintersection: overSets([["first_set", anySet]], ["other_sets", anySet], ([first = new Map(), ...others]) =>
    keysIn(first, (key) => others.every((other) => other.has(key))),
  ),
  setproduct: over([], productType, product, { rest: ["sets", "dynamic"] }),
  setsubtract: overSets(
    [
      ["a", anySet],
      ["b", anySet],
    ],
    undefined,
    ([first = new Map(), second]) => keysIn(first, (key) => !second?.has(key)),
  ),
  setunion: overSets([["first_set", anySet]], ["other_sets", anySet], (all) => all.flatMap((one) => [...one.values()])),
};
