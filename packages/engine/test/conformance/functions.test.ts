import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { functionNamed, functionNames } from "../../src/lang/functions/index.ts";
import { terraformIsHere } from "./terraform.ts";

interface Signature {
  readonly parameters?: readonly { readonly name: string }[];
  readonly variadic_parameter?: { readonly name: string };
}

function signatures(): ReadonlyMap<string, Signature> {
  const { stdout } = spawnSync("terraform", ["metadata", "functions", "-json"], {
    encoding: "utf8",
    maxBuffer: 1 << 24,
  });
  const { function_signatures: all } = JSON.parse(stdout) as {
    readonly function_signatures: Record<string, Signature>;
  };
  return new Map(Object.entries(all).filter(([name]) => !name.includes("::")));
}

test.skipIf(!terraformIsHere)("every function of terraform is here, and no other", () => {
  expect([...functionNames]).toEqual([...signatures().keys()].toSorted());
});

/** These look at expressions, not at values, and so stand in the evaluator. */
const special = new Set(["try", "can"]);

test.skipIf(!terraformIsHere)("parameters have terraform's names", () => {
  const theirs = [...signatures()].filter(([name]) => !special.has(name));
  const shown = theirs.map(([name, { parameters, variadic_parameter: rest }]) => [
    name,
    [...(parameters ?? []).map((one) => one.name), ...(rest ? [`${rest.name}...`] : [])],
  ]);
  const ours = theirs.map(([name]) => {
    const definition = functionNamed(name);
    const rest = definition?.rest;
    return [name, [...(definition?.params ?? []).map(([param]) => param), ...(rest ? [`${rest[0]}...`] : [])]];
  });
  expect(ours).toEqual(shown);
});
