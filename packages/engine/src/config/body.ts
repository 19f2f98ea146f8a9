import { type Diagnostic, diagnosticsOf, DogeError, error, hasErrors, nearest } from "@doge/core";
import { convert } from "../lang/convert.ts";
import { evaluate, pairs, type Scope } from "../lang/evaluate.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Block, NestedBlock } from "../schema.ts";
import { compile, isList, misplaced } from "./expressions.ts";
import { locating, placed } from "./locate.ts";
import { at, type Expression, type Json, type JsonObject, type Place } from "./model.ts";
import { typeOfBlock, typeOfNested } from "./schema-types.ts";

/** A body that has met its schema: every argument as an expression, every block as a body. */
export interface Body {
  readonly schema: Block;
  readonly attributes: ReadonlyMap<string, Expression>;
  readonly blocks: ReadonlyMap<string, readonly (Body | DynamicBlock)[]>;
  readonly place: Place;
}

/** `dynamic "rule" { for_each … content { … } }` */
export interface DynamicBlock {
  readonly iterator: string;
  readonly forEach: Expression;
  readonly content: Body;
}

/** Checks names and required arguments against the schema, and parses. Collects what is wrong. */
export function compileBody(json: JsonObject, place: Place, schema: Block, diagnostics: Diagnostic[]): Body {
  const attributes = new Map<string, Expression>();
  const blocks = new Map<string, (Body | DynamicBlock)[]>();
  const attempt = (body: () => void): void => {
    try {
      body();
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown));
    }
  };
  for (const [name, content] of Object.entries(json)) {
    const nested = schema.blocks?.[name];
    const attribute = schema.attributes[name];
    if (name === "//") continue;
    if (nested)
      attempt(() =>
        blocks.set(name, [
          ...(blocks.get(name) ?? []),
          ...compileBlocks(content, at(place, name), nested, diagnostics),
        ]),
      );
    else if (name === "dynamic") attempt(() => compileDynamic(content, at(place, name), schema, blocks, diagnostics));
    else if (attribute === undefined) diagnostics.push(placed(unknownArgument(name, schema), at(place, name)));
    else if (!attribute.required && !attribute.optional) diagnostics.push(placed(readOnly(name), at(place, name)));
    else attempt(() => attributes.set(name, compile(content, at(place, name))));
  }
  for (const [name, attribute] of Object.entries(schema.attributes)) {
    if (attribute.required && !(name in json)) diagnostics.push(placed(missing("argument", name), place));
  }
  for (const [name, nested] of Object.entries(schema.blocks ?? {})) {
    const given = blocks.get(name) ?? [];
    if (given.some((block) => "iterator" in block)) continue;
    if (given.length < (nested.minItems ?? 0)) diagnostics.push(placed(missing("block", name), place));
    const most = nested.nesting === "single" ? 1 : (nested.maxItems ?? Infinity);
    if (given.length > most) diagnostics.push(placed(tooMany(name, most), at(place, name)));
  }
  return { schema, attributes, blocks, place };
}

function compileBlocks(json: Json, place: Place, nested: NestedBlock, diagnostics: Diagnostic[]): Body[] {
  if (json === null) return [];
  if (typeof json !== "object") return misplaced(place, "an object or a list of objects: it is a block");
  if (isList(json)) return json.flatMap((item, i) => compileBlocks(item, at(place, i), nested, diagnostics));
  return [compileBody(json, place, nested.block, diagnostics)];
}

function compileDynamic(
  json: Json,
  place: Place,
  schema: Block,
  blocks: Map<string, (Body | DynamicBlock)[]>,
  diagnostics: Diagnostic[],
): void {
  if (json === null || typeof json !== "object") return misplaced(place, "an object");
  if (isList(json)) return json.forEach((item, i) => compileDynamic(item, at(place, i), schema, blocks, diagnostics));
  for (const [name, content] of Object.entries(json)) {
    const nested = schema.blocks?.[name];
    if (nested === undefined) {
      diagnostics.push(placed(unknownArgument(name, schema), at(place, name)));
      continue;
    }
    const many = content !== null && typeof content === "object" && isList(content) ? content : [content];
    for (const one of many) {
      const body = one as JsonObject;
      const inner = body["content"];
      const forEach = body["for_each"];
      if (forEach === undefined || inner === undefined)
        return misplaced(at(place, name), "an object with for_each and content");
      const [compiled] = compileBlocks(inner, at(place, name, "content"), nested, diagnostics);
      const iterator = typeof body["iterator"] === "string" ? body["iterator"] : name;
      if (compiled) {
        const entry = { iterator, forEach: compile(forEach, at(place, name, "for_each")), content: compiled };
        blocks.set(name, [...(blocks.get(name) ?? []), entry]);
      }
    }
  }
}

function unknownArgument(name: string, schema: Block): Diagnostic {
  const settable = Object.entries(schema.attributes).filter(([, a]) => a.required || a.optional);
  const close = nearest(name, [...settable.map(([known]) => known), ...Object.keys(schema.blocks ?? {})]);
  return error({
    code: "config-unknown-argument",
    summary: "Unsupported argument",
    detail: `An argument named "${name}" is not expected here.`,
    ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
  });
}

const readOnly = (name: string): Diagnostic =>
  error({
    code: "config-read-only",
    summary: "Value for unconfigurable attribute",
    detail: `Can't configure a value for "${name}": its value will be decided automatically based on the result of applying this configuration.`,
  });

const missing = (what: "argument" | "block", name: string): Diagnostic =>
  error({
    code: "config-missing-argument",
    summary: `Missing required ${what}`,
    detail: `The ${what} "${name}" is required, but no definition was found.`,
  });

const tooMany = (name: string, most: number): Diagnostic =>
  error({
    code: "config-too-many-blocks",
    summary: "Too many blocks",
    detail: `No more than ${most} "${name}" block(s) are allowed.`,
  });

/** The body's value: every attribute and block of the schema, null for what is not set. Throws all that fails. */
export function evaluateBody(body: Body, scope: Scope, address: string): Value {
  const diagnostics: Diagnostic[] = [];
  const value = bodyValue(body, scope, address, diagnostics);
  if (hasErrors(diagnostics)) throw new DogeError(diagnostics);
  return value;
}

function bodyValue(body: Body, scope: Scope, address: string, diagnostics: Diagnostic[]): Value {
  const entries = new Map<string, Value>();
  for (const [name, attribute] of Object.entries(body.schema.attributes)) {
    const expression = body.attributes.get(name);
    entries.set(name, v.nullOf(attribute.type));
    if (expression === undefined) continue;
    try {
      locating(expression.place, address, () => {
        const value = convert(evaluate(expression.node, scope), attribute.type, `attribute "${name}"`);
        if (attribute.required && value.kind === "null") throw new DogeError([nullRequired(name)]);
        entries.set(name, value);
      });
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown));
    }
  }
  for (const [name, nested] of Object.entries(body.schema.blocks ?? {})) {
    entries.set(name, blocksValue(body.blocks.get(name) ?? [], nested, scope, address, diagnostics));
  }
  return v.object(entries);
}

const nullRequired = (name: string): Diagnostic =>
  error({
    code: "config-missing-argument",
    summary: "Missing required argument",
    detail: `The argument "${name}" is required, but its value is null.`,
  });

function blocksValue(
  blocks: readonly (Body | DynamicBlock)[],
  nested: NestedBlock,
  scope: Scope,
  address: string,
  diagnostics: Diagnostic[],
): Value {
  const items: Value[] = [];
  for (const block of blocks) {
    if (!("iterator" in block)) items.push(bodyValue(block, scope, address, diagnostics));
    else {
      const expanded = expand(block, scope, address, diagnostics);
      if (expanded === undefined) return v.unknownOf(typeOfNested(nested));
      items.push(...expanded);
    }
  }
  const element = typeOfBlock(nested.block);
  if (nested.nesting === "single") return items[0] ?? v.nullOf(element);
  return nested.nesting === "list" ? v.list(element, items) : v.set(element, items);
}

/** The blocks of a dynamic one, or undefined while its collection is unknown. */
function expand(block: DynamicBlock, scope: Scope, address: string, diagnostics: Diagnostic[]): Value[] | undefined {
  let collection: Value;
  try {
    collection = locating(block.forEach.place, address, () => evaluate(block.forEach.node, scope));
  } catch (thrown) {
    diagnostics.push(...diagnosticsOf(thrown));
    return [];
  }
  if (collection.kind === "unknown") return undefined;
  if (!v.isSequence(collection) && !v.isMapping(collection)) {
    diagnostics.push(
      placed(
        error({
          code: "invalid-for-each",
          summary: "Invalid dynamic for_each value",
          detail: `A ${collection.kind} can't be used as a collection.`,
        }),
        block.forEach.place,
        address,
      ),
    );
    return [];
  }
  return [...pairs(collection)].map(([key, value]) => {
    const iterator: Scope = {
      value: (reference) => {
        if (reference.root !== block.iterator) return scope.value(reference);
        return reference.names[0] === "key" ? key : value;
      },
    };
    return v.markIf(bodyValue(block.content, iterator, address, diagnostics), collection.sensitive);
  });
}

/** Every expression of a body, with the names that dynamic blocks bind around it. */
export function* expressionsOf(
  body: Body,
  bound: readonly string[] = [],
): Iterable<{ expression: Expression; bound: readonly string[] }> {
  for (const expression of body.attributes.values()) yield { expression, bound };
  for (const block of [...body.blocks.values()].flat()) {
    if ("iterator" in block) {
      yield { expression: block.forEach, bound };
      yield* expressionsOf(block.content, [...bound, block.iterator]);
    } else yield* expressionsOf(block, bound);
  }
}
