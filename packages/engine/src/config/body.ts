import { type Diagnostic, diagnosticsOf, DogeError, error, hasErrors, nearest } from "@doge/core";
import { convert } from "../lang/convert.ts";
import { pairs } from "../lang/comprehension.ts";
import { emptyScope, evaluate, type Scope } from "../lang/evaluate.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Block, NestedBlock } from "../schema.ts";
import { locating, placed } from "./locate.ts";
import type { Expression, Place } from "./model.ts";
import { dotted, expressionOf, only, required } from "./sections.ts";
import { attributeIn, blocksIn, type SourceBlock, type SourceBody, type SourceItem } from "./source.ts";
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
  readonly place: Place;
}

/** Checks names and required arguments against the schema, and parses. Collects what is wrong. */
export function compileBody(source: SourceBody, schema: Block, diagnostics: Diagnostic[]): Body {
  const { place } = source;
  const attributes = new Map<string, Expression>();
  const blocks = new Map<string, (Body | DynamicBlock)[]>();
  const put = (name: string, found: readonly (Body | DynamicBlock)[]): void =>
    void blocks.set(name, [...(blocks.get(name) ?? []), ...found]);
  for (const item of source.items) {
    const { name } = item;
    const nested = schema.blocks?.[name];
    const attribute = schema.attributes[name];
    try {
      if (nested)
        put(
          name,
          item.blocks(0).map((block) => compileBody(block.body, nested.block, diagnostics)),
        );
      else if (name === "dynamic" && item.kind !== "attribute")
        for (const block of item.blocks(1)) compileDynamic(block, schema, put, diagnostics);
      else if (attribute === undefined) diagnostics.push(placed(unknownArgument(item, schema), item.place));
      else if (!attribute.required && !attribute.optional) diagnostics.push(placed(readOnly(name), item.place));
      else attributes.set(name, expressionOf(item.attribute()));
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown));
    }
  }
  checkRequired(source, schema, blocks, diagnostics);
  return { schema, attributes, blocks, place };
}

function checkRequired(
  { items, place }: SourceBody,
  schema: Block,
  blocks: ReadonlyMap<string, readonly (Body | DynamicBlock)[]>,
  diagnostics: Diagnostic[],
): void {
  for (const [name, attribute] of Object.entries(schema.attributes)) {
    if (attribute.required && !items.some((item) => item.name === name))
      diagnostics.push(placed(missing("argument", name), place));
  }
  for (const [name, nested] of Object.entries(schema.blocks ?? {})) {
    const given = blocks.get(name) ?? [];
    if (given.some((block) => "iterator" in block)) continue;
    if (given.length < (nested.minItems ?? 0)) diagnostics.push(placed(missing("block", name), place));
    const most = nested.nesting === "single" ? 1 : (nested.maxItems ?? Infinity);
    if (given.length > most) diagnostics.push(placed(tooMany(name, most), given[most]?.place ?? place));
  }
}

function compileDynamic(
  { labels: [name = ""], body, place }: SourceBlock,
  schema: Block,
  put: (name: string, found: readonly DynamicBlock[]) => void,
  diagnostics: Diagnostic[],
): void {
  const nested = schema.blocks?.[name];
  if (nested === undefined) {
    const item = { name, kind: "block" } as const;
    diagnostics.push(placed(unknownArgument(item, schema), place));
    return;
  }
  only(body, ["for_each", "iterator", "labels"], ["content"]);
  const [content] = blocksIn(body, "content");
  if (content === undefined) throw new DogeError([placed(missing("block", "content"), place)]);
  const iterator = attributeIn(body, "iterator");
  put(name, [
    {
      iterator: iterator ? dotted(iterator.bare(), iterator.place) : name,
      forEach: expressionOf(required(body, "for_each")),
      content: compileBody(content.body, nested.block, diagnostics),
      place,
    },
  ]);
}

function unknownArgument({ name, kind }: Pick<SourceItem, "name" | "kind">, schema: Block): Diagnostic {
  const settable = Object.entries(schema.attributes).filter(([, a]) => a.required || a.optional);
  const close = nearest(name, [...settable.map(([known]) => known), ...Object.keys(schema.blocks ?? {})]);
  const block = kind === "block";
  const argument = block && settable.some(([known]) => known === name);
  return error({
    code: "config-unknown-argument",
    summary: block ? "Unsupported block type" : "Unsupported argument",
    detail: block
      ? `Blocks of type "${name}" are not expected here.`
      : `An argument named "${name}" is not expected here.`,
    ...(argument
      ? { remedy: `Use the equals sign to assign it a value: ${name} = …` }
      : close === undefined
        ? {}
        : { remedy: `Did you mean "${close}"?` }),
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

/** `secret`: it stands in a dynamic block whose collection is sensitive, and so is all that it says. */
function bodyValue(body: Body, scope: Scope, address: string, diagnostics: Diagnostic[], secret = false): Value {
  const entries = new Map<string, Value>();
  for (const [name, attribute] of Object.entries(body.schema.attributes)) {
    const expression = body.attributes.get(name);
    entries.set(name, v.nullOf(attribute.type));
    if (expression === undefined) continue;
    try {
      locating(expression.place, address, () => {
        const value = convert(evaluate(expression.node, scope), attribute.type, `attribute "${name}"`);
        if (attribute.required && value.kind === "null") throw new DogeError([nullRequired(name)]);
        entries.set(name, v.markIf(value, secret));
      });
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown));
    }
  }
  for (const [name, nested] of Object.entries(body.schema.blocks ?? {})) {
    entries.set(name, blocksValue(body.blocks.get(name) ?? [], nested, { scope, address, diagnostics, secret }));
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
  at: { readonly scope: Scope; readonly address: string; readonly diagnostics: Diagnostic[]; readonly secret: boolean },
): Value {
  const { scope, address, diagnostics, secret } = at;
  const items: Value[] = [];
  for (const block of blocks) {
    if (!("iterator" in block)) items.push(bodyValue(block, scope, address, diagnostics, secret));
    else {
      const expanded = expand(block, scope, address, diagnostics, secret);
      if (expanded) items.push(...expanded);
      else if (nested.nesting === "single") items.push(unknownBody(block.content));
      else return v.unknownOf(typeOfNested(nested));
    }
  }
  const element = typeOfBlock(nested.block);
  if (nested.nesting === "single") return items[0] ?? v.nullOf(element);
  return nested.nesting === "list" ? v.list(element, items) : v.set(element, items);
}

/** A block that may come or not: terraform takes it that it comes, with nothing known of what is said in it. */
function unknownBody({ schema, attributes, blocks }: Body): Value {
  const entries = new Map<string, Value>();
  for (const [name, { type }] of Object.entries(schema.attributes))
    entries.set(name, attributes.has(name) ? v.unknownOf(type) : v.nullOf(type));
  for (const [name, nested] of Object.entries(schema.blocks ?? {})) {
    const type = typeOfNested(nested);
    entries.set(name, blocks.has(name) ? v.unknownOf(type) : blocksValue([], nested, nowhere));
  }
  return v.object(entries);
}

const nowhere = { scope: emptyScope, address: "", diagnostics: [], secret: false };

/** The blocks of a dynamic one, or undefined while its collection is unknown. */
function expand(
  block: DynamicBlock,
  scope: Scope,
  address: string,
  diagnostics: Diagnostic[],
  secret: boolean,
): Value[] | undefined {
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
    return bodyValue(block.content, iterator, address, diagnostics, secret || collection.sensitive === true);
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
