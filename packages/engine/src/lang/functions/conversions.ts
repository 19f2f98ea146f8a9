import type { Type } from "../../schema.ts";
import { convert } from "../convert.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import type { FunctionTable, LanguageFunction } from "./define.ts";

const to = (type: Type): LanguageFunction => ({
  params: ["dynamic"],
  returns: type,
  marks: true,
  partial: true,
  anything: true,
  run: (value) => convert(value, type, "argument"),
});

const marking = (returns: Type, run: (value: Value) => Value): LanguageFunction => ({
  params: ["dynamic"],
  returns,
  marks: true,
  partial: true,
  anything: true,
  run: (value) => run(value),
});

export const conversions: FunctionTable = {
  issensitive: marking("bool", (value) => v.bool(v.hasSensitive(value))),
  nonsensitive: marking("dynamic", v.unmark),
  sensitive: marking("dynamic", v.mark),
  tobool: to("bool"),
  tolist: to(["list", "dynamic"]),
  tomap: to(["map", "dynamic"]),
  tonumber: to("number"),
  toset: to(["set", "dynamic"]),
  tostring: to("string"),
};
