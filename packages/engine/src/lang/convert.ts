import { fail, nearest } from "@doge/core";
import type { Type } from "../schema.ts";
import { nameType, sameType, unify } from "./types.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

/** Thrown inside a conversion; `convert` turns it into a diagnostic that names the path. */
class Mismatch extends Error {
  readonly path: readonly (string | number)[];

  constructor(message: string, path: readonly (string | number)[] = []) {
    super(message);
    this.path = path;
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

function tryConvert(value: Value, type: Type): Value | Mismatch {
  try {
    return converted(value, type);
  } catch (thrown) {
    if (thrown instanceof Mismatch) return thrown;
    throw thrown;
  }
}

function converted(value: Value, type: Type): Value {
  return v.markIf(convertedUnmarked(value, type), value.sensitive);
}

function convertedUnmarked(value: Value, type: Type): Value {
  if (type === "dynamic") return value;
  if (value.kind === "null") return v.nullOf(type);
  if (value.kind === "unknown") {
    if (value.type !== "dynamic" && !mayConvert(value.type, type)) throw new Mismatch(`${nameType(type)} required`);
    return v.unknownOf(type);
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

function mayConvert(from: Type, to: Type): boolean {
  if (sameType(from, to) || from === "dynamic" || to === "dynamic") return true;
  const [simpleFrom, simpleTo] = [typeof from === "string", typeof to === "string"];
  if (simpleFrom !== simpleTo) return false;
  if (simpleFrom) return from === "string" || to === "string";
  const sequences = ["list", "set", "tuple"];
  return sequences.includes(from[0]) === sequences.includes(to[0]);
}

function primitive(value: Value, type: "string" | "number" | "bool"): Value {
  if (value.kind === type) return value;
  if (type === "string") {
    if (value.kind === "number") return v.string(showNumber(value.value));
    if (value.kind === "bool") return v.string(String(value.value));
    throw new Mismatch("string required");
  }
  if (value.kind !== "string") throw new Mismatch(`a ${type} is required`);
  if (type === "bool") {
    if (value.value === "true" || value.value === "1") return v.bool(true);
    if (value.value === "false" || value.value === "0") return v.bool(false);
    throw new Mismatch("a bool is required");
  }
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(value.value)) throw new Mismatch("a number is required");
  return v.number(Number(value.value));
}

/** A number in full decimal form, never in exponents. */
export function showNumber(value: number): string {
  const text = String(value);
  if (!/e/i.test(text)) return text;
  if (Number.isInteger(value)) return BigInt(value).toString();
  return value.toLocaleString("en-US", { useGrouping: false, maximumFractionDigits: 20 });
}

function sequence(value: Value, kind: "list" | "set", element: Type): Value {
  if (!v.isSequence(value)) throw new Mismatch(`${kind} of ${nameType(element)} required`);
  let wanted = element;
  if (element === "dynamic") {
    wanted = value.kind === "tuple" ? (unify(value.items.map(v.typeOf)) ?? missing(kind)) : value.element;
  }
  const items = value.items.map((item, i) => step(i, () => converted(item, wanted)));
  return kind === "list" ? v.list(wanted, items) : v.set(wanted, items);
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
  let wanted = element;
  if (element === "dynamic") {
    wanted =
      value.kind === "object" ? (unify([...value.entries.values()].map(v.typeOf)) ?? missing("map")) : value.element;
  }
  return v.map(
    wanted,
    [...value.entries].map(([name, item]) => [name, step(name, () => converted(item, wanted))] as const),
  );
}

function object(value: Value, fields: Readonly<Record<string, Type>>): Value {
  if (!v.isMapping(value)) throw new Mismatch("object required");
  const absent = Object.keys(fields).filter((name) => !value.entries.has(name));
  if (absent.length > 0) {
    const extra = [...value.entries.keys()].filter((name) => !(name in fields));
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
