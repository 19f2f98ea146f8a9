import { fail, type Trouble } from "@doge/core";
import type { Type } from "../schema.ts";
import { elementOf, attributeOf } from "./access.ts";
import type { Node, Reference } from "./ast.ts";
import { Mismatch, tryConvert } from "./convert.ts";
import { collect, forCondition, invalidFor, isIterable, keyText, pairs } from "./comprehension.ts";
import type { CallContext } from "./functions/define.ts";
import { type FunctionHost, noHost } from "./functions/host.ts";
import { callFunction } from "./functions/index.ts";
import { choose, combine, negate } from "./operators.ts";
import { parseTemplateText } from "./parser.ts";
import { nameType, unify } from "./types.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

/** What an expression may refer to. Throws a diagnostic for what isn't there. */
export interface Scope {
  value(reference: Reference): Value;
  /** What functions may know of the world: files of the project, the time. Without it, nothing. */
  readonly host?: FunctionHost;
}

/** For values that may refer to nothing: variables given from outside. */
export const emptyScope: Scope = {
  value: () =>
    fail({ code: "invalid-reference", summary: "Variables not allowed", detail: "Variables may not be used here." }),
};

interface Bindings {
  readonly scope: Scope;
  readonly budget: { steps: number };
  readonly names?: ReadonlyMap<string, Value>;
  readonly item?: Value;
  readonly inTemplate?: true;
  /** In a side of a condition that only lends its type: what fails is unknown, and counted. */
  readonly lent?: { failures: number };
}

/** More than any configuration needs, and little enough to end in a second or two. */
const mostSteps = 5_000_000;

/** The value of an expression; throws `DogeError` with one diagnostic, without address and range. */
export const evaluate = (node: Node, scope: Scope): Value => run(node, { scope, budget: { steps: mostSteps } });

function run(node: Node, at: Bindings): Value {
  if (at.lent === undefined) return strictly(node, at);
  try {
    return strictly(node, at);
  } catch (thrown) {
    if (isExhausted(at)) throw thrown;
    at.lent.failures++;
    return v.unknownOf(typeWhateverHappens(node));
  }
}

/** Of what an operator gives, the type is known even where it fails. */
function typeWhateverHappens(node: Node): Type {
  switch (node.kind) {
    case "unary":
      return node.operator === "-" ? "number" : "bool";
    case "binary":
      return ["+", "-", "*", "/", "%"].includes(node.operator) ? "number" : "bool";
    default:
      return "dynamic";
  }
}

/** The same place, where what fails fails. */
function strict(at: Bindings): Bindings {
  const { lent: _, ...rest } = at;
  return rest;
}

function strictly(node: Node, at: Bindings): Value {
  if (at.budget.steps-- <= 0) {
    fail({
      code: "expression-too-large",
      summary: "Expression takes too long",
      detail: `Evaluation was stopped after ${mostSteps} steps. Nested "for" expressions over long lists multiply.`,
    });
  }
  switch (node.kind) {
    case "literal":
      return node.value;
    case "reference":
      return at.scope.value(node);
    case "local":
      return at.names?.get(node.name) ?? v.nullOf();
    case "item":
      return at.item ?? v.nullOf();
    case "attribute":
      return attributeOf(run(node.target, at), node.name);
    case "index":
      return elementOf(run(node.target, at), run(node.key, at));
    case "splat":
      return splat(run(node.target, at), (item) => run(node.each, { ...at, item }));
    case "call":
      return call(node, at);
    case "unary":
      return negate(node.operator, run(node.operand, at));
    case "binary":
      return combine(node.operator, run(node.left, at), run(node.right, at));
    case "conditional":
      return conditional(node, at);
    case "tuple":
      return v.tuple(node.items.map((item) => run(item, at)));
    case "object":
      return object(node, at);
    case "for":
      return forEach(node, at);
    case "template":
      return template(node.parts, at);
  }
}

/** A list or set gives a list, a tuple a tuple; anything else counts as a tuple of one, null as an empty one. */
function splat(target: Value, each: (item: Value) => Value): Value {
  const type = v.typeOf(target);
  if (type === "dynamic" && target.kind === "unknown") return v.carry(v.unknownOf(), target);
  const kind = typeof type === "string" ? type : type[0];
  const many = kind === "list" || kind === "set" || kind === "tuple";
  if (target.kind === "null") {
    if (!many) return v.carry(v.tuple([]), target);
    fail({
      code: "null-splat",
      summary: "Attempt to iterate over null value",
      detail: `Splat expressions cannot be applied to null sequences; this ${kind} is null.`,
    });
  }
  if (target.kind === "unknown" && (many || !target.notNull)) return v.carry(unknownSplat(type, many, each), target);
  if (!v.isSequence(target)) return v.carry(v.tuple([each(v.unmark(target))]), target);
  const items = target.items.map(each);
  if (target.kind === "tuple") return v.carry(v.tuple(items), target);
  const element = unify(items.length === 0 ? [v.typeOf(each(v.unknownOf(target.element)))] : items.map(v.typeOf));
  return v.carry(element === undefined ? v.tuple(items) : v.list(element, items), target);
}

function unknownSplat(type: ReturnType<typeof v.typeOf>, many: boolean, each: (item: Value) => Value): Value {
  // Whether it is null, and so how many elements there are, is open.
  if (!many || typeof type === "string") return each(v.unknownOf(type)) && v.unknownOf();
  if (type[0] === "tuple") return v.unknownOf(["tuple", type[1].map((item) => v.typeOf(each(v.unknownOf(item))))]);
  return v.unknownOf(["list", v.typeOf(each(v.unknownOf(type[1] as ReturnType<typeof v.typeOf>)))]);
}

function conditional(node: Extract<Node, { kind: "conditional" }>, at: Bindings): Value {
  const given = run(node.condition, at);
  // The other side only lends its type, and its failure doesn't count.
  const borrowed = (side: Node): Value => run(side, { ...at, lent: { failures: 0 } });
  const unfit = (trouble: Trouble): Value => {
    if (at.lent === undefined) return fail(trouble);
    at.lent.failures++;
    return choose(v.unknownOf("bool"), run(node.yes, at), run(node.no, at));
  };
  if (given.kind === "null") {
    return unfit({
      code: "null-condition",
      summary: "Null condition",
      detail: "The condition value is null. Conditions must either be true or false.",
    });
  }
  const condition = tryConvert(given, "bool");
  if (condition instanceof Mismatch) {
    return unfit({
      code: "wrong-type",
      summary: "Incorrect condition type",
      detail: `The condition expression must be of type bool: ${condition.reason}.`,
    });
  }
  if (condition.kind === "bool") {
    const chosen = run(condition.value ? node.yes : node.no, at);
    const other = borrowed(condition.value ? node.no : node.yes);
    return condition.value ? choose(condition, chosen, other) : choose(condition, other, chosen);
  }
  return choose(condition, run(node.yes, at), run(node.no, at));
}

function call(node: Extract<Node, { kind: "call" }>, at: Bindings): Value {
  if (node.name === "try") return firstThatWorks(node.args, at);
  if (node.name === "can") return can(node.args, at);
  const context = contextOf(at);
  if (node.name === "templatestring" && node.args[0]) checkNamed(node.args[0]);
  const failures = at.lent?.failures;
  const args = node.args.map((arg) => run(arg, at));
  if (at.lent?.failures !== failures) return v.unknownOf();
  if (!node.expand) return callFunction(node.name, args, context);
  const last = args.pop() ?? v.nullOf();
  if (last.kind === "unknown") return v.carry(v.unknownOf(), last);
  if (last.kind === "null" || !v.isSequence(last)) {
    return fail({
      code: "invalid-expansion",
      summary: "Invalid expanding argument value",
      detail:
        last.kind === "null"
          ? "The expanding argument (indicated by ...) must not be null."
          : "The expanding argument (indicated by ...) must be of a tuple, list, or set type.",
    });
  }
  return v.carry(callFunction(node.name, [...args, ...last.items], context), last);
}

/** A template written on the spot is what quotes are for; and whatever makes templates up deserves a name. */
function checkNamed(node: Node): void {
  if (node.kind === "reference" || node.kind === "local") return;
  if (node.kind === "attribute") return checkNamed(node.target);
  if (node.kind === "index" && node.key.kind === "literal") return checkNamed(node.target);
  fail({
    code: "invalid-argument",
    summary: "Invalid function argument",
    detail:
      'Invalid value for "template" parameter of "templatestring": it must be a reference to a string defined elsewhere, like local.template.',
  });
}

function contextOf(at: Bindings): CallContext {
  const host = at.scope.host ?? noHost;
  return {
    host,
    render: (text, variables) => {
      if (at.inTemplate) {
        fail({
          code: "nested-template",
          summary: "Error in function call",
          detail:
            "A template can't render another one: call templatefile and templatestring from the configuration itself.",
        });
      }
      return run(parseTemplateText(text), {
        scope: templateScope(host, variables),
        budget: at.budget,
        inTemplate: true,
      });
    },
  };
}

/** A condition is checked once before there are elements, so that it fails over an empty list too. */
function unknownNames(node: Extract<Node, { kind: "for" }>, at: Bindings): ReadonlyMap<string, Value> {
  const names = new Map(at.names);
  if (node.keyName !== undefined) names.set(node.keyName, v.unknownOf());
  return names.set(node.valueName, v.unknownOf());
}

/** A template sees its variables and nothing else. */
const templateScope = (host: FunctionHost, variables: ReadonlyMap<string, Value>): Scope => ({
  host,
  value: ({ root, names }) => {
    const value = variables.get(root);
    if (value !== undefined) return names.reduce(attributeOf, value);
    return fail({
      code: "missing-template-variable",
      summary: "Invalid function argument",
      detail: `Invalid value for "vars" parameter: vars map does not contain key "${root}", which the template refers to.`,
    });
  },
});

function firstThatWorks(args: readonly Node[], at: Bindings): Value {
  const failures: string[] = [];
  for (const arg of args) {
    try {
      const value = run(arg, strict(at));
      // What is unknown now may still fail later: the answer waits, and whether it will be a secret with it.
      return v.isWhollyKnown(value) ? value : v.unknownOf();
    } catch (thrown) {
      if (isExhausted(at)) throw thrown;
      failures.push(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  if (args.length === 0)
    fail({
      code: "argument-count",
      summary: "Error in function call",
      detail: 'Call to function "try" failed: at least one argument is required.',
    });
  return fail({
    code: "nothing-worked",
    summary: "Error in function call",
    detail: `Call to function "try" failed: no expression succeeded:\n${failures.map((text) => `- ${text}`).join("\n")}\nAt least one expression must produce a successful result.`,
  });
}

const isExhausted = (at: Bindings): boolean => at.budget.steps <= 0;

function can(args: readonly Node[], at: Bindings): Value {
  const [arg, more] = args;
  if (arg === undefined || more) {
    return fail({
      code: "argument-count",
      summary: arg === undefined ? "Not enough function arguments" : "Too many function arguments",
      detail: `Function "can" expects one argument, the expression to try, but got ${args.length}.`,
    });
  }
  try {
    const value = run(arg, strict(at));
    return v.isWhollyKnown(value) ? v.bool(true) : v.unknownOf("bool");
  } catch (thrown) {
    if (isExhausted(at)) throw thrown;
    return v.bool(false);
  }
}

function object(node: Extract<Node, { kind: "object" }>, at: Bindings): Value {
  const entries = new Map<string, Value>();
  let known = true;
  const keys: Value[] = [];
  for (const [keyNode, valueNode] of node.entries) {
    const key = keyText(run(keyNode, at), "a key");
    const value = run(valueNode, at);
    keys.push(key);
    if (key.kind === "string") entries.set(key.value, value);
    else known = false;
  }
  // As for terraform: what keys are made of counts once they are known.
  return known ? v.carry(v.object(entries), ...keys) : v.unknownOf();
}

function forEach(node: Extract<Node, { kind: "for" }>, at: Bindings): Value {
  const collection = run(node.collection, at);
  if (collection.kind === "unknown" && !isIterable(collection))
    invalidFor(`A ${nameType(collection.type)} is no collection.`);
  if (collection.kind === "null") {
    return fail({
      code: "invalid-for",
      summary: "Iteration over null value",
      detail: "A null value cannot be used as the collection in a 'for' expression.",
    });
  }
  if (collection.kind === "unknown") return v.carry(v.unknownOf(), collection);
  if (!v.isSequence(collection) && !v.isMapping(collection))
    return invalidFor(`A ${collection.kind} is no collection.`);
  const failures = at.lent?.failures;
  if (node.condition) forCondition(run(node.condition, { ...at, names: unknownNames(node, at) }));
  if (at.lent?.failures !== failures) return v.unknownOf();
  const rows: [Value | undefined, Value][] = [];
  const marks: v.Marks[] = [collection];
  let known = true;
  for (const [key, item] of pairs(collection)) {
    const names = new Map(at.names);
    if (node.keyName !== undefined) names.set(node.keyName, key);
    names.set(node.valueName, item);
    const inner = { ...at, names };
    if (node.condition) {
      const keep = forCondition(run(node.condition, inner));
      // One that is not known yet marks nothing, as in terraform: there is nothing to be seen either.
      if (keep.kind === "unknown") known = false;
      else marks.push(keep);
      if (keep.kind !== "bool" || !keep.value) continue;
    }
    rows.push([node.key && run(node.key, inner), run(node.value, inner)]);
  }
  if (!known) return v.carry(v.unknownOf(), ...marks);
  return v.carry(node.key ? collect(rows, node.group) : v.tuple(rows.map(([, value]) => value)), ...marks);
}

function template(nodes: readonly Node[], at: Bindings): Value {
  let text = "";
  let known = true;
  const parts: Value[] = [];
  // Where only the type is asked for, what doesn't fit is left out.
  const invalid = (detail: string): void => {
    if (at.lent) at.lent.failures++;
    else fail({ code: "null-in-template", summary: "Invalid template interpolation value", detail });
  };
  for (const node of nodes) {
    const part = run(node, at);
    if (part.sensitive || part.ephemeral) parts.push(part);
    if (part.kind === "null") {
      invalid("The expression result is null. Cannot include a null value in a string template.");
      continue;
    }
    const shown = tryConvert(part, "string");
    if (shown instanceof Mismatch) {
      invalid(`Cannot include the given value in a string template: ${shown.reason}.`);
      continue;
    }
    if (shown.kind !== "string") known = false;
    else if (known) text += shown.value;
  }
  return v.carry(known ? v.string(text) : v.someText(text), ...parts);
}
