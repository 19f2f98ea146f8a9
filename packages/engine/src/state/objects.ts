import { decodeAs, typeOfBlock } from "../config/schema-types.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes } from "../provider.ts";
import type { Block } from "../schema.ts";
import type { PathStep, StateInstance } from "./model.ts";

/** The object of an instance as a value, with the marks of the state and of the schema. */
export function objectOf(instance: Pick<StateInstance, "attributes" | "sensitive_attributes">, schema: Block): Value {
  return withMarks(instance.attributes, schema, instance.sensitive_attributes ?? []);
}

export function withMarks(attributes: Attributes, schema: Block, paths: readonly (readonly PathStep[])[]): Value {
  return markSchema(marked(decodeAs(attributes, typeOfBlock(schema)), paths), schema);
}

/** The value with the state's marks on it. */
export const marked = (value: Value, paths: readonly (readonly PathStep[])[]): Value =>
  paths.reduce((whole, path) => markAt(whole, path.map(stepKey)), value);

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

/** The places of all marks, outermost first: marks inside a marked value are not repeated. */
export function sensitivePaths(value: Value, at: Path = []): Path[] {
  if (value.sensitive) return [at];
  const found: Path[] = [];
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
    if (part.sensitive && at.length > 0) {
      paths.push(at);
      return;
    }
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
  if (marked.sensitive) return v.mark(value);
  if (v.isMapping(value) && v.isMapping(marked))
    return v.mapParts(value, (part, key) => copyMarks(part, marked.entries.get(key as string)));
  if (v.isSequence(value) && v.isSequence(marked)) {
    if (value.kind === "set") return v.markIf(value, v.hasSensitive(marked));
    return v.mapParts(value, (part, key) => copyMarks(part, marked.items[key as number]));
  }
  return value;
}
