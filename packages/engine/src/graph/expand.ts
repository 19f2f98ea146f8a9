import { fail } from "@doge/core";
import { locating } from "../config/locate.ts";
import type { Expression, ResourceBlock } from "../config/model.ts";
import { convert } from "../lang/convert.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";

export type Key = string | number | undefined;

/** One instance of a block: its key, and what `each.value` is for it. */
export interface Repetition {
  readonly key: Key;
  readonly value?: Value;
}

/** The instances that `count` and `for_each` ask for. Throws where that can't be told yet. */
export function expand(
  { count, forEach }: Pick<ResourceBlock, "count" | "forEach">,
  address: string,
  evaluate: (expression: Expression) => Value,
): readonly Repetition[] {
  if (count) return locating(count.place, address, () => counted(evaluate(count)));
  if (forEach) return locating(forEach.place, address, () => forEachOf(evaluate(forEach)));
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
