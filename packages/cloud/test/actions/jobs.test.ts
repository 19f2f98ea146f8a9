import { afterEach, beforeEach, expect, test } from "vitest";
import { openBench, runWorkflow, type Bench } from "./harness.ts";

let bench: Bench;
beforeEach(async () => void (bench = await openBench()));
afterEach(() => bench.close());

test("a push runs the workflow of its commit: checkout, contexts, a clean environment, a check run", async () => {
  process.env["DOGE_CANARY"] = "of the cloud itself";
  const { run, jobs } = await runWorkflow(
    bench,
    `name: Build
on: { push: { branches: [main] } }
permissions: { contents: read, packages: write }
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          cat hello.txt
          echo "at $GITHUB_REF_NAME $GITHUB_SHA of $GITHUB_REPOSITORY run $GITHUB_RUN_NUMBER"
          echo "event \${{ github.event.ref }} by \${{ github.actor }}"
          echo "cloud \${DOGE_TEST_URL} canary [\${DOGE_CANARY}] home $HOME"
          test "$PWD" = "$GITHUB_WORKSPACE"
          git rev-parse --abbrev-ref HEAD
          git fetch --quiet origin main
`,
    { "hello.txt": "Hello from the tree\n" },
  );
  delete process.env["DOGE_CANARY"];
  const [job] = jobs;
  const text = await bench.text(job!);
  expect(run).toMatchObject({
    status: "completed",
    conclusion: "success",
    event: "push",
    number: 1,
    headBranch: "main",
  });
  expect(text).toContain("Hello from the tree");
  expect(text).toContain(`at main ${run.sha} of octo/app run 1`);
  expect(text).toContain("event refs/heads/main by octo");
  expect(text).toMatch(/cloud http:\/\/there\.test canary \[\] home \S+\/home$/m);
  expect(job?.steps.map((step) => [step.name, step.conclusion])).toEqual([
    ["Set up job", "success"],
    ["Run actions/checkout@v4", "success"],
    ["Run cat hello.txt", "success"],
    ["Complete job", "success"],
  ]);
  expect(bench.github.checks.map(({ name, status, conclusion }) => [name, status, conclusion])).toEqual([
    ["build", "queued", undefined],
    ["build", "in_progress", undefined],
    ["build", "completed", "success"],
  ]);
  expect(bench.github.checks.every((check) => check.headSha === run.sha && check.id === job?.id)).toBe(true);
  expect(bench.github.minted[0]).toMatchObject({ contents: "read", packages: "write", issues: "none" });
  expect(bench.github.live.size).toBe(0);
  // git proved itself with the job's token, which stands in no log.
  const [basic = ""] = bench.github.authorizations;
  expect(Buffer.from(basic.split(" ")[1] ?? "", "base64").toString()).toMatch(/^x-access-token:ghs_/);
  expect(text).not.toContain(basic.split(" ")[1]);
});

test("a pull request runs on its merge commit, its checks stand on its head", async () => {
  await bench.commit({
    "base.txt": "base",
    ".github/workflows/ci.yml":
      "on: workflow_dispatch\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] } }",
  });
  await bench.commit({ "other.txt": "other" }, { branch: "feature" });
  await bench.commit(
    {
      "feature.txt": "feature",
      ".github/workflows/ci.yml": `on: { pull_request: { branches: [main] } }
jobs:
  ci:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "$(ls) $GITHUB_REF $GITHUB_HEAD_REF to $GITHUB_BASE_REF"
`,
    },
    { branch: "feature" },
  );
  await bench.pull({ head: "feature", base: "main", action: "closed", number: 6 });
  await bench.pull({ head: "feature", base: "main" });
  const [run, ...others] = await bench.settled();
  expect(others).toEqual([]);
  const head = await bench.git("rev-parse", "feature");
  expect(run).toMatchObject({ conclusion: "success", headSha: head, headBranch: "feature", title: "Merge feature" });
  expect(run?.sha).not.toBe(head);
  expect(bench.github.checks.at(-1)).toMatchObject({ name: "ci", headSha: head, conclusion: "success" });
  const text = (await bench.text(bench.jobs(run!)[0]!)).replaceAll("\n", " ");
  expect(text).toMatch(/base\.txt feature\.txt other\.txt refs\/pull\/7\/merge feature to main/);
});

test("outputs, needs, matrix with include and exclude, env and defaults", async () => {
  const { run, jobs } = await runWorkflow(
    bench,
    `on: push
env: { LEVEL: workflow, SHARED: from-workflow }
defaults: { run: { shell: bash } }
jobs:
  first:
    runs-on: ubuntu-latest
    env: { LEVEL: job }
    outputs: { version: "\${{ steps.v.outputs.version }}", notes: "\${{ steps.v.outputs.notes }}" }
    steps:
      - id: v
        env: { LEVEL: step }
        run: |
          echo "version=1.$LEVEL" >> "$GITHUB_OUTPUT"
          { echo 'notes<<END'; echo one; echo two; echo END; } >> "$GITHUB_OUTPUT"
          echo "ADDED=\${SHARED}" >> "$GITHUB_ENV"
          mkdir -p bin && printf '#!/bin/sh\\necho tool-ran\\n' > bin/tool && chmod +x bin/tool
          echo "$PWD/bin" >> "$GITHUB_PATH"
          echo '### Done' >> "$GITHUB_STEP_SUMMARY"
      - run: echo "added $ADDED \${{ env.ADDED }} $(tool)"
      - shell: node {0}
        run: console.log(["from", "node"].join(" "))
  cells:
    needs: first
    strategy:
      matrix:
        os: [a, b]
        n: [1, 2]
        exclude: [{ os: b, n: 2 }]
        include: [{ os: a, extra: yes }, { os: c, n: 9 }]
    runs-on: ubuntu-latest
    steps:
      - run: echo "cell \${{ matrix.os }}-\${{ matrix.n }}-\${{ matrix.extra }} \${{ needs.first.outputs.version }} \${{ strategy.job-total }}"
  last:
    needs: [first, cells]
    if: needs.cells.result == 'success'
    runs-on: ubuntu-latest
    steps:
      - run: printf '%s\\n' "\${{ needs.first.outputs.notes }}"
  never:
    needs: first
    if: github.ref == 'refs/heads/other'
    runs-on: ubuntu-latest
    steps: [{ run: exit 1 }]
`,
  );
  expect(run.conclusion).toBe("success");
  const named = Object.fromEntries(jobs.map((job) => [job.name, job]));
  expect(Object.keys(named).sort()).toEqual([
    "cells (a, 1, yes)",
    "cells (a, 2, yes)",
    "cells (b, 1)",
    "cells (c, 9)",
    "first",
    "last",
    "never",
  ]);
  const first = await bench.text(named["first"]!);
  expect(first).toContain("added from-workflow from-workflow tool-ran");
  expect(first).toContain("from node");
  expect(named["first"]?.summary).toBe("### Done\n");
  expect(await bench.text(named["cells (a, 2, yes)"]!)).toContain("cell a-2-yes 1.step 4");
  expect(await bench.text(named["cells (c, 9)"]!)).toContain("cell c-9- 1.step 4");
  expect(await bench.text(named["last"]!)).toMatch(/^one\ntwo$/m);
  expect(named["never"]?.conclusion).toBe("skipped");
  expect(bench.github.checks.find((check) => check.name === "never")).toMatchObject({
    status: "completed",
    conclusion: "skipped",
  });
});

test("a failure ends the job, what it needs is skipped, always() and failure() still run", async () => {
  const { run, jobs } = await runWorkflow(
    bench,
    `on: push
jobs:
  broken:
    runs-on: ubuntu-latest
    steps:
      - id: allowed
        continue-on-error: true
        run: exit 3
      - run: echo "outcome \${{ steps.allowed.outcome }} conclusion \${{ steps.allowed.conclusion }}"
      - run: |
          echo "::error file=src/a.ts,line=4,title=Broken::It is%0Abroken"
          exit 7
      - run: echo not-reached
      - if: failure()
        run: echo on-failure
      - if: \${{ always() && job.status == 'failure' }}
        run: echo at-the-end
  after:
    needs: broken
    runs-on: ubuntu-latest
    steps: [{ run: echo no }]
  report:
    needs: [broken, after]
    if: always()
    runs-on: ubuntu-latest
    steps: [{ run: "echo report \${{ needs.broken.result }} \${{ needs.after.result }}" }]
`,
  );
  expect(run.conclusion).toBe("failure");
  const [broken, after, report] = ["broken", "after", "report"].map((key) => jobs.find((job) => job.key === key)!);
  const text = await bench.text(broken!);
  expect(text).toContain("outcome failure conclusion success");
  expect(text).toContain("##[error]Process completed with exit code 7.");
  expect(text).not.toMatch(/^not-reached$/m);
  expect(text).toMatch(/^on-failure$/m);
  expect(text).toMatch(/^at-the-end$/m);
  expect(broken?.annotations).toContainEqual({
    level: "error",
    message: "It is\nbroken",
    title: "Broken",
    file: "src/a.ts",
    line: 4,
  });
  expect(after?.conclusion).toBe("skipped");
  expect(await bench.text(report!)).toContain("report failure skipped");
});

test("what the local cloud does not have fails with its name", async () => {
  const { jobs } = await runWorkflow(
    bench,
    `on: push
jobs:
  action: { runs-on: ubuntu-latest, steps: [{ uses: actions/github-script@v7, with: { script: "1" } }] }
  services: { runs-on: ubuntu-latest, services: { db: { image: postgres } }, steps: [{ run: "true" }] }
  labels: { runs-on: windows-latest, steps: [{ run: "true" }] }
  reusable: { uses: ./.github/workflows/other.yml }
`,
  );
  const messages = Object.fromEntries(jobs.map((job) => [job.key, job.annotations.map((each) => each.message).join()]));
  expect(messages["action"]).toContain("does not have the action actions/github-script@v7");
  expect(messages["services"]).toContain("service containers (`services:`)");
  expect(messages["labels"]).toContain("only ubuntu-* runners");
  expect(messages["reusable"]).toContain("reusable workflows");
  expect(jobs.every((job) => job.conclusion === "failure")).toBe(true);
});
