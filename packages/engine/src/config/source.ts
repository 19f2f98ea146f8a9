import type { Node } from "../lang/ast.ts";
import type { Value } from "../lang/values.ts";
import type { Place } from "./model.ts";

/** An argument as written, in HCL or JSON, before anyone has asked for its value. */
export interface SourceAttribute {
  readonly place: Place;
  /** The expression; strings of JSON are templates. */
  node(): Node;
  /** The same where Terraform wants bare words (references, types): strings of JSON hold the expression itself. */
  bare(): Node;
  /** The value of what is written out; throws where it refers to something. Strings of JSON are no templates here. */
  value(): Value;
}

/** `resource "type" "name" { … }`: the labels are `type` and `name`. */
export interface SourceBlock {
  readonly labels: readonly string[];
  readonly body: SourceBody;
  readonly place: Place;
}

/** One name in a body. In JSON only the schema tells arguments from blocks, so both can be asked for. */
export interface SourceItem {
  readonly name: string;
  readonly place: Place;
  readonly kind: "attribute" | "block" | "either";
  /** Throws where this is a block. */
  attribute(): SourceAttribute;
  /** The blocks under this name, each with so many labels. Throws where this is an argument. */
  blocks(labels: number): readonly SourceBlock[];
}

/** What stands between braces, whatever the syntax. */
export interface SourceBody {
  readonly place: Place;
  readonly items: readonly SourceItem[];
}

/** The argument of that name. Throws where it is a block. */
export const attributeIn = (body: SourceBody, name: string): SourceAttribute | undefined =>
  body.items.find((item) => item.name === name)?.attribute();

/** All blocks of that name. */
export const blocksIn = (body: SourceBody, name: string, labels = 0): readonly SourceBlock[] =>
  body.items.filter((item) => item.name === name).flatMap((item) => item.blocks(labels));

/** The body without the items of these names. */
export const without = (body: SourceBody, names: readonly string[]): SourceBody => ({
  place: body.place,
  items: body.items.filter((item) => !names.includes(item.name)),
});

/**
 * What an override file makes of a body: its arguments and blocks stand for those of the same name. Dynamic blocks go by
 * the name of what they make.
 */
export function overlay(base: SourceBody, over: SourceBody, merged: readonly string[] = []): SourceBody {
  const named = over.items.flatMap((item) => (item.name === "dynamic" ? labelsOf(item) : [item.name]));
  const replaced = new Set(named.filter((name) => !merged.includes(name)));
  const kept = base.items.filter((item) => !replaced.has(item.name));
  const combined = new Set<string>();
  const items = kept.map((item) => {
    if (item.name === "dynamic") return otherThan(item, replaced);
    const others = merged.includes(item.name) ? over.items.filter((one) => one.name === item.name) : [];
    if (others.length === 0) return item;
    combined.add(item.name);
    return { ...item, blocks: (labels: number) => mergedBlocks(item, others, labels) };
  });
  return { place: base.place, items: [...items, ...over.items.filter((item) => !combined.has(item.name))] };
}

/** The first labels of blocks; none where these are no blocks, which is said elsewhere. */
function labelsOf(item: SourceItem): string[] {
  if (item.kind === "attribute") return [];
  try {
    return item.blocks(1).flatMap(({ labels }) => labels.slice(0, 1));
  } catch {
    return [];
  }
}

const otherThan = (item: SourceItem, replaced: ReadonlySet<string>): SourceItem => ({
  ...item,
  blocks: (labels) => item.blocks(labels).filter((block) => !replaced.has(block.labels[0] ?? "")),
});

function mergedBlocks(item: SourceItem, others: readonly SourceItem[], labels: number): readonly SourceBlock[] {
  const over = others.flatMap((one) => one.blocks(labels));
  return item.blocks(labels).map((block) => ({
    ...block,
    body: over.reduce((body, one) => overlay(body, one.body), block.body),
  }));
}
