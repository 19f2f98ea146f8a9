import { Redactor } from "@doge/core";
import { expect, test } from "vitest";
import { deployComment, planComment } from "../src/ci/comment.ts";

const context = () => {
  const redactor = new Redactor();
  redactor.add("s3cret-value");
  return {
    environment: "stage" as const,
    commit: "abcdef1234567890",
    jobUrl: "https://github.com/o/r/actions/runs/1",
    redactor,
  };
};
const counts = { add: 1, change: 0, destroy: 1 };

test("counts first, deletions warned of, the plan folded, secrets masked", () => {
  const text = planComment(
    {
      state: "planned",
      counts,
      changes: [{ address: "digitalocean_droplet.this", action: "replace" }],
      text: "password = s3cret-value",
      image: "sha256:1234",
      cost: { before: 6, after: 12, unpriced: [] },
      runUrl: "https://app.terraform.io/r",
    },
    context(),
  );
  expect(text).toBe(
    [
      "<!-- doge:plan:stage -->",
      "### Plan for `stage`: 1 to add, 0 to change, 1 to destroy",
      "",
      "> [!WARNING]",
      "> Destroyed or replaced:",
      "> - `digitalocean_droplet.this` (replace)",
      "",
      "Image: `sha256:1234`",
      "",
      "Monthly cost of droplets: $6.00 → $12.00",
      "",
      "<details><summary>Plan</summary>",
      "",
      "```",
      "password = ***",
      "```",
      "",
      "</details>",
      "",
      "Commit abcdef1 · [job](https://github.com/o/r/actions/runs/1) · [run](https://app.terraform.io/r)",
      "",
    ].join("\n"),
  );
});

test("a plan of any length stays below GitHub's limit and keeps its counts", () => {
  const text = planComment(
    { state: "planned", counts, changes: [], text: "ä ".repeat(100_000).replaceAll(" ", "\n") },
    context(),
  );
  expect(text.length).toBeLessThan(65_536);
  expect(Buffer.byteLength(text)).toBeLessThan(65_536);
  expect(text).toContain("1 to add");
  expect(text).toContain("… cut here");
});

test("backticks in a plan don't end its fence", () => {
  const text = planComment({ state: "planned", counts, changes: [], text: "a\n```\nb" }, context());
  expect(text).toContain("````\na\n```\nb\n````");
});

test("failures are reported too", () => {
  expect(planComment({ state: "failed", reason: "The run failed" }, context())).toContain(
    "### ✗ Plan for `stage` failed",
  );
  expect(deployComment({ ok: false, reason: "no" }, context())).toMatch(
    /^<!-- doge:deploy:stage -->\n### ✗ Deploy to `stage` failed/,
  );
});
