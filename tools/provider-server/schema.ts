/** Our schemas in the protocol's spelling. */
import type { Attribute, Block, NestedBlock } from "../../packages/engine/src/schema.ts";

export const schemaMessage = (block: Block, version = 0) => ({ version, block: blockMessage(block) });

function blockMessage(block: Block): object {
  return {
    description: block.description ?? "",
    attributes: Object.entries(block.attributes).map(([name, one]) => ({
      name,
      type: Buffer.from(JSON.stringify(one.type)),
      description: one.description ?? "",
      required: one.required ?? false,
      optional: one.optional ?? false,
      computed: one.computed ?? false,
      sensitive: one.sensitive ?? false,
    })),
    block_types: Object.entries(block.blocks ?? {}).map(([type_name, nested]) => ({
      type_name,
      block: blockMessage(nested.block),
      nesting: nested.nesting.toUpperCase(),
      min_items: nested.minItems ?? 0,
      max_items: nested.nesting === "single" ? 0 : (nested.maxItems ?? 0),
    })),
  };
}

/**
 * Whether plans may hold what the configuration doesn't say: a default, a hash, lower case. Terraform
 * allows that to providers of its older SDK only, which is what most official ones are.
 */
export function isLegacy(block: Block): boolean {
  const loose = ({ default: fallback, normalize, same, computed }: Attribute): boolean =>
    normalize !== undefined || same !== undefined || (fallback !== undefined && !computed);
  return (
    Object.values(block.attributes).some(loose) ||
    Object.values(block.blocks ?? {}).some((nested: NestedBlock) => isLegacy(nested.block))
  );
}
