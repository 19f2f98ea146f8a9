import type { Type } from "../schema.ts";

/**
 * A value of the Terraform language. `sensitive` marks this value and all it contains; parts may carry
 * marks of their own. An unknown value is one that only an apply will tell; its type may be known.
 */
export type Value = (
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "null"; readonly type: Type }
  | { readonly kind: "unknown"; readonly type: Type }
  | { readonly kind: "list" | "set"; readonly element: Type; readonly items: readonly Value[] }
  | { readonly kind: "tuple"; readonly items: readonly Value[] }
  | { readonly kind: "map"; readonly element: Type; readonly entries: ReadonlyMap<string, Value> }
  | { readonly kind: "object"; readonly entries: ReadonlyMap<string, Value> }
) & { readonly sensitive?: true };

export type Sequence = Extract<Value, { items: readonly Value[] }>;
export type Mapping = Extract<Value, { entries: ReadonlyMap<string, Value> }>;

export const string = (value: string): Value => ({ kind: "string", value });
export const number = (value: number): Value => ({ kind: "number", value });
export const bool = (value: boolean): Value => ({ kind: "bool", value });
export const nullOf = (type: Type = "dynamic"): Value => ({ kind: "null", type });
export const unknownOf = (type: Type = "dynamic"): Value => ({ kind: "unknown", type });
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

/** A set: equal elements once, in a stable order (numbers by size, all else by text). */
export function set(element: Type, items: readonly Value[]): Value {
  const unique = new Map<string, Value>();
  let sensitive = false;
  for (const item of items) {
    // An unknown element may turn out equal to another one, or not: each is kept.
    const key = isWhollyKnown(item) ? canonical(item) : `?${unique.size}`;
    sensitive ||= hasSensitive(item);
    if (!unique.has(key)) unique.set(key, unmarkDeep(item));
  }
  const order = [...unique].sort(([a, x], [b, y]) => {
    if (x.kind === "number" && y.kind === "number") return x.value - y.value;
    return a < b ? -1 : a > b ? 1 : 0;
  });
  return markIf({ kind: "set", element, items: order.map(([, item]) => item) }, sensitive);
}

function sorted(entries: Iterable<readonly [string, Value]>): ReadonlyMap<string, Value> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

export const isSequence = (value: Value): value is Sequence => "items" in value;
export const isMapping = (value: Value): value is Mapping => "entries" in value;
export const isNull = (value: Value): boolean => value.kind === "null";
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

export const mark = (value: Value): Value => (value.sensitive ? value : { ...value, sensitive: true });
export const markIf = (value: Value, sensitive: boolean | undefined): Value => (sensitive ? mark(value) : value);

/** The value without its own mark; the marks of its parts stay. */
export function unmark(value: Value): Value {
  if (!value.sensitive) return value;
  const { sensitive: _, ...rest } = value;
  return rest;
}

export function unmarkDeep(value: Value): Value {
  if (!hasSensitive(value)) return value;
  return unmark(mapParts(value, unmarkDeep));
}

/** The same container over other parts; anything else as it is. */
export function mapParts(value: Value, change: (part: Value, key: string | number) => Value): Value {
  if (isSequence(value)) return { ...value, items: value.items.map(change) };
  if (isMapping(value)) {
    return { ...value, entries: new Map([...value.entries].map(([name, part]) => [name, change(part, name)])) };
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
  return "value" in a && "value" in b && a.kind === b.kind && a.value === b.value;
}

/** One text per content: the key by which sets tell elements apart. */
export function canonical(value: Value): string {
  return JSON.stringify(toPlain(value));
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
