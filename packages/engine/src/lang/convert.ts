import { fail, nearest } from "@doge/core";
import type { Type } from "../schema.ts";
import { mayConvert, nameType, partsOf, sameType, unify } from "./types.ts";
import { collectionOf } from "./bounds.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

/** Why a conversion fails, and at which part; `convert` turns it into a diagnostic. */
export class Mismatch extends Error {
  readonly path: readonly (string | number)[];

  constructor(message: string, path: readonly (string | number)[] = []) {
    super(message);
    this.path = path;
  }

  /** `attribute "a": element 0: a number is required` */
  get reason(): string {
    return [
      ...this.path.map((step) => (typeof step === "number" ? `element ${step}` : `attribute "${step}"`)),
      this.message,
    ].join(": ");
  }

  within(step: string | number): Mismatch {
    return new Mismatch(this.message, [step, ...this.path]);
  }
}

/** The value as `type`, by Terraform's rules of conversion; throws a diagnostic that says which part doesn't fit. */
export function convert(value: Value, type: Type, what = "value"): Value {
  const result = tryConvert(value, type);
  if (!(result instanceof Mismatch)) return result;
  fail({
    code: "wrong-type",
    summary: "Unsuitable value type",
    detail: `Inappropriate value for ${what}${showPath(result.path)}: ${result.message}.`,
  });
}

function showPath(path: readonly (string | number)[]): string {
  if (path.length === 0) return "";
  return `: ${path.map((step) => (typeof step === "number" ? `element ${step}` : `attribute "${step}"`)).join(": ")}`;
}

/** The value as `type`, or why it can't be. */
export function tryConvert(value: Value, type: Type): Value | Mismatch {
  try {
    return converted(value, type);
  } catch (thrown) {
    if (thrown instanceof Mismatch) return thrown;
    throw thrown;
  }
}

function converted(value: Value, type: Type): Value {
  return v.carry(convertedUnmarked(value, type), value);
}

function convertedUnmarked(value: Value, type: Type): Value {
  if (type === "dynamic") return value;
  if (value.kind === "null" || value.kind === "unknown") {
    if (!mayConvert(value.type, type)) throw new Mismatch(`${nameType(type)} required`);
    if (value.kind === "null") return v.nullOf(settled(value.type, type));
    const wanted = settled(value.type, type);
    if (sameType(value.type, wanted)) return value;
    const counted = value.length && typeof wanted !== "string" && (wanted[0] === value.type[0] || wanted[0] === "list");
    if (counted) return { kind: "unknown", type: wanted, notNull: true, length: value.length };
    return value.notNull ? v.someOf(wanted) : v.unknownOf(wanted);
  }
  if (typeof type === "string") return primitive(value, type);
  switch (type[0]) {
    case "list":
    case "set":
      return sequence(value, type[0], type[1]);
    case "tuple":
      return tuple(value, type[1]);
    case "map":
      return mapping(value, type[1]);
    case "object":
      return object(value, type[1]);
  }
}

/** A collection of "any single type" takes the element type that the given type has. */
function settled(from: Type, to: Type): Type {
  if (typeof from === "string" || typeof to === "string" || to[0] === "tuple" || to[0] === "object") return to;
  return to[1] === "dynamic" ? [to[0], unify(partsOf(from)) ?? "dynamic"] : to;
}

function primitive(value: Value, type: "string" | "number" | "bool"): Value {
  if (value.kind === type) return value;
  if (type === "string") {
    if (value.kind === "number") return v.string(v.showNumber(value));
    if (value.kind === "bool") return v.string(String(value.value));
    throw new Mismatch("string required");
  }
  if (value.kind !== "string") throw new Mismatch(`${type} required`);
  if (type === "bool") {
    if (value.value === "true" || value.value === "1") return v.bool(true);
    if (value.value === "false" || value.value === "0") return v.bool(false);
    throw new Mismatch("a bool is required");
  }
  return v.numberFrom(value.value) ?? mismatch("a number is required");
}

function mismatch(message: string): never {
  throw new Mismatch(message);
}

function sequence(value: Value, kind: "list" | "set", element: Type): Value {
  if (!v.isSequence(value)) throw new Mismatch(`${kind} of ${nameType(element)} required`);
  const wanted = element === "dynamic" ? common(kind, value) : element;
  if (value.kind === kind && sameType(value.element, wanted)) return value;
  // Not even an empty one, where no element could be converted.
  if ("element" in value && !mayConvert(value.element, wanted))
    throw new Mismatch(`${kind} of ${nameType(wanted)} required`);
  const items = value.items.map((item, i) => step(i, () => converted(item, wanted)));
  // Elements of a set that are not known yet may turn out to be the same.
  if (value.kind === "set" && kind === "list" && !v.isWhollyKnown(value))
    return items.length === 1 ? collectionOf(["list", wanted], [1, 1]) : v.someOf(["list", wanted]);
  return kind === "list" ? v.list(wanted, items) : v.set(wanted, items);
}

/** The element type that the parts of a container agree on. */
function common(kind: "list" | "set" | "map", value: v.Sequence | v.Mapping): Type {
  if ("element" in value) return value.element;
  const types = [...v.parts(value)].map(v.typeOf);
  const unified = unify(types) ?? missing(kind);
  // "Any" is what they agree on only where none is known to be something else.
  const known = types.filter((type) => type !== "dynamic");
  if (unified === "dynamic" && known.some((type) => !sameType(type, known[0] as Type))) missing(kind);
  return unified;
}

function missing(kind: string): never {
  throw new Mismatch(`all ${kind} elements must have the same type`);
}

function tuple(value: Value, types: readonly Type[]): Value {
  if (!v.isSequence(value) || value.kind === "set") throw new Mismatch("tuple required");
  if (value.items.length !== types.length) {
    throw new Mismatch(`tuple of ${types.length} elements required, but got ${value.items.length}`);
  }
  return v.tuple(value.items.map((item, i) => step(i, () => converted(item, types[i] as Type))));
}

function mapping(value: Value, element: Type): Value {
  if (!v.isMapping(value)) throw new Mismatch(`map of ${nameType(element)} required`);
  const wanted = element === "dynamic" ? common("map", value) : element;
  if ("element" in value && !mayConvert(value.element, wanted))
    throw new Mismatch(`map of ${nameType(wanted)} required`);
  return v.map(
    wanted,
    [...value.entries].map(([name, item]) => [name, step(name, () => converted(item, wanted))] as const),
  );
}

function object(value: Value, fields: Readonly<Record<string, Type>>): Value {
  if (!v.isMapping(value)) throw new Mismatch("object required");
  const absent = Object.keys(fields).filter((name) => !value.entries.has(name));
  if (absent.length > 0) {
    const extra = [...value.entries.keys()].filter((name) => !Object.hasOwn(fields, name));
    const close = nearest(absent[0] as string, extra);
    const hint = close === undefined ? "" : ` (there is "${close}": a slip of the pen?)`;
    throw new Mismatch(
      `${absent.length > 1 ? "attributes" : "attribute"} ${quoted(absent)} ${absent.length > 1 ? "are" : "is"} required${hint}`,
    );
  }
  return v.object(
    Object.entries(fields).map(
      ([name, type]) => [name, step(name, () => converted(value.entries.get(name) as Value, type))] as const,
    ),
  );
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

function step(at: string | number, body: () => Value): Value {
  try {
    return body();
  } catch (thrown) {
    throw thrown instanceof Mismatch ? thrown.within(at) : thrown;
  }
}
