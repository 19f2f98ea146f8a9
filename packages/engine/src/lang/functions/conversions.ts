import type { Type } from "../../schema.ts";
import { Mismatch, tryConvert } from "../convert.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, type LanguageFunction, open } from "./define.ts";

const whatever = { anything: true, nullable: true, maybeNull: true } as const;

const to = (type: Type): LanguageFunction =>
  open(
    [["v", "dynamic"]],
    type,
    ([value]) => {
      const converted = tryConvert(value as Value, type);
      if (!(converted instanceof Mismatch)) return converted;
      throw new ArgumentError(`cannot convert: ${converted.reason}`, 0);
    },
    whatever,
  );

const marking = (returns: Type, run: (value: Value) => Value): LanguageFunction =>
  open([["value", "dynamic"]], returns, ([value]) => run(value as Value), whatever);

function withoutSensitive(value: Value): Value {
  const { sensitive: _, ...rest } = v.mapParts(value, withoutSensitive);
  return rest;
}

/** Everything ephemeral becomes null; the rest stays. */
function ephemeralAsNull(value: Value): Value {
  if (value.ephemeral) return v.carry(v.nullOf(v.typeOf(value)), value.sensitive ? { sensitive: true } : undefined);
  return v.hasEphemeral(value) ? v.mapParts(value, ephemeralAsNull) : value;
}

export const conversions: FunctionTable = {
  ephemeralasnull: marking("dynamic", ephemeralAsNull),
  issensitive: marking("bool", (value) =>
    value.kind === "unknown" && !value.sensitive ? v.someOf("bool") : v.bool(value.sensitive === true),
  ),
  nonsensitive: marking("dynamic", withoutSensitive),
  sensitive: marking("dynamic", v.mark),
  tobool: to("bool"),
  tolist: to(["list", "dynamic"]),
  tomap: to(["map", "dynamic"]),
  tonumber: to("number"),
  toset: to(["set", "dynamic"]),
  tostring: to("string"),
};
