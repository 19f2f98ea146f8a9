import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBench, runWorkflow, type Bench } from "./harness.ts";
import { isRunning, until } from "./waiting.ts";

let bench: Bench;
beforeEach(async () => void (bench = await openBench()));
afterEach(() => bench.close());

const sleeper = (cancelInProgress: boolean): string => `on: push
concurrency: { group: "deploy-\${{ github.ref_name }}", cancel-in-progress: ${cancelInProgress} }
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: |
          while [ ! -e "${bench.folder}/go" ]; do sleep 0.05; done
`;

test("a newer run cancels the one in progress; the whole process tree ends, always() still runs", async () => {
  const mark = `${bench.folder}/pid`;
  const first = await bench.commit({
    ".github/workflows/a.yml": `on: push
concurrency: { group: one, cancel-in-progress: true }
jobs:
  long:
    runs-on: ubuntu-latest
    steps:
      - id: slow
        run: |
          trap '' INT
          sh -c 'echo $$ > ${mark}; exec sleep 1000' &
          wait
      - run: echo not-reached
      - if: cancelled()
        run: echo was-cancelled
      - if: always()
        run: echo outcome-\${{ steps.slow.outcome }}
`,
  });
  bench.push(first);
  const pid = Number(await until(async () => (await readFile(mark, "utf8").catch(() => "")).trim() || undefined));
  const second = await bench.commit({
    ".github/workflows/a.yml":
      "on: push\nconcurrency: { group: ONE, cancel-in-progress: true }\njobs: { quick: { runs-on: ubuntu-latest, steps: [{ run: echo quick }] } }",
  });
  bench.push(second, { before: first });
  const [old, next] = await bench.settled(2);
  expect([old?.conclusion, next?.conclusion]).toEqual(["cancelled", "success"]);
  expect(old?.annotations.map((each) => each.message)).toEqual([
    "Canceling since a higher priority waiting request for 'one' exists",
  ]);
  const [job] = bench.jobs(old!);
  const text = await bench.text(job!);
  expect(text).toContain("##[error]The operation was canceled.");
  expect(text).toMatch(/^was-cancelled$/m);
  expect(text).toMatch(/^outcome-cancelled$/m);
  expect(text).not.toMatch(/^not-reached$/m);
  expect(isRunning(pid)).toBe(false);
  expect(bench.github.checks.find((check) => check.id === job?.id && check.status === "completed")?.conclusion).toBe(
    "cancelled",
  );
});

test("without cancel-in-progress one run waits, and a newer one takes its place", async () => {
  const sha = await bench.commit({ ".github/workflows/a.yml": sleeper(false) });
  bench.push(sha);
  await bench.settled(1, ([run]) => run?.status === "in_progress");
  bench.push(sha);
  bench.push(sha);
  await bench.settled(3, ([, second]) => second?.status === "completed");
  await writeFile(`${bench.folder}/go`, "");
  const runs = await bench.settled(3);
  expect(runs.map((run) => run.conclusion)).toEqual(["success", "cancelled", "success"]);
});

test("secrets never reach the log: several lines, base64, across chunks, masks of the job's own", async () => {
  const key = "-----BEGIN KEY-----\nabcdefghijklmnop\nqrstuvwxyz012345\n-----END KEY-----\n";
  bench.github.secretsOf = {
    "": { KEY: key, SHARED: "of-the-repository" },
    stage: { SHARED: "of-the-environment", DROPLET_HOST: "203.0.113.7" },
  };
  const { run, jobs } = await runWorkflow(
    bench,
    `on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: { name: stage, url: "https://\${{ steps.a.outputs.host }}/" }
    outputs: { leaked: "\${{ secrets.SHARED }}", fine: "yes" }
    steps:
      - id: a
        env: { KEY: "\${{ secrets.KEY }}", SHARED: "\${{ secrets.SHARED }}", ALL: "\${{ toJSON(secrets) }}" }
        run: |
          test "$SHARED" = of-the-environment
          echo host=stage.test >> $GITHUB_OUTPUT
          echo "$KEY"
          echo "$ALL"
          printf '%s' "of-the-env"; sleep 0.2; echo ironment
          printf '%s' "x$SHARED" | base64
          printf '%s' "xy$SHARED" | base64
          echo "::add-mask::made-up-$((40 + 2))"
          echo "now made-up-$((40 + 2)) \${{ github.token }}"
          echo "::warning::$SHARED is here"
          echo "::stop-commands::quiet"
          echo "::error::not a command"
          echo "::quiet::"
`,
  );
  const [job] = jobs;
  const log = await bench.log(job!);
  expect(run.conclusion).toBe("success");
  const shifted = ["", "x", "xy"].map((prefix) => Buffer.from(`${prefix}of-the-environment`).toString("base64"));
  for (const secret of ["abcdefghijklmnop", "of-the-environment", "made-up-42", "ghs_", "203.0.113.7"]) {
    expect(log).not.toContain(secret);
  }
  for (const encoded of shifted) expect(log).not.toContain(encoded.slice(4, -4));
  expect(log).toContain("now *** ***");
  expect(log).toContain("::error::not a command");
  expect(job?.annotations).toEqual([{ level: "warning", message: "*** is here" }]);
  expect(job?.outputs).toEqual({ fine: "yes" });
  expect(bench.github.deployments).toMatchObject([
    { environment: "stage", state: "in_progress", sha: run.sha },
    { environment: "stage", state: "success", url: "https://stage.test/" },
  ]);
});

test("an environment's branch policy keeps a job out before it sees a secret", async () => {
  bench.github.denied.add("prod");
  const { jobs } = await runWorkflow(
    bench,
    "on: push\njobs: { a: { runs-on: ubuntu-latest, environment: prod, steps: [{ run: echo in }] } }",
  );
  expect(jobs[0]).toMatchObject({ conclusion: "failure" });
  expect(jobs[0]?.annotations[0]?.message).toBe(
    'Branch "main" is not allowed to deploy to prod due to environment protection rules.',
  );
  expect(bench.github.minted).toEqual([]);
});

test("after a restart, what was under way has failed and what waited runs", async () => {
  const sha = await bench.commit({ ".github/workflows/a.yml": sleeper(false) });
  bench.push(sha);
  await bench.settled(1, ([run]) => run?.status === "in_progress" && bench.jobs(run)[0]?.status === "in_progress");
  bench.push(sha);
  await bench.settled(2, ([, second]) => second?.status === "queued");
  await bench.running.stop();
  expect(bench.office.runs.list().map((run) => run.conclusion ?? run.status)).toEqual(["cancelled", "queued"]);

  // As after a kill: the record still says that it runs.
  const [killed] = bench.office.runs.list();
  const { conclusion: _, ...open } = killed!;
  bench.office.runs.put(killed!.id, { ...open, status: "in_progress" });
  await writeFile(`${bench.folder}/go`, "");
  await bench.restart().recover();
  const runs = await bench.settled(2);
  expect(runs.map((run) => run.conclusion)).toEqual(["failure", "success"]);
  expect(runs[0]?.annotations.at(-1)?.message).toContain("the runner lost its work");
});

test("rerun of failed jobs keeps what went well, with its outputs", async () => {
  const { run } = await runWorkflow(
    bench,
    `on: push
jobs:
  good:
    runs-on: ubuntu-latest
    outputs: { at: "\${{ steps.a.outputs.at }}" }
    steps: [{ id: a, run: echo at=first >> $GITHUB_OUTPUT }]
  flaky:
    needs: good
    runs-on: ubuntu-latest
    steps: [{ run: "echo with-\${{ needs.good.outputs.at }}; test -e ${bench.folder}/go" }]
`,
  );
  expect(run.conclusion).toBe("failure");
  await writeFile(`${bench.folder}/go`, "");
  const answer = await bench.running.actions.routes.request(
    `/repos/octo/app/actions/runs/${run.id}/rerun-failed-jobs`,
    { method: "POST" },
  );
  expect(answer.status).toBe(201);
  const [again] = await bench.settled();
  expect(again).toMatchObject({ attempt: 2, conclusion: "success" });
  const [good, flaky] = bench.jobs(again!);
  expect([good?.conclusion, flaky?.conclusion]).toEqual(["success", "success"]);
  expect(await bench.text(flaky!)).toContain("with-first");
});

test("a failing cell ends the others of its matrix; max-parallel and time limits hold", async () => {
  const { run, jobs } = await runWorkflow(
    bench,
    `on: push
jobs:
  fast:
    strategy: { matrix: { n: [1, 2, 3] } }
    runs-on: ubuntu-latest
    steps: [{ run: "test \${{ matrix.n }} != 1; sleep 1000" }]
  single:
    strategy: { fail-fast: false, max-parallel: 1, matrix: { n: [1, 2] } }
    runs-on: ubuntu-latest
    steps: [{ run: "mkdir ${bench.folder}/only; sleep 0.1; rmdir ${bench.folder}/only; test \${{ matrix.n }} = 2" }]
  late:
    runs-on: ubuntu-latest
    steps:
      - { run: sleep 1000, timeout-minutes: 0.003, continue-on-error: true }
      - run: echo after
`,
  );
  const ends = Object.fromEntries(jobs.map((job) => [job.name, job.conclusion]));
  expect(ends).toEqual({
    "fast (1)": "failure",
    "fast (2)": "cancelled",
    "fast (3)": "cancelled",
    "single (1)": "failure",
    "single (2)": "success",
    late: "success",
  });
  expect(run.conclusion).toBe("failure");
  const late = await bench.text(jobs.find((job) => job.name === "late")!);
  expect(late).toContain("##[error]The action 'Run sleep 1000' has timed out after 0.003 minutes.");
});
