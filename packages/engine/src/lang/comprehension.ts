import { fail } from "@doge/core";
import { Mismatch, tryConvert } from "./convert.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

export const isIterable = (value: Value): boolean => {
  const type = v.typeOf(value);
  return type === "dynamic" || typeof type !== "string";
};

export const invalidFor = (detail: string): never =>
  fail({ code: "invalid-for", summary: "Iteration over non-iterable value", detail });

export function forCondition(value: Value): Value {
  const invalid = (why: string): never =>
    fail({
      code: "invalid-for",
      summary: "Invalid 'for' condition",
      detail: `The 'if' clause value is invalid: ${why}.`,
    });
  if (value.kind === "null") return invalid("it is null, and must be either true or false");
  const keep = tryConvert(value, "bool");
  return keep instanceof Mismatch ? invalid(keep.reason) : keep;
}

export function* pairs(collection: v.Sequence | v.Mapping): Iterable<readonly [Value, Value]> {
  if (v.isMapping(collection)) {
    for (const [name, item] of collection.entries) yield [v.string(name), item];
    return;
  }
  for (const [i, item] of collection.items.entries()) yield [collection.kind === "set" ? item : v.count(i), item];
}

export function collect(rows: readonly (readonly [Value | undefined, Value])[], group: boolean): Value {
  const entries = new Map<string, Value[]>();
  const keys: Value[] = [];
  let known = true;
  for (const [given, value] of rows) {
    const key = forKey(given as Value);
    // As for terraform: what a key is made of counts once the key is known.
    if (key.kind !== "string") {
      known = false;
      continue;
    }
    keys.push(key);
    const before = entries.get(key.value);
    if (before === undefined) entries.set(key.value, [value]);
    else if (group) before.push(value);
    else duplicateKey(key);
  }
  if (!known) return v.carry(v.unknownOf(), ...keys);
  const made = [...entries].map(([name, items]) => [name, group ? v.tuple(items) : (items[0] as Value)] as const);
  return v.carry(v.object(made), ...keys);
}

function forKey(value: Value): Value {
  const invalid = (why: string): never =>
    fail({
      code: "null-key",
      summary: "Invalid object key",
      detail: `The key expression in a 'for' expression ${why}.`,
    });
  if (value.kind === "null") return invalid("must not produce a null value");
  const key = tryConvert(value, "string");
  return key instanceof Mismatch ? invalid(`must give strings: ${key.reason}`) : key;
}

function duplicateKey(key: Value): never {
  const shown = key.sensitive || key.ephemeral || key.kind !== "string" ? "(sensitive)" : `"${key.value}"`;
  return fail({
    code: "duplicate-key",
    summary: "Duplicate object key",
    detail: `Two different items produced the key ${shown} in this 'for' expression.`,
    remedy: "If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key.",
  });
}

const nullKey = (): never =>
  fail({ code: "null-key", summary: "Null value as key", detail: "Can't use a null value as a key." });

export function keyText(value: Value, what: string): Value {
  if (value.kind === "null") return nullKey();
  const key = tryConvert(value, "string");
  if (!(key instanceof Mismatch)) return key;
  return fail({
    code: "wrong-type",
    summary: "Incorrect key type",
    detail: `Can't use this value as ${what}: ${key.reason}.`,
  });
}
