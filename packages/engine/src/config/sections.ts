import { error, DogeError, fail, nearest } from "@doge/core";
import { keyOf, type Node } from "../lang/ast.ts";
import { emptyScope, evaluate } from "../lang/evaluate.ts";
import { referencesOf } from "../lang/references.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import { constrain, constraintOf } from "./constraints.ts";
import { misplaced } from "./json.ts";
import { locating, placed } from "./locate.ts";
import type {
  CheckBlock,
  Constraint,
  Expression,
  OutputBlock,
  Place,
  ProviderBlock,
  ProviderRequirement,
  Rule,
  VariableBlock,
} from "./model.ts";
import { attributeIn, blocksIn, type SourceAttribute, type SourceBody, without } from "./source.ts";

export const expressionOf = (attribute: SourceAttribute): Expression => ({
  node: attribute.node(),
  place: attribute.place,
});

export function decodeVariable(name: string, body: SourceBody, place: Place): VariableBlock {
  only(body, ["type", "default", "description", "sensitive", "nullable", "ephemeral"], ["validation"]);
  const type = attributeIn(body, "type");
  const constraint: Constraint =
    type === undefined
      ? { kind: "plain", type: "dynamic" }
      : locating(type.place, `var.${name}`, () => constraintOf(type.bare()));
  const fallback = attributeIn(body, "default");
  const value = fallback && locating(fallback.place, `var.${name}`, () => defaultOf(fallback, constraint));
  const primitive = constraint.kind === "plain" && constraint.type !== "dynamic" && typeof constraint.type === "string";
  return {
    name,
    constraint,
    literal: type === undefined || primitive,
    sensitive: flag(body, "sensitive", false),
    nullable: flag(body, "nullable", true),
    ephemeral: flag(body, "ephemeral", false),
    validations: rules(body, "validation"),
    place,
    ...(value === undefined ? {} : { default: value }),
    ...described(body),
  };
}

const defaultOf = (attribute: SourceAttribute, constraint: Constraint): Value =>
  constrain(attribute.value(), constraint, "default value");

/** All blocks of `condition` and `error_message` under a name. */
export const rules = (body: SourceBody, name: string): Rule[] =>
  blocksIn(body, name).map((block) => {
    only(block.body, ["condition", "error_message"]);
    const condition = expressionOf(required(block.body, "condition"));
    if (referencesOf(condition.node).length === 0) constantCondition(name, condition.place);
    return {
      condition,
      message: expressionOf(required(block.body, "error_message")),
      place: block.place,
    };
  });

const constantCondition = (name: string, place: Place): never =>
  locating(place, undefined, () =>
    fail({
      code: "condition-constant",
      summary: `Invalid ${name} expression`,
      detail:
        "The condition expression must refer to at least one object from elsewhere in the configuration, or else its result would not be checking anything.",
    }),
  );

export function decodeOutput(name: string, body: SourceBody, place: Place): OutputBlock {
  only(body, ["value", "description", "sensitive", "depends_on", "ephemeral"], ["precondition"]);
  return {
    name,
    value: expressionOf(required(body, "value")),
    sensitive: flag(body, "sensitive", false),
    ephemeral: flag(body, "ephemeral", false),
    dependsOn: references(body, "depends_on"),
    preconditions: rules(body, "precondition"),
    place,
    ...described(body),
  };
}

export function decodeProvider(name: string, body: SourceBody, place: Place): ProviderBlock {
  const alias = textOf(body, "alias");
  return {
    key: alias === undefined ? name : `${name}.${alias}`,
    name,
    body: without(body, ["alias", "version"]),
    place,
    ...(alias === undefined ? {} : { alias }),
  };
}

export function decodeCheck(name: string, body: SourceBody, place: Place): CheckBlock {
  only(body, [], ["data", "assert"]);
  const asserted = rules(body, "assert");
  if (asserted.length === 0) throw new DogeError([placed(missingBlock("assert"), place, `check.${name}`)]);
  return { name, rules: asserted, place };
}

/** The entries of `required_providers`. */
export function decodeRequirements(body: SourceBody): [string, ProviderRequirement][] {
  return body.items.map((item) => {
    const attribute = item.attribute();
    const node = attribute.bare();
    const plain = node.kind === "object" ? node : undefined;
    if (plain === undefined) {
      const version = v.toPlain(attribute.value());
      return [item.name, { aliases: [], ...(typeof version === "string" ? { version } : {}) }];
    }
    const fields = attribute.node();
    const of = (name: string): unknown => plainField(fields, name);
    const aliases = fieldOf(plain, "configuration_aliases");
    return [
      item.name,
      {
        ...(typeof of("source") === "string" ? { source: of("source") as string } : {}),
        ...(typeof of("version") === "string" ? { version: of("version") as string } : {}),
        aliases: aliases?.kind === "tuple" ? aliases.items.map((one) => dotted(one, attribute.place)) : [],
      },
    ];
  });
}

function fieldOf(node: Node, name: string): Node | undefined {
  if (node.kind !== "object") return undefined;
  return node.entries.find(([key]) => key.kind === "literal" && v.toPlain(key.value) === name)?.[1];
}

function plainField(node: Node, name: string): unknown {
  const field = fieldOf(node, name);
  return field && v.toPlain(evaluate(field, emptyScope));
}

/** A list of references: `depends_on`, `replace_triggered_by`. */
export function references(body: SourceBody, name: string): Expression[] {
  const attribute = attributeIn(body, name);
  if (attribute === undefined) return [];
  const node = attribute.bare();
  if (node.kind !== "tuple") return misplaced(attribute.place, "a list of references");
  return node.items.map((item) => ({ node: unquoted(item, attribute.place), place: attribute.place }));
}

/** Old configurations quote their references. */
function unquoted(node: Node, place: Place): Node {
  if (node.kind !== "literal" || node.value.kind !== "string") return node;
  return misplaced(place, `a reference without quotes: ${node.value.value}`);
}

/** `github`, `github.other`, `digitalocean_droplet.web["a"].name` as text. */
export function dotted(node: Node, place: Place): string {
  switch (node.kind) {
    case "reference":
      return keyOf(node);
    case "attribute":
      return `${dotted(node.target, place)}.${node.name}`;
    case "index":
      if (node.key.kind === "literal")
        return `${dotted(node.target, place)}[${JSON.stringify(v.toPlain(node.key.value))}]`;
      break;
    case "literal":
      if (node.value.kind === "string") return node.value.value;
      break;
    default:
  }
  return misplaced(place, "an address");
}

/** A boolean that is written out. */
export function flag(body: SourceBody, name: string, fallback: boolean): boolean {
  const given = constant(body, name);
  if (given === undefined || given === null) return fallback;
  if (typeof given.value === "boolean") return given.value;
  if (given.value === "true" || given.value === "false") return given.value === "true";
  return misplaced(given.place, "true or false");
}

/** A string that is written out. */
export function textOf(body: SourceBody, name: string): string | undefined {
  const given = constant(body, name);
  if (given === undefined || given.value === null) return undefined;
  return typeof given.value === "string" ? given.value : misplaced(given.place, "a string");
}

function constant(body: SourceBody, name: string): { value: unknown; place: Place } | undefined {
  const attribute = attributeIn(body, name);
  if (attribute === undefined) return undefined;
  const { place } = attribute;
  return { place, value: v.toPlain(locating(place, undefined, () => attribute.value())) };
}

const described = (body: SourceBody): { readonly description?: string } => {
  const description = textOf(body, "description");
  return description === undefined ? {} : { description };
};

export function required(body: SourceBody, name: string): SourceAttribute {
  return (
    attributeIn(body, name) ??
    locating(body.place, undefined, () =>
      fail({
        code: "config-missing-argument",
        summary: "Missing required argument",
        detail: `The argument "${name}" is required, but no definition was found in ${body.place.path.join(".")}.`,
      }),
    )
  );
}

const missingBlock = (name: string) =>
  error({
    code: "config-missing-argument",
    summary: "Missing required block",
    detail: `At least one "${name}" block is required.`,
  });

/** Unknown names fail with the nearest right one. */
export function only(body: SourceBody, attributes: readonly string[], blocks: readonly string[] = []): void {
  const known = [...attributes, ...blocks];
  const unknown = body.items.filter((item) => !known.includes(item.name));
  if (unknown.length === 0) return;
  throw new DogeError(
    unknown.map(({ name, kind, place }) => {
      const close = nearest(name, known);
      const what = kind === "block" ? `Blocks of type "${name}" are` : `An argument named "${name}" is`;
      const found = error({
        code: "config-unknown-argument",
        summary: kind === "block" ? "Unsupported block type" : "Unsupported argument",
        detail: `${what} not expected in ${body.place.path.join(".")}.`,
        ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
      });
      return placed(found, place);
    }),
  );
}
