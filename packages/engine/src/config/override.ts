import { type Diagnostic, error } from "@doge/core";
import { placed } from "./locate.ts";
import { overlay, type SourceBlock } from "./source.ts";

/** A block at the top of a file. */
export interface TopBlock extends SourceBlock {
  readonly section: string;
}

/** Nested blocks whose arguments are merged one by one; all others are replaced whole. */
const merged: Readonly<Record<string, readonly string[]>> = {
  resource: ["lifecycle"],
  data: ["lifecycle"],
  terraform: ["required_providers"],
};

/** The blocks with what override files say laid over them, by Terraform's rules. */
export function overriding(
  primary: readonly TopBlock[],
  overrides: readonly TopBlock[],
  diagnostics: Diagnostic[],
): TopBlock[] {
  const blocks = [...primary];
  for (const over of overrides) {
    if (over.section === "locals") overrideLocals(blocks, over);
    else {
      const index = blocks.findIndex((block) => sameBlock(block, over));
      const base = blocks[index];
      if (base) blocks[index] = { ...base, body: overlay(base.body, over.body, merged[over.section] ?? []) };
      else if (over.section === "terraform") blocks.push(over);
      else diagnostics.push(placed(missingBase(over), over.place));
    }
  }
  return blocks;
}

const sameBlock = (a: TopBlock, b: TopBlock): boolean =>
  a.section === b.section &&
  a.labels.length === b.labels.length &&
  a.labels.every((label, i) => label === b.labels[i]) &&
  (a.section !== "provider" || aliasOf(a) === aliasOf(b));

const aliasOf = (block: TopBlock): unknown => {
  const value = block.body.items
    .find((item) => item.name === "alias")
    ?.attribute()
    .value();
  return value && "value" in value ? value.value : undefined;
};

/** Values by name, wherever they were declared. */
function overrideLocals(blocks: TopBlock[], over: TopBlock): void {
  for (const item of over.body.items) {
    const index = blocks.findIndex(
      (block) => block.section === "locals" && block.body.items.some((one) => one.name === item.name),
    );
    const base = blocks[index];
    const only = { place: over.body.place, items: [item] };
    if (base) blocks[index] = { ...base, body: overlay(base.body, only) };
    else blocks.push({ ...over, body: only });
  }
}

const missingBase = ({ section, labels }: TopBlock): Diagnostic =>
  error({
    code: "config-override",
    summary: `Missing base ${section} declaration to override`,
    detail: `There is no ${[section, ...labels.map((label) => JSON.stringify(label))].join(" ")}. An override file can only override what a primary configuration file declares.`,
  });
