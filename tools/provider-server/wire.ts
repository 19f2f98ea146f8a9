/** Values as they travel: MessagePack, with extension 0 for unknown and 12 for an unknown that is refined. */
import { decode, encode, ExtData } from "@msgpack/msgpack";
import * as v from "../../packages/engine/src/lang/values.ts";
import type { Value } from "../../packages/engine/src/lang/values.ts";
import type { Type } from "../../packages/engine/src/schema.ts";

export interface DynamicValue {
  readonly msgpack?: Uint8Array;
  readonly json?: Uint8Array;
}

export const fromWire = (given: DynamicValue | null | undefined, type: Type): Value =>
  given?.msgpack?.length ? valueOf(decode(given.msgpack, { useBigInt64: false }), type) : v.nullOf(type);

export const toWire = (value: Value, type: Type): DynamicValue => ({
  msgpack: Buffer.from(encode(rawOf(value, type))),
});

function valueOf(raw: unknown, type: Type): Value {
  if (raw === null || raw === undefined) return v.nullOf(type);
  // What a refinement promises (not null, a prefix) is more than our values say.
  if (raw instanceof ExtData) return v.unknownOf(type);
  switch (type) {
    case "string":
      return v.string(raw as string);
    case "number":
      return v.number(Number(raw));
    case "bool":
      return v.bool(raw as boolean);
    case "dynamic": {
      const [inner, content] = raw as readonly [Uint8Array, unknown];
      return valueOf(content, JSON.parse(Buffer.from(inner).toString()) as Type);
    }
  }
  switch (type[0]) {
    case "list":
      return v.list(type[1], itemsOf(raw, type[1]));
    case "set":
      return v.set(type[1], itemsOf(raw, type[1]));
    case "tuple":
      return v.tuple(type[1].map((one, i) => valueOf((raw as unknown[])[i], one)));
    case "map":
      return v.map(
        type[1],
        Object.entries(raw).map(([name, one]) => [name, valueOf(one, type[1])] as const),
      );
    case "object": {
      const given = raw as Readonly<Record<string, unknown>>;
      return v.object(Object.entries(type[1]).map(([name, field]) => [name, valueOf(given[name], field)] as const));
    }
  }
}

const itemsOf = (raw: unknown, element: Type): Value[] => (raw as unknown[]).map((one) => valueOf(one, element));

function rawOf(value: Value, type: Type): unknown {
  if (value.kind === "unknown") return new ExtData(0, new Uint8Array([0]));
  if (type === "dynamic") {
    if (value.kind === "null") return null;
    const inner = v.typeOf(value);
    return [Buffer.from(JSON.stringify(inner)), rawOf(value, inner)];
  }
  if (value.kind === "null") return null;
  if (v.isSequence(value)) return value.items.map((one, i) => rawOf(one, partType(type, i)));
  if (v.isMapping(value))
    return Object.fromEntries([...value.entries].map(([name, one]) => [name, rawOf(one, partType(type, name))]));
  return v.toPlain(value);
}

function partType(type: Type, key: string | number): Type {
  if (typeof type === "string") return "dynamic";
  if (type[0] === "tuple") return type[1][key as number] ?? "dynamic";
  if (type[0] === "object") return type[1][key] ?? "dynamic";
  return type[1];
}
