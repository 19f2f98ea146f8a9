import type { Provider } from "../provider.ts";
import type { Attribute, Block, NestedBlock } from "../schema.ts";

type Json = Record<string, unknown>;

/** The schemas of providers in the JSON format 1.0 of `terraform providers schema`. */
export function schemasToJson(providers: readonly Provider[]): Json {
  return {
    format_version: "1.0",
    provider_schemas: Object.fromEntries(
      providers.map((provider) => [
        `registry.terraform.io/${provider.source}`,
        {
          provider: { version: 0, block: blockJson(provider.schema) },
          resource_schemas: Object.fromEntries(
            provider.resources.map((one) => [one.type, { version: one.schemaVersion, block: blockJson(one.schema) }]),
          ),
          data_source_schemas: Object.fromEntries(
            provider.dataSources.map((one) => [one.type, { version: 0, block: blockJson(one.schema) }]),
          ),
        },
      ]),
    ),
  };
}

function blockJson(block: Block): Json {
  const attributes = Object.entries(block.attributes).map(([name, one]) => [name, attributeJson(one)]);
  const blocks = Object.entries(block.blocks ?? {}).map(([name, one]) => [name, nestedJson(one)]);
  return {
    ...(attributes.length > 0 ? { attributes: Object.fromEntries(attributes) } : {}),
    ...(blocks.length > 0 ? { block_types: Object.fromEntries(blocks) } : {}),
    ...(block.description === undefined ? {} : { description: block.description }),
    description_kind: "plain",
  };
}

const attributeJson = (attribute: Attribute): Json => ({
  type: attribute.type,
  ...(attribute.description === undefined ? {} : { description: attribute.description }),
  description_kind: "plain",
  ...(attribute.required ? { required: true } : {}),
  ...(attribute.optional ? { optional: true } : {}),
  ...(attribute.computed ? { computed: true } : {}),
  ...(attribute.sensitive ? { sensitive: true } : {}),
});

const nestedJson = (nested: NestedBlock): Json => ({
  nesting_mode: nested.nesting,
  block: blockJson(nested.block),
  ...(nested.minItems === undefined ? {} : { min_items: nested.minItems }),
  ...(nested.maxItems === undefined ? {} : { max_items: nested.maxItems }),
});
