import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type AnySchema } from "ajv";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBench, runWorkflow, type Bench } from "./harness.ts";

let bench: Bench;
beforeEach(async () => void (bench = await openBench()));
afterEach(() => bench.close());

const spec = join(
  process.env["DOGE_SPECS"] ?? join(import.meta.dirname, "../../../../../shared/specs"),
  "github.openapi.json",
);

const workflow = `name: Build
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: mkdir out && echo made > out/file
      - { uses: actions/upload-artifact@v4, with: { name: built, path: out } }
`;

const get = async (path: string): Promise<Response> =>
  bench.running.actions.routes.request(`/repos/octo/app/actions${path}`);

async function json(path: string): Promise<Record<string, unknown>> {
  const answer = await get(path);
  expect([path, answer.status]).toEqual([path, 200]);
  return (await answer.json()) as Record<string, unknown>;
}

test.skipIf(!existsSync(spec))("answers have the shapes of GitHub's OpenAPI description", async () => {
  const { run, jobs } = await runWorkflow(bench, workflow);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(JSON.parse(readFileSync(spec, "utf8")) as AnySchema, "github");
  const problems = (name: string, value: unknown): unknown => {
    const validate = ajv.getSchema(`github#/components/schemas/${name}`);
    // The repository's own shape is GitHub's part: here it is a few fields of the test.
    return validate?.(value) ? [] : validate?.errors?.filter((each) => !/repository/.test(each.instancePath));
  };
  expect(problems("workflow-run", await json(`/runs/${run.id}`))).toEqual([]);
  expect(problems("job", await json(`/jobs/${jobs[0]?.id}`))).toEqual([]);
  expect(problems("workflow", await json("/workflows/test.yml"))).toEqual([]);
  const { artifacts } = (await json("/artifacts")) as { artifacts: unknown[] };
  expect(artifacts).toHaveLength(1);
  expect(problems("artifact", artifacts[0])).toEqual([]);
  expect(problems("job", { ...jobs[0], id: "no number" })).not.toEqual([]);
});

test("runs are listed and filtered, jobs and logs are found, others' are not", async () => {
  const { run, jobs } = await runWorkflow(bench, workflow);
  await runWorkflow(bench, workflow.replace("mkdir", "false; mkdir"));
  const ids = async (query: string): Promise<number[]> =>
    ((await json(`/runs?${query}`)) as { workflow_runs: { id: number }[] }).workflow_runs.map(({ id }) => id);
  expect(await ids("")).toHaveLength(2);
  expect(await ids("status=success&branch=main&event=push&actor=octo")).toEqual([run.id]);
  expect(await ids(`head_sha=${run.headSha}`)).toEqual([run.id]);
  expect(await ids("branch=other")).toEqual([]);
  expect((await get("/runs?per_page=1")).headers.get("link")).toContain('rel="next"');
  expect(await json(`/runs/${run.id}/jobs`)).toMatchObject({
    total_count: 1,
    jobs: [{ name: "build", conclusion: "success" }],
  });

  const redirect = await get(`/jobs/${jobs[0]?.id}/logs`);
  expect(redirect.status).toBe(302);
  const { pathname } = new URL(redirect.headers.get("location") ?? "");
  const text = await (await bench.running.actions.routes.request(pathname)).text();
  expect(text).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{7}Z /);
  expect(text).toContain("mkdir out");

  expect((await get(`/runs/${run.id}/logs`)).status).toBe(422);
  expect((await get("/runs/999")).status).toBe(404);
  const elsewhere = await bench.running.actions.routes.request(`/repos/octo/other/actions/runs/${run.id}`);
  expect(await elsewhere.json()).toMatchObject({ message: "Not Found" });
  expect(
    (await bench.running.actions.routes.request(`/repos/octo/app/actions/runs/${run.id}/cancel`, { method: "POST" }))
      .status,
  ).toBe(409);
});

test("the pages show a run, its jobs, the log, and nothing unescaped", async () => {
  bench.push(await bench.commit({ ".github/workflows/test.yml": workflow }, { message: "<script>alert(1)</script>" }));
  const [run] = await bench.settled();
  const [job] = bench.jobs(run!);
  const page = async (path: string): Promise<string> =>
    (await bench.running.actions.routes.request(`/octo/app/actions${path}`)).text();
  expect(await page("")).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(await page(`/runs/${run?.id}`)).toContain(`/octo/app/actions/runs/${run?.id}/job/${job?.id}`);
  expect(await page(`/runs/${run?.id}/job/${job?.id}`)).toContain("Set up job");
});

test("a broken workflow file is a failed run that says where", async () => {
  const { run, jobs } = await runWorkflow(bench, "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n");
  expect(run).toMatchObject({ conclusion: "failure", workflow: { name: ".github/workflows/test.yml" } });
  expect(run.annotations[0]?.message).toContain("(Line: 5, Col: 5)");
  expect(jobs).toEqual([]);
});

test("a manual run takes its inputs, with their types and defaults", async () => {
  const sha = await bench.commit({
    ".github/workflows/manual.yml": `on:
  workflow_dispatch:
    inputs:
      where: { type: choice, options: [stage, prod], default: stage }
      dry: { type: boolean, default: true }
jobs:
  a:
    runs-on: ubuntu-latest
    if: inputs.dry
    steps: [{ run: "echo to-\${{ inputs.where }}-\${{ github.event.inputs.where }}" }]
`,
  });
  const event = {
    repository: "octo/app",
    event: "workflow_dispatch" as const,
    ref: "refs/heads/main",
    sha,
    actor: "octo",
  };
  bench.dispatch({ ...event, workflow: "manual.yml", payload: { inputs: { where: "prod" } } });
  bench.dispatch({ ...event, workflow: "manual.yml", payload: { inputs: { where: "moon" } } });
  bench.dispatch({ ...event, workflow: "manual.yml", payload: { inputs: { where: "prod", dry: "false" } } });
  const runs = await bench.settled(3);
  expect(runs.map((run) => run.conclusion)).toEqual(["success", "failure", "skipped"]);
  expect(await bench.text(bench.jobs(runs[0]!)[0]!)).toContain("to-prod-prod");
  expect(runs[1]?.annotations[0]?.message).toContain("Provided value 'moon' for input 'where'");
});
