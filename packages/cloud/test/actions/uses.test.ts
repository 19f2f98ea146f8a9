import { afterEach, beforeEach, expect, test } from "vitest";
import { openBench, runWorkflow, type Bench } from "./harness.ts";

let bench: Bench;
beforeEach(async () => void (bench = await openBench()));
afterEach(() => bench.close());

const composite = `name: Greet
description: Greets
inputs: { who: { default: world }, loud: { required: false } }
outputs: { greeting: { value: "\${{ steps.say.outputs.text }}" } }
runs:
  using: composite
  steps:
    - id: say
      shell: bash
      run: |
        echo "text=Hello \${{ inputs.who }}" >> "$GITHUB_OUTPUT"
        test -f "$GITHUB_ACTION_PATH/action.yml"
    - if: inputs.loud == 'yes'
      shell: bash
      run: echo LOUD
    - uses: ./.github/actions/script
      with: { message: "from \${{ inputs.who }}" }
`;

const script = {
  ".github/actions/script/action.yml": `name: Script
description: Says
inputs: { message: { required: true } }
runs: { using: node20, main: main.js, post: post.js }
`,
  ".github/actions/script/main.js": `const { appendFileSync } = require("node:fs");
console.log("main says " + process.env.INPUT_MESSAGE);
appendFileSync(process.env.GITHUB_STATE, "kept=" + process.env.INPUT_MESSAGE + "\\n");
appendFileSync(process.env.GITHUB_OUTPUT, "said=" + process.env.INPUT_MESSAGE + "\\n");
`,
  ".github/actions/script/post.js": `console.log("post kept " + process.env.STATE_kept);
`,
};

test("local actions: a composite one with inputs and outputs, a JavaScript one with its post step", async () => {
  const { run, jobs } = await runWorkflow(
    bench,
    `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: greet
        uses: ./.github/actions/greet
        with: { who: Octo, loud: "yes" }
      - id: script
        uses: ./.github/actions/script
        with: { message: direct }
      - run: echo "got \${{ steps.greet.outputs.greeting }} and \${{ steps.script.outputs.said }}"
`,
    { ".github/actions/greet/action.yml": composite, ...script },
  );
  const text = await bench.text(jobs[0]!);
  expect(text).toContain("got Hello Octo and direct");
  expect(text).toMatch(/^LOUD$/m);
  expect(text).toMatch(/^main says from Octo$/m);
  expect(text.indexOf("post kept direct")).toBeLessThan(text.indexOf("post kept from Octo"));
  expect(text.indexOf("post kept direct")).toBeGreaterThan(text.indexOf("got Hello"));
  expect(run.conclusion).toBe("success");
});

test("setup-node puts the cloud's own Node and the machine's npm first", async () => {
  const { jobs } = await runWorkflow(
    bench,
    `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - { uses: actions/setup-node@v4, with: { node-version: "24", cache: npm } }
      - run: |
          node --version
          command -v npm
          npm config get cache
`,
  );
  const text = await bench.text(jobs[0]!);
  expect(text).toContain(`\n${process.version}\n`);
  expect(text).toMatch(/^\S+\/node\/bin\/npm$/m);
  // The cache is not in the job's own HOME: what the machine has is not downloaded again.
  expect(text).not.toMatch(/^\S+\/home\/\.npm$/m);
  expect(jobs[0]?.conclusion).toBe("success");
});

test("artifacts travel between jobs, caches between runs; hashFiles names them", async () => {
  const workflow = `on: push
jobs:
  make:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: cache
        uses: actions/cache@v4
        with: { path: kept, key: "kept-\${{ hashFiles('lock.txt') }}", restore-keys: kept- }
      - run: echo "hit [\${{ steps.cache.outputs.cache-hit }}]"; mkdir -p kept out/deep; date > kept/new; echo made > out/deep/file
      - { uses: actions/upload-artifact@v4, with: { name: built, path: out } }
  take:
    needs: make
    runs-on: ubuntu-latest
    steps:
      - { uses: actions/download-artifact@v4, with: { name: built, path: in } }
      - run: cat in/deep/file
`;
  const first = await runWorkflow(bench, workflow, { "lock.txt": "1" });
  expect(await bench.text(first.jobs[0]!)).toContain("hit []");
  expect(await bench.text(first.jobs[1]!)).toMatch(/^made$/m);
  const second = await runWorkflow(bench, workflow, { "other.txt": "1" });
  expect(await bench.text(second.jobs[0]!)).toContain("hit [true]");
  const third = await runWorkflow(bench, workflow, { "lock.txt": "2" });
  expect(await bench.text(third.jobs[0]!)).toContain("hit [false]");
  expect([first, second, third].map(({ run }) => run.conclusion)).toEqual(["success", "success", "success"]);
});
