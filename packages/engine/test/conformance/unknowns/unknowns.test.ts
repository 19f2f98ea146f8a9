import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { terraformIsHere } from "../terraform.ts";
import { ask, askTerraform, goldenFile, unknownExpressions } from "./ask.ts";

const golden = JSON.parse(readFileSync(goldenFile, "utf8")) as Readonly<Record<string, unknown>>;

test.each(unknownExpressions)("%s", (expression) => {
  expect(golden).toHaveProperty([expression]);
  expect(ask(expression)).toEqual(golden[expression]);
});

test.skipIf(!terraformIsHere)(
  "a plan of the real terraform still knows what was recorded",
  { timeout: 120_000 },
  () => {
    expect(askTerraform()).toEqual(unknownExpressions.map((expression) => golden[expression]));
  },
);
