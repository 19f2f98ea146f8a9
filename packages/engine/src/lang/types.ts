import type { Type } from "../schema.ts";

/** Types as people write them: `list(string)`, `object({ name = string })`. */
export function showType(type: Type): string {
  if (typeof type === "string") return type === "dynamic" ? "any" : type;
  if (type[0] === "tuple") return `tuple([${type[1].map(showType).join(", ")}])`;
  if (type[0] === "object") {
    const fields = Object.entries(type[1]).map(([name, field]) => `${name} = ${showType(field)}`);
    return fields.length === 0 ? "object({})" : `object({ ${fields.join(", ")} })`;
  }
  return `${type[0]}(${showType(type[1])})`;
}

/** Types as error messages name them: "string", "list of string", "object". */
export function nameType(type: Type): string {
  if (typeof type === "string") return type === "dynamic" ? "dynamic" : type;
  if (type[0] === "tuple" || type[0] === "object") return type[0];
  return type[1] === "dynamic" ? `${type[0]} of any single type` : `${type[0]} of ${nameType(type[1])}`;
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (typeof a === "string" || typeof b === "string" || a[0] !== b[0]) return false;
  if (a[0] === "tuple" && b[0] === "tuple") {
    const other = b[1];
    return a[1].length === other.length && a[1].every((item, i) => sameType(item, other[i] ?? "dynamic"));
  }
  if (a[0] === "object" && b[0] === "object") {
    const other = b[1];
    const names = Object.keys(a[1]);
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => {
        const [left, right] = [a[1][name], Object.hasOwn(other, name) ? other[name] : undefined];
        return left !== undefined && right !== undefined && sameType(left, right);
      })
    );
  }
  return sameType(a[1] as Type, b[1] as Type);
}

export const isPrimitive = (type: Type): type is "string" | "number" | "bool" =>
  type === "string" || type === "number" || type === "bool";

/** Whether values of one type may convert to another; some values of it may still fail (text to number). */
export function mayConvert(from: Type, to: Type): boolean {
  if (from === "dynamic" || to === "dynamic" || sameType(from, to)) return true;
  if (typeof from === "string" || typeof to === "string") {
    return isPrimitive(from) && isPrimitive(to) && (from === "string" || to === "string");
  }
  const [source, target] = [from[0], to[0]];
  if (to[0] === "object") {
    const fields = to[1];
    if (from[0] === "map") return Object.values(fields).every((field) => mayConvert(from[1], field));
    if (from[0] !== "object") return false;
    const given = from[1];
    return Object.entries(fields).every(
      ([name, field]) => Object.hasOwn(given, name) && mayConvert(given[name] as Type, field),
    );
  }
  if (to[0] === "tuple") {
    const items = to[1];
    return (
      from[0] === "tuple" &&
      from[1].length === items.length &&
      from[1].every((item, i) => mayConvert(item, items[i] as Type))
    );
  }
  const element = to[1];
  if (target === "map") {
    return source === "map" || source === "object" ? partsMayConvert(from, element) : false;
  }
  return source === "list" || source === "set" || source === "tuple" ? partsMayConvert(from, element) : false;
}

function partsMayConvert(from: Exclude<Type, string>, element: Type): boolean {
  const parts = partsOf(from);
  if (element === "dynamic") return unify(parts) !== undefined;
  return parts.every((part) => mayConvert(part, element));
}

/** Types of the elements or attributes. */
export function partsOf(type: Exclude<Type, string>): readonly Type[] {
  if (type[0] === "tuple") return type[1];
  if (type[0] === "object") return Object.values(type[1]);
  return [type[1]];
}

/** The one type that all of these convert to, or undefined where there is none. */
export function unify(types: readonly Type[]): Type | undefined {
  const [first] = types;
  if (first === undefined) return "dynamic";
  if (types.every((type) => sameType(type, first))) return first;
  const structures = unifyStructures(types);
  return structures === "mixed" ? unifyByPreference(types) : structures;
}

const kindOf = (type: Type): string => (typeof type === "string" ? type : type[0]);

/** Structures of one kind have a common type of that kind, even if none of them is it, or none at all. */
function unifyStructures(types: readonly Type[]): Type | "mixed" | undefined {
  const known = types.filter((type) => type !== "dynamic");
  const kinds = new Set(known.map(kindOf));
  const hasDynamic = known.length < types.length;
  const only = (...wanted: string[]): boolean => [...kinds].every((kind) => wanted.includes(kind));
  if (kinds.has("object") && kinds.has("tuple")) return undefined;
  for (const kind of ["map", "list", "set"] as const) {
    if (kinds.has(kind) && only(kind)) return hasDynamic ? "dynamic" : collected(kind, known);
  }
  if (kinds.has("map") && only("map", "object")) return collected("map", known);
  if (kinds.has("list") && only("list", "tuple")) return collected("list", known);
  if (kinds.has("object") && only("object")) return hasDynamic ? "dynamic" : unifyObjects(known);
  if (kinds.has("tuple") && only("tuple")) return hasDynamic ? "dynamic" : unifyTuples(known);
  return "mixed";
}

/** A collection whose elements are whatever all parts of these types agree on. */
function collected(kind: "list" | "set" | "map", types: readonly Type[]): Type | undefined {
  const element = unify(types.flatMap((type) => (typeof type === "string" ? [] : partsOf(type))));
  if (element === undefined) return undefined;
  const type: Type = [kind, element];
  // "Any" is no common element for parts that have none among themselves.
  return types.every((one) => mayConvert(one, type)) ? type : undefined;
}

function unifyObjects(types: readonly Type[]): Type | undefined {
  const fields = types.map((type) => type[1] as Readonly<Record<string, Type>>);
  const names = Object.keys(fields[0] ?? {});
  const alike = fields.every(
    (one) => Object.keys(one).length === names.length && names.every((name) => Object.hasOwn(one, name)),
  );
  if (!alike) return collected("map", types);
  const unified = names.map((name) => [name, unify(fields.map((one) => one[name] as Type))] as const);
  return unified.every(([, type]) => type !== undefined)
    ? (["object", Object.fromEntries(unified)] as Type)
    : undefined;
}

function unifyTuples(types: readonly Type[]): Type | undefined {
  const items = types.map((type) => type[1] as readonly Type[]);
  const length = items[0]?.length ?? 0;
  if (items.some((one) => one.length !== length)) return collected("list", types);
  const unified = Array.from({ length }, (_, i) => unify(items.map((one) => one[i] as Type)));
  return unified.every((type) => type !== undefined) ? ["tuple", unified] : undefined;
}

const preference = ["string", "number", "bool", "list", "set", "tuple", "map", "object", "dynamic"];

/** The first of the types, most general first, that all others convert to. */
function unifyByPreference(types: readonly Type[]): Type | undefined {
  const kinds = new Set(types.map(kindOf));
  if (kinds.has("object") && kinds.has("tuple")) return undefined;
  const order = types.toSorted((a, b) => preference.indexOf(kindOf(a)) - preference.indexOf(kindOf(b)));
  return order.find((wanted) => types.every((type) => mayConvert(type, wanted)));
}
