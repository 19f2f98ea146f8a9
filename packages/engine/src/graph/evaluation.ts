import { fail } from "@doge/core";
import { locating } from "../config/locate.ts";
import type { Expression, ResourceBlock } from "../config/model.ts";
import type { Reference } from "../lang/ast.ts";
import { keyOf } from "../lang/ast.ts";
import { convert } from "../lang/convert.ts";
import { evaluate, type Scope } from "../lang/evaluate.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";

export type Key = string | number | undefined;

/** One instance of a resource block: its key, and what `each.value` is for it. */
export interface Repetition {
  readonly key: Key;
  readonly value?: Value;
}

/** The values known so far in one walk over the graph. */
export class Evaluation {
  readonly variables: ReadonlyMap<string, Value>;
  readonly locals = new Map<string, Value>();
  /** By resource address: an object, or a tuple or object of instances. */
  readonly resources = new Map<string, Value>();
  readonly #workspace: string;

  constructor(variables: ReadonlyMap<string, Value>, workspace: string) {
    this.variables = variables;
    this.#workspace = workspace;
  }

  scope(repetition: Repetition = { key: undefined }): Scope {
    return { value: (reference) => this.#value(reference, repetition) };
  }

  evaluate(expression: Expression, address: string, scope = this.scope()): Value {
    return locating(expression.place, address, () => evaluate(expression.node, scope));
  }

  #value(reference: Reference, { key, value }: Repetition): Value {
    const [name = ""] = reference.names;
    switch (reference.root) {
      case "var":
        return this.variables.get(name) ?? missing(reference);
      case "local":
        return this.locals.get(name) ?? missing(reference);
      case "each":
        return name === "key" ? v.string(String(key)) : (value ?? v.nullOf());
      case "count":
        return v.number(Number(key));
      case "path":
        return v.string(".");
      case "terraform":
        return v.string(this.#workspace);
      default:
        return this.resources.get(keyOf(reference)) ?? missing(reference);
    }
  }
}

const missing = (reference: Reference): never =>
  fail({
    code: "value-not-available",
    summary: "A value is not there",
    detail: `${keyOf(reference)} was not evaluated, because it failed or was not among the targets.`,
  });

/** The instances that `count` and `for_each` ask for. Throws where that can't be told yet. */
export function expand(block: ResourceBlock, evaluation: Evaluation): readonly Repetition[] {
  if (block.count) {
    const { count } = block;
    return locating(count.place, block.address, () => counted(evaluation.evaluate(count, block.address)));
  }
  if (block.forEach) {
    const { forEach } = block;
    return locating(forEach.place, block.address, () => forEachOf(evaluation.evaluate(forEach, block.address)));
  }
  return [{ key: undefined }];
}

function counted(value: Value): Repetition[] {
  const invalid = (detail: string): never => fail({ code: "invalid-count", summary: "Invalid count argument", detail });
  if (value.kind === "null") return invalid('The given "count" argument value is null. An integer is required.');
  if (value.kind === "unknown") {
    return invalid(
      'The "count" value depends on resource attributes that cannot be determined until apply, so Doge cannot predict how many instances will be created. Use -target to first apply only what the count depends on.',
    );
  }
  const count = convert(value, "number", "count");
  if (count.kind !== "number" || !Number.isInteger(count.value) || count.value < 0)
    return invalid("A whole number, not negative, is required.");
  return Array.from({ length: count.value }, (_, key) => ({ key }));
}

function forEachOf(value: Value): Repetition[] {
  const invalid = (detail: string): never =>
    fail({ code: "invalid-for-each", summary: "Invalid for_each argument", detail });
  if (value.sensitive) {
    return invalid(
      "Sensitive values, or values derived from sensitive values, cannot be used as for_each arguments. If used, the sensitive value could be exposed as a resource instance key.",
    );
  }
  if (value.kind === "null")
    return invalid('The given "for_each" argument value is null. A map, or set of strings is allowed.');
  if (value.kind === "unknown" || (value.kind === "set" && !v.isWhollyKnown(value))) {
    return invalid(
      'The "for_each" map or set includes keys derived from resource attributes that cannot be determined until apply. Use static keys with the unknown values in their values, or -target to first apply what they depend on.',
    );
  }
  if (v.isMapping(value)) return [...value.entries].map(([key, item]) => ({ key, value: item }));
  if (value.kind !== "set") {
    return invalid(
      `The "for_each" argument must be a map, or set of strings, and you have provided a value of type ${value.kind}.${v.isSequence(value) ? " Use toset(…) around it." : ""}`,
    );
  }
  return value.items.map((item) =>
    item.kind === "string" ? { key: item.value, value: item } : invalid("A set for for_each must hold strings."),
  );
}

/** The value of a resource block, put together from its instances. */
export function blockValue(block: ResourceBlock, instances: ReadonlyMap<Key, Value>): Value {
  if (block.count) {
    const keys = [...instances.keys()].filter((key) => typeof key === "number");
    const length = keys.length === 0 ? 0 : Math.max(...keys) + 1;
    return v.tuple(Array.from({ length }, (_, i) => instances.get(i) ?? v.nullOf()));
  }
  if (block.forEach) return v.object([...instances].map(([key, value]) => [String(key), value] as const));
  return instances.get(undefined) ?? v.nullOf();
}
