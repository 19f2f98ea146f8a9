import { convert } from "../lang/convert.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Block, NestedBlock, Type } from "../schema.ts";

type ObjectType = readonly ["object", Readonly<Record<string, Type>>];
const types = new WeakMap<Block, ObjectType>();

/** The type of an object with this schema: attributes and blocks as fields. */
export function typeOfBlock(block: Block): ObjectType {
  let type = types.get(block);
  if (type === undefined) {
    const fields: Record<string, Type> = {};
    for (const [name, attribute] of Object.entries(block.attributes)) fields[name] = attribute.type;
    for (const [name, nested] of Object.entries(block.blocks ?? {})) fields[name] = typeOfNested(nested);
    type = ["object", fields];
    types.set(block, type);
  }
  return type;
}

export function typeOfNested(nested: NestedBlock): Type {
  const inner = typeOfBlock(nested.block);
  return nested.nesting === "single" ? inner : [nested.nesting, inner];
}

/** JSON from a provider or a state as a value of `type`: missing fields are null, unknown ones are dropped. */
export function decodeAs(json: unknown, type: Type): Value {
  if (json === null || json === undefined) return v.nullOf(type);
  if (typeof type === "string") {
    const value = v.fromPlain(json);
    return type === "dynamic" || value.kind === type ? value : convert(value, type);
  }
  switch (type[0]) {
    case "list":
    case "set": {
      const items = (json as unknown[]).map((item) => decodeAs(item, type[1]));
      return type[0] === "list" ? v.list(type[1], items) : v.set(type[1], items);
    }
    case "tuple":
      return v.tuple(type[1].map((item, i) => decodeAs((json as unknown[])[i], item)));
    case "map":
      return v.map(
        type[1],
        Object.entries(json).map(([name, item]) => [name, decodeAs(item, type[1])] as const),
      );
    case "object": {
      const given = json as Record<string, unknown>;
      return v.object(Object.entries(type[1]).map(([name, field]) => [name, decodeAs(given[name], field)] as const));
    }
  }
}
