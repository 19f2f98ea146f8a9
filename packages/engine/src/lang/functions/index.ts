import { DogeError, fail, nearest } from "@doge/core";
import { convert } from "../convert.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { collections } from "./collections.ts";
import { conversions } from "./conversions.ts";
import { ArgumentError, type FunctionTable, type LanguageFunction } from "./define.ts";
import { encodings } from "./encodings.ts";
import { hashes } from "./hashes.ts";
import { numbers } from "./numbers.ts";
import { sets } from "./sets.ts";
import { strings } from "./strings.ts";

const table: FunctionTable = {
  ...strings,
  ...collections,
  ...sets,
  ...numbers,
  ...encodings,
  ...hashes,
  ...conversions,
};

/** Names of all functions, `try` and `can` included (those two see expressions, not values). */
export const functionNames: readonly string[] = [...Object.keys(table), "try", "can"];

/** Calls a function with Terraform's rules for conversion, null, unknown values and marks. */
export function callFunction(name: string, given: readonly Value[]): Value {
  const definition = Object.hasOwn(table, name) ? table[name] : undefined;
  if (definition === undefined) return unknownFunction(name);
  checkCount(name, definition, given.length);
  const args = given.map((value, i) => {
    const type = definition.params[i] ?? definition.rest ?? "dynamic";
    if (value.kind === "null" && !definition.anything) {
      return invalidArgument(name, `argument ${i + 1} must not be null`);
    }
    return convert(value, type, `argument ${i + 1} of ${name}`);
  });
  const sensitive = !definition.marks && args.some(v.hasSensitive);
  const known = args.every((arg) => (definition.partial ? !v.isUnknown(arg) : v.isWhollyKnown(arg)));
  if (!known && !definition.anything)
    return v.markIf(v.unknownOf(definition.returns), sensitive || args.some(v.hasSensitive));
  try {
    return v.markIf(definition.run(...(definition.marks ? args : args.map(v.unmarkDeep))), sensitive);
  } catch (thrown) {
    // The message may quote an argument.
    if (args.some(v.hasSensitive)) return invalidArgument(name, "a sensitive argument is not acceptable");
    if (thrown instanceof ArgumentError) return invalidArgument(name, thrown.message);
    if (thrown instanceof DogeError && thrown.diagnostics[0]?.code === "wrong-type") {
      return invalidArgument(name, thrown.diagnostics[0].detail ?? "");
    }
    throw thrown;
  }
}

function unknownFunction(name: string): never {
  const close = nearest(name, functionNames);
  return fail({
    code: "unknown-function",
    summary: "Call to unknown function",
    detail: `There is no function named "${name}".`,
    ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
  });
}

function checkCount(name: string, definition: LanguageFunction, count: number): void {
  const most = definition.params.length;
  const least = most - (definition.optional ?? 0);
  if (count >= least && (count <= most || definition.rest !== undefined)) return;
  const few = count < least;
  fail({
    code: "argument-count",
    summary: few ? "Not enough function arguments" : "Too many function arguments",
    detail: `Function "${name}" takes ${few ? `at least ${least}` : `at most ${most}`} argument(s), but got ${count}.`,
  });
}

const invalidArgument = (name: string, detail: string): never =>
  fail({
    code: "invalid-argument",
    summary: "Invalid function argument",
    detail: `In the call of "${name}": ${detail}.`.replace(/\.\.$/, "."),
  });
