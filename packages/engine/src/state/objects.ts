import { decodeAs, typeOfBlock } from "../config/schema-types.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes } from "../provider.ts";
import type { Block, Type } from "../schema.ts";
import type { PathStep, StateInstance } from "./model.ts";

/** An object in the state's spelling, marks apart. */
export type StoredObject = Pick<StateInstance, "attributes" | "sensitive_attributes">;

export const storedObject = (object: Value, schema: Block): Required<StoredObject> => ({
  attributes: storedAttributes(object, schema),
  sensitive_attributes: statePaths(object),
});

/** The object of an instance as a value, with the marks of the state and of the schema. */
export function objectOf(instance: StoredObject, schema: Block): Value {
  const object = decodeStored(instance.attributes, typeOfBlock(schema));
  return markSchema(marked(object, instance.sensitive_attributes ?? []), schema);
}

export const withMarks = (attributes: Attributes, schema: Block, paths: readonly (readonly PathStep[])[]): Value =>
  markSchema(marked(decodeAs(attributes, typeOfBlock(schema)), paths), schema);

/** The value with the state's marks on it. */
export const marked = (value: Value, paths: readonly (readonly PathStep[])[]): Value =>
  paths.reduce((whole, path) => markAt(whole, path.map(stepKey)), value);

/** The object as the state keeps it: a value whose type the schema leaves open stands there with its type. */
const storedAttributes = (object: Value, schema: Block): Attributes => {
  const plain = v.toPlain(object) as Attributes;
  for (const name of openAttributes(schema)) {
    const value = v.isMapping(object) ? object.entries.get(name) : undefined;
    const type = value && v.typeOf(value);
    if (type !== undefined && type !== "dynamic") plain[name] = { value: plain[name], type };
  }
  return plain;
};

function decodeStored(attributes: Attributes, type: Type): Value {
  if (typeof type === "string" || type[0] !== "object") return decodeAs(attributes, type);
  const object = decodeAs(attributes, type);
  const open = Object.entries(type[1]).filter(([, field]) => field === "dynamic");
  if (open.length === 0 || !v.isMapping(object)) return object;
  const entries = new Map(object.entries);
  for (const [name] of open) {
    const stored = attributes[name];
    if (isTyped(stored)) entries.set(name, decodeAs(stored.value, stored.type));
  }
  return v.object(entries);
}

/** Stored attributes without the types that stand beside open ones. */
export const untyped = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).map(([name, one]) => [name, isTyped(one) ? one.value : one]));

const openAttributes = (schema: Block): string[] =>
  Object.keys(schema.attributes).filter((name) => schema.attributes[name]?.type === "dynamic");

const isTyped = (stored: unknown): stored is { readonly value: unknown; readonly type: Type } =>
  typeof stored === "object" &&
  stored !== null &&
  Object.keys(stored).length === 2 &&
  "value" in stored &&
  "type" in stored;

const stepKey = (step: PathStep): string | number => (step.type === "get_attr" ? step.value : step.value.value);

export type Path = readonly (string | number)[];

function markAt(value: Value, [step, ...rest]: Path): Value {
  if (step === undefined || value.kind === "set" || (!v.isMapping(value) && !v.isSequence(value))) return v.mark(value);
  return v.mapParts(value, (part, key) => (key === step ? markAt(part, rest) : part));
}

/** Marks whatever the schema calls sensitive. */
export function markSchema(value: Value, schema: Block): Value {
  if (!hasMarks(schema) || !v.isMapping(value)) return value;
  return v.mapParts(value, (part, name) => {
    if (schema.attributes[name]?.sensitive) return part.kind === "null" ? part : v.mark(part);
    const nested = schema.blocks?.[name];
    if (nested === undefined) return part;
    if (v.isMapping(part)) return markSchema(part, nested.block);
    // Elements of a set can't carry marks of their own: the set does.
    if (part.kind === "set") return v.markIf(part, part.items.length > 0 && hasMarks(nested.block));
    return v.mapParts(part, (item) => markSchema(item, nested.block));
  });
}

const hasMarks = (schema: Block): boolean =>
  Object.values(schema.attributes).some((attribute) => attribute.sensitive) ||
  Object.values(schema.blocks ?? {}).some((nested) => hasMarks(nested.block));

/** The places of all marks, outermost first, those inside a marked value among them. */
export function sensitivePaths(value: Value, at: Path = []): Path[] {
  const found: Path[] = value.sensitive ? [at] : [];
  v.mapParts(value, (part, key) => {
    found.push(...sensitivePaths(part, [...at, key]));
    return part;
  });
  return found;
}

/** Marks in the state's spelling: attributes by name, elements of maps and lists by index. */
export function statePaths(value: Value): PathStep[][] {
  const paths: PathStep[][] = [];
  const walk = (part: Value, at: PathStep[]): void => {
    if (part.sensitive && at.length > 0) paths.push(at);
    v.mapParts(part, (inner, key) => {
      walk(inner, [...at, part.kind === "object" ? { type: "get_attr", value: String(key) } : index(key)]);
      return inner;
    });
  };
  walk(value, []);
  return paths;
}

const index = (key: string | number): PathStep => ({
  type: "index",
  value: { value: key, type: typeof key === "number" ? "number" : "string" },
});

/** Puts the marks of `marked` on `value`, where both have such a part. */
export function copyMarks(value: Value, marked: Value | undefined): Value {
  if (marked === undefined) return value;
  return v.markIf(withInnerMarks(value, marked), marked.sensitive);
}

function withInnerMarks(value: Value, marked: Value): Value {
  if (v.isMapping(value) && v.isMapping(marked))
    return v.mapParts(value, (part, key) => copyMarks(part, marked.entries.get(key as string)));
  if (v.isSequence(value) && v.isSequence(marked)) {
    if (value.kind === "set") return v.markIf(value, v.hasSensitive(marked));
    return v.mapParts(value, (part, key) => copyMarks(part, marked.items[key as number]));
  }
  return value;
}
