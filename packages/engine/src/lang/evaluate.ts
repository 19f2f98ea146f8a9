import { fail, nearest } from "@doge/core";
import type { Type } from "../schema.ts";
import type { Node, Reference } from "./ast.ts";
import { convert } from "./convert.ts";
import { callFunction } from "./functions/index.ts";
import { choose, combine, negate } from "./operators.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

/** What an expression may refer to. Throws a diagnostic for what isn't there. */
export interface Scope {
  value(reference: Reference): Value;
}

/** For values that may refer to nothing: variables given from outside. */
export const emptyScope: Scope = {
  value: () =>
    fail({ code: "invalid-reference", summary: "Variables not allowed", detail: "Variables may not be used here." }),
};

interface Bindings {
  readonly scope: Scope;
  readonly names?: ReadonlyMap<string, Value>;
  readonly item?: Value;
}

/** The value of an expression; throws `DogeError` with one diagnostic, without address and range. */
export const evaluate = (node: Node, scope: Scope): Value => run(node, { scope });

function run(node: Node, at: Bindings): Value {
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

export function attributeOf(target: Value, name: string): Value {
  return v.markIf(attributeOfUnmarked(target, name), target.sensitive);
}

function attributeOfUnmarked(target: Value, name: string): Value {
  if (v.isMapping(target)) {
    const found = target.entries.get(name);
    if (found !== undefined) return found;
    const known = [...target.entries.keys()];
    const close = nearest(name, known);
    const remedy = close === undefined ? {} : { remedy: `Did you mean "${close}"?` };
    if (target.kind === "map") {
      fail({
        code: "missing-map-element",
        summary: "Missing map element",
        detail: `This map does not have an element with the key "${name}".`,
        ...remedy,
      });
    }
    fail({
      code: "unsupported-attribute",
      summary: "Unsupported attribute",
      detail: `This object does not have an attribute named "${name}".`,
      ...remedy,
    });
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
  return fail({
    code: "unsupported-attribute",
    summary: "Unsupported attribute",
    detail: `Can't access attribute "${name}" on a ${target.kind}: it has no attributes.${hint}`,
  });
}

function unknownPart(type: Type, name: string): Value {
  if (typeof type === "string") return v.unknownOf();
  if (type[0] === "map") return v.unknownOf(type[1]);
  if (type[0] !== "object") return v.unknownOf();
  const field = type[1][name];
  if (field !== undefined) return v.unknownOf(field);
  const close = nearest(name, Object.keys(type[1]));
  return fail({
    code: "unsupported-attribute",
    summary: "Unsupported attribute",
    detail: `This object does not have an attribute named "${name}".`,
    ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
  });
}

export function elementOf(target: Value, key: Value): Value {
  return v.markIf(elementOfUnmarked(target, key), target.sensitive ?? key.sensitive);
}

function elementOfUnmarked(target: Value, key: Value): Value {
  if (target.kind === "null") return invalidIndex("This value is null, so it does not have any indices.");
  if (key.sensitive) return secretElementOf(target, key);
  if (key.kind === "null") return invalidIndex("Can't use a null value as an indexing key.");
  if (v.isMapping(target)) {
    const name = convert(key, "string", "index");
    return name.kind === "string"
      ? attributeOfUnmarked(target, name.value)
      : v.unknownOf(target.kind === "map" ? target.element : "dynamic");
  }
  if (target.kind === "unknown") {
    const { type } = target;
    if (typeof type === "string") return v.unknownOf();
    if (key.kind === "string" && type[0] === "object") return unknownPart(type, key.value);
    return v.unknownOf(type[0] === "list" || type[0] === "map" ? type[1] : "dynamic");
  }
  if (target.kind === "set") {
    return invalidIndex(
      "Elements of a set are identified only by their value and don't have any separate index or key to select with. Use tolist(…) first.",
    );
  }
  if (!v.isSequence(target)) return invalidIndex("This value does not have any indices.");
  const position = convert(key, "number", "index");
  if (position.kind !== "number") return v.unknownOf(target.kind === "list" ? target.element : "dynamic");
  const found = target.items[position.value];
  if (found !== undefined) return found;
  return invalidIndex(
    `The given index ${position.value} does not identify an element in this collection, which has ${target.items.length} element${target.items.length === 1 ? "" : "s"}.`,
  );
}

/** A message about a key that is missing would show the secret. */
function secretElementOf(target: Value, key: Value): Value {
  try {
    return elementOfUnmarked(target, v.unmark(key));
  } catch {
    return invalidIndex("The key, which is sensitive, does not identify an element in this collection.");
  }
}

const invalidIndex = (detail: string): never => fail({ code: "invalid-index", summary: "Invalid index", detail });

function splat(target: Value, each: (item: Value) => Value): Value {
  if (target.kind === "unknown") return target.sensitive ? v.mark(v.unknownOf()) : v.unknownOf();
  if (target.kind === "null") return v.markIf(v.tuple([]), target.sensitive);
  const items = v.isSequence(target) ? target.items : [v.unmark(target)];
  return v.markIf(v.tuple(items.map(each)), target.sensitive);
}

function conditional(node: Extract<Node, { kind: "conditional" }>, at: Bindings): Value {
  const given = run(node.condition, at);
  if (given.kind === "null") {
    fail({
      code: "null-condition",
      summary: "Null condition",
      detail: "The condition value is null. Conditions must either be true or false.",
    });
  }
  const condition = convert(given, "bool", "condition");
  // The other side only lends its type, and its failure doesn't count.
  const attempt = (side: Node): Value | undefined => {
    try {
      return run(side, at);
    } catch {
      return undefined;
    }
  };
  if (condition.kind === "bool") {
    return condition.value
      ? choose(condition, run(node.yes, at), attempt(node.no))
      : choose(condition, attempt(node.yes), run(node.no, at));
  }
  return choose(condition, run(node.yes, at), run(node.no, at));
}

function call(node: Extract<Node, { kind: "call" }>, at: Bindings): Value {
  if (node.name === "try") return firstThatWorks(node.args, at);
  if (node.name === "can") return can(node.args, at);
  const args = node.args.map((arg) => run(arg, at));
  if (!node.expand) return callFunction(node.name, args);
  const last = args.pop() ?? v.nullOf();
  if (last.kind === "unknown") return v.markIf(v.unknownOf(), last.sensitive);
  if (!v.isSequence(last)) {
    fail({
      code: "invalid-expansion",
      summary: "Invalid expanding argument value",
      detail: 'The expanding argument (indicated by "...") must be a list, tuple or set.',
    });
  }
  return v.markIf(callFunction(node.name, [...args, ...last.items]), last.sensitive);
}

function firstThatWorks(args: readonly Node[], at: Bindings): Value {
  let failure: unknown = new Error("try needs at least one argument");
  for (const arg of args) {
    try {
      const value = run(arg, at);
      // What is unknown now may still fail later: the answer waits.
      return v.isWhollyKnown(value)
        ? value
        : args.length === 1
          ? value
          : v.markIf(v.unknownOf(), v.hasSensitive(value));
    } catch (thrown) {
      failure = thrown;
    }
  }
  throw failure;
}

function can(args: readonly Node[], at: Bindings): Value {
  try {
    const value = run(args[0] as Node, at);
    return v.isWhollyKnown(value) ? v.bool(true) : v.unknownOf("bool");
  } catch {
    return v.bool(false);
  }
}

function object(node: Extract<Node, { kind: "object" }>, at: Bindings): Value {
  const entries = new Map<string, Value>();
  let sensitive = false;
  for (const [keyNode, valueNode] of node.entries) {
    const key = convert(run(keyNode, at), "string", "object key");
    const value = run(valueNode, at);
    if (key.kind === "unknown") return v.markIf(v.unknownOf(), key.sensitive);
    if (key.kind !== "string")
      fail({ code: "null-key", summary: "Null value as key", detail: "Can't use a null value as a key." });
    sensitive ||= key.sensitive ?? false;
    entries.set(key.value, value);
  }
  return v.markIf(v.object(entries), sensitive);
}

function forEach(node: Extract<Node, { kind: "for" }>, at: Bindings): Value {
  const collection = run(node.collection, at);
  if (collection.kind === "unknown") return v.markIf(v.unknownOf(), collection.sensitive);
  if (!v.isSequence(collection) && !v.isMapping(collection)) {
    const got =
      collection.kind === "null"
        ? "A null value cannot be used as the collection in a 'for' expression."
        : `A ${collection.kind} is no collection.`;
    fail({ code: "invalid-for", summary: "Iteration over non-iterable value", detail: got });
  }
  const rows: [Value | undefined, Value][] = [];
  let sensitive = collection.sensitive ?? false;
  for (const [key, item] of pairs(collection)) {
    const names = new Map(at.names);
    if (node.keyName !== undefined) names.set(node.keyName, key);
    names.set(node.valueName, item);
    const inner = { ...at, names };
    if (node.condition) {
      const keep = convert(run(node.condition, inner), "bool", "condition of for");
      if (keep.kind === "unknown") return v.markIf(v.unknownOf(), sensitive);
      if (keep.kind === "null")
        fail({ code: "invalid-for", summary: "Invalid 'for' condition", detail: "The condition is null." });
      sensitive ||= keep.sensitive ?? false;
      if (keep.kind === "bool" && !keep.value) continue;
    }
    rows.push([node.key && run(node.key, inner), run(node.value, inner)]);
  }
  return v.markIf(node.key ? collect(rows, node.group) : v.tuple(rows.map(([, value]) => value)), sensitive);
}

export function* pairs(collection: v.Sequence | v.Mapping): Iterable<readonly [Value, Value]> {
  if (v.isMapping(collection)) {
    for (const [name, item] of collection.entries) yield [v.string(name), item];
    return;
  }
  for (const [i, item] of collection.items.entries()) yield [collection.kind === "set" ? item : v.number(i), item];
}

function collect(rows: readonly (readonly [Value | undefined, Value])[], group: boolean): Value {
  const entries = new Map<string, Value>();
  let sensitive = false;
  for (const [given, value] of rows) {
    const key = convert(given as Value, "string", "key of for");
    if (key.kind === "unknown") return v.unknownOf();
    if (key.kind !== "string")
      fail({ code: "null-key", summary: "Null value as key", detail: "Can't use a null value as a key." });
    sensitive ||= key.sensitive ?? false;
    const before = entries.get(key.value);
    if (group) entries.set(key.value, v.tuple([...(before && v.isSequence(before) ? before.items : []), value]));
    else if (before === undefined) entries.set(key.value, value);
    else {
      fail({
        code: "duplicate-key",
        summary: "Duplicate object key",
        detail: `Two different items produced the key ${sensitive ? "(sensitive)" : `"${key.value}"`} in this 'for' expression.`,
        remedy:
          "If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key.",
      });
    }
  }
  return v.markIf(v.object(entries), sensitive);
}

function template(nodes: readonly Node[], at: Bindings): Value {
  let text = "";
  let sensitive = false;
  let known = true;
  for (const node of nodes) {
    const part = run(node, at);
    sensitive ||= v.hasSensitive(part);
    if (part.kind === "null") {
      fail({
        code: "null-in-template",
        summary: "Invalid template interpolation value",
        detail: "The expression result is null. Cannot include a null value in a string template.",
      });
    }
    const shown = convert(v.unmark(part), "string", "template interpolation");
    if (shown.kind === "string") text += shown.value;
    else known = false;
  }
  return v.markIf(known ? v.string(text) : v.unknownOf("string"), sensitive);
}
