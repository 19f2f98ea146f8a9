import { DogeError, fail, nearest } from "@doge/core";
import { Mismatch, tryConvert } from "../convert.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { collections } from "./collections.ts";
import { conversions } from "./conversions.ts";
import { crypto } from "./crypto.ts";
import { dates } from "./dates.ts";
import {
  ArgumentError,
  type CallContext,
  type FunctionTable,
  type LanguageFunction,
  type Parameter,
} from "./define.ts";
import { encodings } from "./encodings.ts";
import { files } from "./files.ts";
import { hashes } from "./hashes.ts";
import { lists } from "./lists.ts";
import { maps } from "./maps.ts";
import { network } from "./network.ts";
import { numbers } from "./numbers.ts";
import { sets } from "./sets.ts";
import { strings } from "./strings.ts";
import { templates } from "./templates.ts";
import { texts } from "./texts.ts";

const table: FunctionTable = {
  ...collections,
  ...conversions,
  ...crypto,
  ...dates,
  ...encodings,
  ...files,
  ...hashes,
  ...lists,
  ...maps,
  ...network,
  ...numbers,
  ...sets,
  ...strings,
  ...templates,
  ...texts,
};

/** Names of all functions, `try` and `can` included (those two see expressions, not values). */
export const functionNames: readonly string[] = [...Object.keys(table), "try", "can"].sort();

export const functionNamed = (name: string): LanguageFunction | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Calls a function with Terraform's rules for conversion, null, unknown values and marks. */
export function callFunction(name: string, given: readonly Value[], context: CallContext): Value {
  const definition = functionNamed(name) ?? unknownFunction(name);
  checkCount(name, definition, given.length);
  const args = given.map((value, at) => argument(name, definition, value, at));
  const marks = definition.marks ? {} : v.marksIn(args);
  const known = args.every((arg) => (definition.partial ? !v.isUnknown(arg) : v.isWhollyKnown(arg)));
  if (!known && !definition.anything) return v.carry(unknownResult(definition, args), v.marksIn(args));
  try {
    return v.carry(definition.run(definition.marks ? args : args.map(v.unmarkDeep), context), marks);
  } catch (thrown) {
    return failed(name, definition, args, thrown);
  }
}

function argument(name: string, definition: LanguageFunction, value: Value, at: number): Value {
  const [, type] = parameterAt(definition, at);
  const nullable = definition.nullable === true || (definition.nullable === "rest" && at >= definition.params.length);
  if (value.kind === "null" && !nullable) return invalidArgument(name, definition, at, "it must not be null");
  const converted = tryConvert(value, type);
  return converted instanceof Mismatch ? invalidArgument(name, definition, at, converted.reason) : converted;
}

const parameterAt = (definition: LanguageFunction, at: number): Parameter =>
  definition.params[at] ?? definition.rest ?? ["argument", "dynamic"];

function unknownResult(definition: LanguageFunction, args: readonly Value[]): Value {
  if (typeof definition.returns !== "function") {
    return definition.maybeNull ? v.unknownOf(definition.returns) : v.someOf(definition.returns);
  }
  // Where a type is open, so is the type of the result.
  if (args.some((arg) => arg.kind === "unknown" && arg.type === "dynamic")) return v.unknownOf();
  const type = definition.returns(args);
  return definition.maybeNull ? v.unknownOf(type) : v.someOf(type);
}

function failed(name: string, definition: LanguageFunction, args: readonly Value[], thrown: unknown): never {
  const { sensitive, ephemeral } = v.marksIn(args);
  if (thrown instanceof ArgumentError) {
    // The message may quote an argument.
    const message = sensitive || ephemeral ? "a sensitive argument is not acceptable" : thrown.message;
    if (thrown.at !== undefined) return invalidArgument(name, definition, thrown.at, message);
    return callFailed(name, message);
  }
  if (sensitive && thrown instanceof DogeError) return callFailed(name, "a sensitive argument is not acceptable");
  if (thrown instanceof RangeError) return callFailed(name, "the result would be too large");
  throw thrown;
}

function unknownFunction(name: string): never {
  if (name.startsWith("provider::")) {
    return fail({
      code: "provider-function",
      summary: "Provider functions are left out",
      detail: `"${name}" is a function of a provider. Doge's own engine has no such functions; the hcp and terraform executors do.`,
    });
  }
  const close = nearest(name, functionNames);
  return fail({
    code: "unknown-function",
    summary: "Call to unknown function",
    detail: `There is no function named "${name}".`,
    ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
  });
}

function checkCount(name: string, { params, rest, most }: LanguageFunction, count: number): void {
  const least = params.length;
  const limit = rest === undefined ? least : least + (most ?? Number.POSITIVE_INFINITY);
  if (count >= least && count <= limit) return;
  const few = count < least;
  const missing = few ? ` Missing value for "${params[count]?.[0]}".` : "";
  const exactly = limit === least ? "" : few ? "at least " : "at most ";
  const wanted = few ? least : limit;
  fail({
    code: "argument-count",
    summary: few ? "Not enough function arguments" : "Too many function arguments",
    detail: `Function "${name}" expects ${exactly}${wanted} argument${wanted === 1 ? "" : "s"}, but got ${count}.${missing}`,
  });
}

function invalidArgument(name: string, definition: LanguageFunction, at: number, why: string): never {
  return fail({
    code: "invalid-argument",
    summary: "Invalid function argument",
    detail: `Invalid value for "${parameterAt(definition, at)[0]}" parameter of "${name}": ${why.replace(/\.$/, "")}.`,
  });
}

const callFailed = (name: string, why: string): never =>
  fail({
    code: "call-failed",
    summary: "Error in function call",
    detail: `Call to function "${name}" failed: ${why.replace(/\.$/, "")}.`,
  });
