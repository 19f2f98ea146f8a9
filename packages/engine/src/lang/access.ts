import { fail, nearest } from "@doge/core";
import type { Type } from "../schema.ts";
import { Mismatch, tryConvert } from "./convert.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

export const attributeOf = (target: Value, name: string): Value => v.carry(attributeOfUnmarked(target, name), target);

function attributeOfUnmarked(target: Value, name: string): Value {
  if (v.isMapping(target)) {
    const found = target.entries.get(name);
    if (found !== undefined) return found;
    return target.kind === "map"
      ? missingElement(name, [...target.entries.keys()])
      : unsupported(`This object does not have an attribute named "${name}".`, name, [...target.entries.keys()]);
  }
  if (target.kind === "unknown") return unknownPart(target.type, name);
  if (target.kind === "null") {
    fail({
      code: "null-attribute",
      summary: "Attempt to get attribute from null value",
      detail: `This value is null, so it does not have any attributes; "${name}" was asked for.`,
    });
  }
  const listed = v.isSequence(target) && target.kind !== "set";
  const hint = listed
    ? ` Did you mean to access attribute "${name}" for a specific element of the list, or across all of them with [*]?`
    : "";
  return unsupported(`Can't access attribute "${name}" on a ${target.kind}: it has no attributes.${hint}`, name, []);
}

function missingElement(name: string, known: readonly string[]): never {
  return fail({
    code: "missing-map-element",
    summary: "Missing map element",
    detail: `This map does not have an element with the key "${name}".`,
    ...remedy(name, known),
  });
}

function unsupported(detail: string, name: string, known: readonly string[]): never {
  return fail({ code: "unsupported-attribute", summary: "Unsupported attribute", detail, ...remedy(name, known) });
}

function remedy(name: string, known: readonly string[]): { readonly remedy?: string } {
  const close = nearest(name, known);
  return close === undefined ? {} : { remedy: `Did you mean "${close}"?` };
}

function unknownPart(type: Type, name: string): Value {
  if (type === "dynamic") return v.unknownOf();
  if (typeof type === "string")
    return unsupported(`Can't access attribute "${name}" on a ${type}: it has no attributes.`, name, []);
  if (type[0] === "map") return v.unknownOf(type[1]);
  if (type[0] !== "object")
    return unsupported(`Can't access attribute "${name}" on a ${type[0]}: it has no attributes.`, name, []);
  const field = Object.hasOwn(type[1], name) ? type[1][name] : undefined;
  if (field !== undefined) return v.unknownOf(field);
  return unsupported(`This object does not have an attribute named "${name}".`, name, Object.keys(type[1]));
}

export const elementOf = (target: Value, key: Value): Value => v.carry(elementOfUnmarked(target, key), target, key);

function elementOfUnmarked(target: Value, key: Value): Value {
  if (target.kind === "null") {
    return fail({
      code: "invalid-index",
      summary: "Attempt to index null value",
      detail: "This value is null, so it does not have any indices.",
    });
  }
  if (key.kind === "null") return invalidIndex("Can't use a null value as an indexing key.");
  // A message about a key that is missing would show the secret.
  if (key.sensitive || key.ephemeral) return secretElementOf(target, key);
  const type = v.typeOf(target);
  if (type === "dynamic") return v.unknownOf();
  if (typeof type === "string") return invalidIndex("This value does not have any indices.");
  switch (type[0]) {
    case "map":
    case "object":
      return entryOf(target, type, asKey(key, "string"));
    case "set":
      return invalidIndex(
        "Elements of a set are identified only by their value and don't have any separate index or key to select with. Use tolist(…) first, or one(…) for a set of one.",
      );
    default:
      return itemOf(target, type, asKey(key, "number"));
  }
}

function asKey(key: Value, type: "string" | "number"): Value {
  const converted = tryConvert(key, type);
  if (!(converted instanceof Mismatch)) return converted;
  return invalidIndex(`The given key does not identify an element in this collection value: ${converted.reason}.`);
}

function entryOf(target: Value, type: Exclude<Type, string>, key: Value): Value {
  if (key.kind !== "string") return v.unknownOf(type[0] === "map" ? type[1] : "dynamic");
  if (target.kind === "unknown" && type[0] === "map") return v.unknownOf(type[1]);
  const known = v.isMapping(target) ? [...target.entries.keys()] : Object.keys(type[1] as object);
  const found = v.isMapping(target)
    ? target.entries.get(key.value)
    : known.includes(key.value)
      ? unknownPart(type, key.value)
      : undefined;
  if (found !== undefined) return found;
  return fail({
    code: "invalid-index",
    summary: "Invalid index",
    detail: `The given key does not identify an element in this collection value: there is no "${key.value}".`,
    ...remedy(key.value, known),
  });
}

function itemOf(target: Value, type: Exclude<Type, string>, key: Value): Value {
  const element = type[0] === "list" ? type[1] : undefined;
  if (key.kind !== "number") return v.unknownOf(element ?? "dynamic");
  const at = key.value;
  if (!v.isWholeNumber(key) || at < 0) {
    return invalidIndex(
      `The given key does not identify an element in this collection value: ${at < 0 ? "a negative number is not a valid index" : "indexing a sequence requires a whole number"}.`,
    );
  }
  if (!v.isSequence(target)) {
    if (element !== undefined) return v.unknownOf(element);
    const item = (type[1] as readonly Type[])[at];
    if (item !== undefined) return v.unknownOf(item);
  }
  const items = v.isSequence(target) ? target.items : (type[1] as readonly Type[]);
  const found = v.isSequence(target) ? target.items[at] : undefined;
  if (found !== undefined) return found;
  return invalidIndex(
    `The given key does not identify an element in this collection value: the index ${v.showNumber(key)} is beyond its ${items.length} element${items.length === 1 ? "" : "s"}.`,
  );
}

function secretElementOf(target: Value, key: Value): Value {
  try {
    return elementOfUnmarked(target, v.unmark(key));
  } catch {
    return invalidIndex("The key, which is sensitive, does not identify an element in this collection.");
  }
}

const invalidIndex = (detail: string): never => fail({ code: "invalid-index", summary: "Invalid index", detail });
