import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { releaseSteps } from "../src/index.ts";

const root = join(import.meta.dirname, "../../..");
const docs = readFileSync(join(root, "docs/deploy.md"), "utf8");
const sources = globSync(["packages/deploy/src/**/*.ts", "packages/workflow/src/deploy/*.ts"], { cwd: root }).map(
  (file) => readFileSync(join(root, file), "utf8"),
);
const rows = [...docs.matchAll(/^\| `([a-z-]+)` \| (.+?) \| (.+?) \|$/gm)].map(
  ([, code = "", summary = "", remedy = ""]) => ({
    code,
    summary,
    remedy,
  }),
);

test("every failure code of a deploy is in docs/deploy.md with its remedy, and no other", () => {
  const inCode = new Set(sources.flatMap((text) => [...text.matchAll(/code: "([a-z-]+)"/g)].map(([, code]) => code)));
  expect(new Set(rows.map(({ code }) => code))).toEqual(inCode);
  expect(rows.filter(({ remedy }) => remedy.length < 10)).toEqual([]);
});

test("what docs/deploy.md says happened is what the code says", () => {
  const all = sources.join("\n");
  expect(rows.filter(({ summary }) => !all.includes(JSON.stringify(summary))).map(({ code }) => code)).toEqual([]);
});

test("every state of the life cycle is in the picture and in the table", () => {
  for (const step of releaseSteps) {
    expect(docs).toMatch(new RegExp(`^\\| ${step} \\| `, "m"));
    expect(docs).toMatch(new RegExp(`\\b${step.replace("-", "_")} -->`));
  }
});
