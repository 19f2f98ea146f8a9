import { fail } from "@doge/core";
import type { Node } from "../lang/ast.ts";
import { convert } from "../lang/convert.ts";
import { emptyScope, evaluate } from "../lang/evaluate.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Type } from "../schema.ts";
import type { Constraint, Field } from "./model.ts";

const words: Readonly<Record<string, Type>> = {
  string: "string",
  number: "number",
  bool: "bool",
  any: "dynamic",
  // the spelling of Terraform 0.11
  list: ["list", "dynamic"],
  map: ["map", "dynamic"],
};

/** A type constraint as variables declare it: `map(object({ size = optional(string, "s") }))`. */
export function constraintOf(node: Node): Constraint {
  if (node.kind === "reference" && node.names.length === 0) {
    const type = words[node.root];
    if (type !== undefined) return { kind: "plain", type };
  }
  const [argument] = node.kind === "call" ? node.args : [];
  if (node.kind !== "call" || argument === undefined || node.args.length !== 1) return invalid();
  switch (node.name) {
    case "list":
    case "set":
    case "map":
      return { kind: node.name, element: constraintOf(argument) };
    case "tuple":
      return argument.kind === "tuple" ? { kind: "tuple", items: argument.items.map(constraintOf) } : invalid();
    case "object":
      if (argument.kind !== "object") return invalid();
      return {
        kind: "object",
        fields: Object.fromEntries(
          argument.entries.map(([key, field]) => [v.toPlain(evaluate(key, emptyScope)) as string, fieldOf(field)]),
        ),
      };
    default:
      return invalid();
  }
}

function fieldOf(node: Node): Field {
  if (node.kind !== "call" || node.name !== "optional") return { constraint: constraintOf(node), optional: false };
  const [type, fallback] = node.args;
  if (type === undefined) return invalid();
  const constraint = constraintOf(type);
  if (fallback === undefined) return { constraint, optional: true };
  return { constraint, optional: true, default: constrain(evaluate(fallback, emptyScope), constraint, "default") };
}

const invalid = (): never =>
  fail({
    code: "invalid-type",
    summary: "Invalid type specification",
    detail: "A type is string, number, bool, any, list(…), set(…), map(…), tuple([…]) or object({…}).",
  });

export function typeOfConstraint(constraint: Constraint): Type {
  switch (constraint.kind) {
    case "plain":
      return constraint.type;
    case "list":
    case "set":
    case "map":
      return [constraint.kind, typeOfConstraint(constraint.element)];
    case "tuple":
      return ["tuple", constraint.items.map(typeOfConstraint)];
    case "object":
      return [
        "object",
        Object.fromEntries(
          Object.entries(constraint.fields).map(([name, field]) => [name, typeOfConstraint(field.constraint)]),
        ),
      ];
  }
}

/** The value as the constraint's type, optional attributes filled in. Throws a `wrong-type` diagnostic. */
export const constrain = (value: Value, constraint: Constraint, what: string): Value =>
  convert(filled(value, constraint), typeOfConstraint(constraint), what);

function filled(value: Value, constraint: Constraint): Value {
  if (constraint.kind === "plain" || value.kind === "null" || value.kind === "unknown") return value;
  if (constraint.kind === "tuple") {
    return v.mapParts(value, (part, i) =>
      filled(part, constraint.items[i as number] ?? { kind: "plain", type: "dynamic" }),
    );
  }
  if (constraint.kind !== "object") {
    const parts = v.mapParts(value, (part) => filled(part, constraint.element));
    // The elements may differ now from the type that the container had.
    if (parts.kind === "list" || parts.kind === "set") return v.markIf(v.tuple(parts.items), value.sensitive);
    return parts.kind === "map" ? v.markIf(v.object(parts.entries), value.sensitive) : parts;
  }
  if (!v.isMapping(value)) return value;
  const entries = new Map(value.entries);
  for (const [name, field] of Object.entries(constraint.fields)) {
    const given = entries.get(name);
    const absent = given === undefined || (given.kind === "null" && field.default !== undefined);
    if (!absent) entries.set(name, filled(given, field.constraint));
    else if (field.optional) entries.set(name, field.default ?? v.nullOf(typeOfConstraint(field.constraint)));
  }
  return v.markIf(v.object(entries), value.sensitive);
}
