import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunRecord } from "../../src/actions/records.ts";
import { openBench, type Bench } from "./harness.ts";

let bench: Bench;
beforeEach(async () => void (bench = await openBench()));
afterEach(() => bench.close());

const folder = join(import.meta.dirname, "../../../../templates/web/.github/workflows");

/** The template's own workflow files, and a `doge` that only says what it was asked to do. */
const project = {
  ...Object.fromEntries(
    readdirSync(folder).map((name) => [
      `.github/workflows/${name}`,
      readFileSync(join(folder, name), "utf8").replaceAll(/"\{\{\w+\}\}"/g, '"24"'),
    ]),
  ),
  "package.json": JSON.stringify({ name: "app", version: "1.0.0", devDependencies: { doge: "file:doge" } }),
  "package-lock.json": JSON.stringify({
    name: "app",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: {
      "": { name: "app", version: "1.0.0", devDependencies: { doge: "file:doge" } },
      "node_modules/doge": { resolved: "doge", link: true },
      doge: { version: "1.0.0", bin: { doge: "doge.mjs" } },
    },
  }),
  "doge/package.json": JSON.stringify({ name: "doge", version: "1.0.0", bin: { doge: "doge.mjs" } }),
  "doge/doge.mjs": `#!/usr/bin/env node
console.log("doge was asked:", process.argv.slice(2).join(" "), "on Node", process.version);
const files = JSON.parse(process.env.DOGE_ENV_FILES ?? "{}");
console.log("env files:", Object.keys(files).sort().join(" "), files.STAGE_APP === "COLOR=blue\\nSIZE=2\\n");
`,
};

/** What each job had to do, and did. */
const asked = async (runs: readonly RunRecord[]) =>
  Promise.all(
    runs.flatMap((run) =>
      bench.jobs(run).map(async (job) => {
        const command = /^doge was asked: (.*) on Node v24/m.exec(await bench.text(job))?.[1];
        return [job.name, run.conclusion, command];
      }),
    ),
  );

test("the template's workflows: ci and plan for pull requests, deploy for its branches with its environment", async () => {
  bench.github.secretsOf = { "": { SSH_KEY: "-----KEY" }, stage: { STAGE_APP: "COLOR=blue\nSIZE=2\n" } };
  const sha = await bench.commit(project);
  for (const branch of ["develop", "stage"]) await bench.git("branch", branch);
  await bench.git("push", "--quiet", "origin", "develop", "stage");
  await bench.commit({ "change.txt": "1" }, { branch: "feature" });
  await bench.pull({ head: "feature", base: "develop", number: 1 });
  await bench.pull({ head: "feature", base: "stage", number: 2 });
  bench.push(sha, { ref: "refs/heads/stage" });
  const runs = await bench.settled(3);
  const told = await asked(runs);
  expect(told).toEqual([
    ["ci", "success", "ci check"],
    ["plan", "success", "ci plan"],
    ["deploy", "success", "ci deploy"],
  ]);
  expect(await bench.text(bench.jobs(runs[2]!)[0]!)).toContain("env files: SSH_KEY STAGE_APP github_token true");
  expect(bench.github.deployments.map(({ environment, state }) => [environment, state])).toEqual([
    ["stage", "in_progress"],
    ["stage", "success"],
  ]);
});

test("the watch workflow looks at each environment from its branch", async () => {
  const sha = await bench.commit(project);
  await bench.git("branch", "stage");
  await bench.git("push", "--quiet", "origin", "stage");
  bench.dispatch({
    repository: "octo/app",
    event: "workflow_dispatch",
    ref: "refs/heads/main",
    sha,
    actor: "octo",
    workflow: "watch.yml",
    payload: {},
  });
  expect(await asked(await bench.settled(1))).toEqual([
    ["watch stage", "success", "ci watch stage"],
    ["watch prod", "success", "ci watch prod"],
  ]);
});
