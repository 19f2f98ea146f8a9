import { expect, test } from "vitest";
import { readFolder } from "../packages/cli/src/tool-package.ts";
import { exampleFiles, exampleFolder } from "../tools/example.ts";

test("examples/doge-app is what doge new makes (npm run example writes it)", () => {
  expect(readFolder(exampleFolder)).toEqual(exampleFiles());
});
