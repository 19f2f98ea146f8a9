/** What can be told of numbers and collections before they are known: between what they lie, how many elements they have. */
import type { Type } from "../schema.ts";
import * as big from "./bigfloat.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

export const compareNumbers = (a: v.NumberValue, b: v.NumberValue): number =>
  a.exact || b.exact ? big.compare(v.big(a), v.big(b)) : a.value - b.value;

type Numbers = readonly [v.NumberValue, v.NumberValue];
type Counts = readonly [number, number];

/** Between what the number lies; undefined where nothing is known of it. */
export const numberBounds = (value: Value): Numbers | undefined =>
  value.kind === "number" ? [value, value] : value.kind === "unknown" ? value.between : undefined;

/** How many elements there are. Those of a set that are not known yet may turn out to be the same. */
export function lengthBounds(value: Value): Counts | undefined {
  if (value.kind === "unknown") return value.length;
  if (v.isMapping(value)) return [value.entries.size, value.entries.size];
  if (!v.isSequence(value)) return undefined;
  const most = value.items.length;
  return [value.kind === "set" && most > 0 && !v.isWhollyKnown(value) ? 1 : most, most];
}

/** A number within bounds; where they leave no choice, that number. */
export const numberWithin = ([low, high]: Numbers): Value =>
  compareNumbers(low, high) === 0
    ? v.unmark(low)
    : { kind: "unknown", type: "number", notNull: true, between: [low, high] };

/** A collection with so many elements; where that is certain, with elements that are not known. */
export function collectionOf(type: Exclude<Type, string>, length: Counts): Value {
  const [least, most] = length;
  const element = type[1] as Type;
  const items = (): Value[] => Array.from({ length: most }, () => v.unknownOf(element));
  if (type[0] === "list" && least === most) return v.list(element, items());
  if (type[0] === "set" && least === most && most <= 1) return v.set(element, items());
  if (type[0] === "map" && most === 0) return v.map(element, []);
  return { kind: "unknown", type, notNull: true, length };
}

/** What both may be: the bounds of either. */
export function either<T>(one: readonly [T, T], other: readonly [T, T], compare: (a: T, b: T) => number): [T, T] {
  return [compare(one[0], other[0]) <= 0 ? one[0] : other[0], compare(one[1], other[1]) >= 0 ? one[1] : other[1]];
}

/** Whether a known value is none that the unknown one may turn out to be. */
export function isExcluded(value: Value, unknown: Extract<Value, { kind: "unknown" }>): boolean {
  const [type, wanted] = [v.typeOf(value), unknown.type].map((one) => JSON.stringify(one)) as [string, string];
  if (type !== wanted) return !wanted.includes('"dynamic"');
  if (value.kind === "string") return unknown.prefix !== undefined && !value.value.startsWith(unknown.prefix);
  if (value.kind === "number" && unknown.between) {
    const [low, high] = unknown.between;
    return compareNumbers(value, low) < 0 || compareNumbers(value, high) > 0;
  }
  const count = lengthBounds(value);
  return (
    unknown.length !== undefined &&
    count !== undefined &&
    (count[1] < unknown.length[0] || count[0] > unknown.length[1])
  );
}

/** `<`, `<=`, `>`, `>=` where the bounds decide it. */
export function comparedBounds(operator: string, a: Value, b: Value): boolean | undefined {
  const [one, other] = [numberBounds(a), numberBounds(b)];
  if (one === undefined || other === undefined) return undefined;
  const below = compareNumbers(one[1], other[0]);
  const above = compareNumbers(one[0], other[1]);
  if (operator === "<") return below < 0 ? true : above >= 0 ? false : undefined;
  if (operator === "<=") return below <= 0 ? true : above > 0 ? false : undefined;
  if (operator === ">") return above > 0 ? true : below <= 0 ? false : undefined;
  return above >= 0 ? true : below < 0 ? false : undefined;
}
