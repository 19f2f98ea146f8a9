import type { Type } from "../../schema.ts";
import { convert } from "../convert.ts";
import { unify } from "../types.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, itemsOf, type LanguageFunction } from "./define.ts";

const anySet: Type = ["set", "dynamic"];

/** An operation over sets, by the canonical text of their elements. */
const overSets = (pick: (sets: readonly ReadonlyMap<string, Value>[]) => Iterable<Value>): LanguageFunction => ({
  params: [anySet],
  rest: anySet,
  returns: anySet,
  run: (...sets) => {
    const element = unify(
      sets.map((one) => ("element" in one ? one.element : "dynamic")).filter((t) => t !== "dynamic"),
    );
    if (element === undefined) throw new ArgumentError("all sets must have the same element type");
    const keyed = sets.map((one) => {
      const same = convert(one, ["set", element], "set");
      return new Map(itemsOf(same, "argument").map((item) => [v.canonical(item), item] as const));
    });
    return v.set(element, [...pick(keyed)]);
  },
});

/** Every way to take one element from each list. */
function product(lists: readonly Value[]): Value {
  let rows: Value[][] = [[]];
  for (const one of lists) rows = rows.flatMap((row) => itemsOf(one, "each argument").map((item) => [...row, item]));
  const tuples = rows.map((row) => v.tuple(row));
  const element = unify(tuples.map(v.typeOf)) ?? "dynamic";
  return lists.every((one) => one.kind === "set") ? v.set(element, tuples) : v.list(element, tuples);
}

export const sets: FunctionTable = {
  setintersection: overSets(([first, ...rest]) =>
    [...(first ?? [])].filter(([key]) => rest.every((other) => other.has(key))).map(([, item]) => item),
  ),
  setproduct: {
    params: ["dynamic", "dynamic"],
    rest: "dynamic",
    returns: "dynamic",
    run: (...lists) => product(lists),
  },
  setsubtract: overSets(([first, second]) =>
    [...(first ?? [])].filter(([key]) => !second?.has(key)).map(([, item]) => item),
  ),
  setunion: overSets((all) => all.flatMap((one) => [...one.values()])),
};
