/** Queue, locks, logs, cancellation and restarts, with a runner that waits for the test. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  awaitStatus,
  phaseLog,
  runStatus,
  startHcp,
  startRun,
  uploadConfiguration,
  workspaceWithConfiguration,
  type TestHcp,
} from "./kit.ts";
import { scriptedRunner, stateOf, type ScriptedRunner } from "./runners.ts";

let runner: ScriptedRunner;
let hcp: TestHcp;
beforeEach(async () => {
  runner = scriptedRunner();
  hcp = await startHcp(runner);
});
afterEach(() => hcp.stop());

const workspaceOf = async (id: string) => (await hcp.call("GET", `/workspaces/${id}`)).body.data;
const act = async (run: string, action: string): Promise<number> =>
  (await hcp.call("POST", `/runs/${run}/actions/${action}`, {})).status;

test("one run of a workspace at a time; the next starts when it ends", async () => {
  const { workspace, configuration } = await workspaceWithConfiguration(hcp, "queue");
  const first = await startRun(hcp, workspace, configuration);
  await awaitStatus(hcp, first, "planned");
  const second = await startRun(hcp, workspace, configuration);
  expect(await runStatus(hcp, second)).toBe("pending");
  expect((await workspaceOf(workspace)).relationships).toMatchObject({
    "locked-by": { data: { type: "runs", id: first } },
    "current-run": { data: { id: first } },
  });
  const queue = await hcp.call("GET", "/organizations/acme/runs/queue");
  expect(queue.body.data.map((run: { id: string }) => run.id)).toEqual([first, second]);
  expect(await act(first, "apply")).toBe(202);
  await awaitStatus(hcp, first, "applied");
  await awaitStatus(hcp, second, "planned");
  expect(await act(second, "discard")).toBe(202);
  expect(await runStatus(hcp, second)).toBe("discarded");
  expect((await workspaceOf(workspace)).attributes.locked).toBe(false);
  await expect.poll(() => readdir(join(hcp.folder, "hcp", "work"))).toEqual([]);
});

test("plan-only and saved plans go beside the queue; an apply makes saved plans stale", async () => {
  const { workspace, configuration } = await workspaceWithConfiguration(hcp, "beside");
  const holder = await startRun(hcp, workspace, configuration);
  await awaitStatus(hcp, holder, "planned");
  const speculative = await startRun(hcp, workspace, configuration, { "plan-only": true });
  await awaitStatus(hcp, speculative, "planned_and_finished");
  const saved = await startRun(hcp, workspace, configuration, { "save-plan": true });
  await awaitStatus(hcp, saved, "planned_and_saved");
  expect(await act(saved, "apply")).toBe(409);
  await act(holder, "apply");
  await awaitStatus(hcp, holder, "applied");
  await awaitStatus(hcp, saved, "discarded");
});

test("a user's lock holds runs back until it is released", async () => {
  const { workspace, configuration } = await workspaceWithConfiguration(hcp, "locked");
  expect(
    (await hcp.call("POST", `/workspaces/${workspace}/actions/lock`, { reason: "hands off" })).body.data.attributes,
  ).toMatchObject({ locked: true, "locked-reason": "hands off" });
  expect((await hcp.call("POST", `/workspaces/${workspace}/actions/lock`, {})).status).toBe(409);
  const run = await startRun(hcp, workspace, configuration);
  expect(await runStatus(hcp, run)).toBe("pending");
  expect((await hcp.call("POST", `/workspaces/${workspace}/actions/unlock`, {})).status).toBe(200);
  await awaitStatus(hcp, run, "planned");
  const refused = await hcp.call("POST", `/workspaces/${workspace}/actions/unlock`, {});
  expect(refused.status).toBe(409);
  expect(refused.body.errors[0].detail).toContain(`is locked by Run ${run}`);
  expect((await hcp.call("POST", `/workspaces/${workspace}/actions/force-unlock`, {})).status).toBe(200);
  expect((await hcp.call("POST", `/workspaces/${workspace}/actions/force-unlock`, {})).status).toBe(409);
});

test("logs stream between STX and ETX, by byte offset", async () => {
  const { workspace, configuration } = await workspaceWithConfiguration(hcp, "logs");
  const { promise: said, resolve: say } = Promise.withResolvers<void>();
  const { promise: go, resolve: goOn } = Promise.withResolvers<void>();
  runner.script.plan = async (request) => {
    request.log("first ✓\n");
    say();
    await go;
    request.log("second\n");
  };
  const run = await startRun(hcp, workspace, configuration);
  await said;
  const url: string = (await hcp.call("GET", `/runs/${run}/plan`)).body.data.attributes["log-read-url"];
  const read = async (offset: number, limit = 65_536) =>
    Buffer.from(await (await fetch(`${url}?offset=${offset}&limit=${limit}`)).arrayBuffer());
  const early = await read(0);
  expect(early[0]).toBe(2);
  expect(early.toString().split("\n").slice(3)).toEqual(["first ✓", ""]);
  expect((await read(early.length)).length).toBe(0);
  goOn();
  await awaitStatus(hcp, run, "planned");
  expect((await read(early.length)).toString()).toBe("second\n\u0003");
  expect(Buffer.concat([await read(0, 7), await read(7)]).equals(await read(0))).toBe(true);
  expect((await fetch(`${url.slice(0, -1)}_`)).status).toBe(404);
});

test("a run is asked for as its client asked", async () => {
  const { workspace, configuration } = await workspaceWithConfiguration(
    hcp,
    "asked",
    { "working-directory": "infra/stage" },
    { "infra/stage/main.tf.json": "{}", "other.txt": "x" },
  );
  let seen: string[] = [];
  runner.script.plan = async ({ folder }) => {
    seen = await readdir(folder);
  };
  const run = await startRun(hcp, workspace, configuration, {
    "is-destroy": true,
    refresh: false,
    "target-addrs": ["a.b"],
    "replace-addrs": ["c.d"],
    variables: [{ key: "region", value: '"ams3"' }],
  });
  await awaitStatus(hcp, run, "planned");
  expect(seen).toEqual(["main.tf.json"]);
  expect(runner.requests[0]).toMatchObject({
    destroy: true,
    refresh: false,
    refreshOnly: false,
    targets: ["a.b"],
    replace: ["c.d"],
    workspace: "asked",
    variables: [{ key: "region", value: '"ams3"', hcl: true, sensitive: false }],
    environment: { TFC_RUN_ID: run, TFC_WORKSPACE_SLUG: "acme/asked" },
  });
});

test("auto-apply; and no apply where nothing changes", async () => {
  const { workspace, configuration } = await workspaceWithConfiguration(hcp, "auto", { "auto-apply": true });
  const run = await startRun(hcp, workspace, configuration);
  await awaitStatus(hcp, run, "applied");
  const outputs = await hcp.call("GET", `/workspaces/${workspace}/current-state-version-outputs`);
  expect(outputs.body.data.map((output: { attributes: object }) => output.attributes)).toMatchObject([
    { name: "greeting", value: "hi", type: "string" },
  ]);
  runner.script.hasChanges = false;
  const idle = await startRun(hcp, workspace, configuration);
  await awaitStatus(hcp, idle, "planned_and_finished");
  expect(await act(idle, "apply")).toBe(409);
});

test("an archive that is uploaded with auto-queue-runs starts a run; one that climbs out fails it", async () => {
  const { workspace } = await workspaceWithConfiguration(hcp, "queued");
  await uploadConfiguration(hcp, workspace, { "../../escaped": "x" }, { "auto-queue-runs": true });
  const [run] = (await hcp.call("GET", `/workspaces/${workspace}/runs`)).body.data;
  await awaitStatus(hcp, run.id, "errored");
  expect(await phaseLog(hcp, run.id, "plan")).toContain("Error: The archive has an entry outside of its folder");
  expect(await readdir(join(hcp.folder, "hcp"))).not.toContain("escaped");
});

describe("states grow while an apply goes", () => {
  test("each is kept, and survives the failure of the run", async () => {
    const { workspace, configuration } = await workspaceWithConfiguration(hcp, "growing");
    runner.script.apply = async ({ saveState }) => {
      await saveState?.(stateOf(1, {}, [{ mode: "managed", type: "a", name: "b", instances: [{}] }]));
      throw new Error("the vendor said no");
    };
    const run = await startRun(hcp, workspace, configuration);
    await awaitStatus(hcp, run, "planned");
    await act(run, "apply");
    await awaitStatus(hcp, run, "errored");
    expect(await phaseLog(hcp, run, "apply")).toContain("Error: the vendor said no");
    const state = (await hcp.call("GET", `/workspaces/${workspace}/current-state-version`)).body.data;
    expect(state.attributes).toMatchObject({ serial: 1, status: "finalized", intermediate: true });
    expect(state.relationships.run.data.id).toBe(run);
    expect(await (await fetch(state.attributes["hosted-state-download-url"])).text()).toContain('"type":"a"');
    const refused = await hcp.call("POST", `/workspaces/${workspace}/actions/safe-delete`);
    expect(refused.status).toBe(409);
    expect(refused.body.errors[0].detail).toContain("managing 1 resource");
  });
});

describe("ended before their time", () => {
  test("a cancelled run ends as canceled, its log says so, the workspace is free", async () => {
    const { workspace, configuration } = await workspaceWithConfiguration(hcp, "cancel");
    runner.hold();
    const run = await startRun(hcp, workspace, configuration);
    await awaitStatus(hcp, run, "planning");
    expect(await act(run, "cancel")).toBe(202);
    await awaitStatus(hcp, run, "canceled");
    expect((await phaseLog(hcp, run, "plan")).endsWith("The run was canceled.\n\u0003")).toBe(true);
    expect((await workspaceOf(workspace)).attributes.locked).toBe(false);
    expect(await act(run, "cancel")).toBe(409);
  });

  test("after a restart in the middle, the run is errored, the next one starts", async () => {
    const { workspace, configuration } = await workspaceWithConfiguration(hcp, "restart");
    runner.hold();
    const run = await startRun(hcp, workspace, configuration);
    const waiting = await startRun(hcp, workspace, configuration);
    await awaitStatus(hcp, run, "planning");
    runner.hold().go();
    await hcp.restart();
    expect(await runStatus(hcp, run)).toBe("errored");
    const log = await phaseLog(hcp, run, "plan");
    expect(log).toContain("Error: the local cloud was restarted in the middle of this run.");
    expect(log.indexOf("\u0003")).toBe(log.length - 1);
    await awaitStatus(hcp, waiting, "planned");
    expect((await workspaceOf(workspace)).relationships["locked-by"].data.id).toBe(waiting);
  });

  test("a planned run waits over a restart, and applies its plan after", async () => {
    const { workspace, configuration } = await workspaceWithConfiguration(hcp, "waits");
    const run = await startRun(hcp, workspace, configuration);
    await awaitStatus(hcp, run, "planned");
    await hcp.restart();
    expect(await act(run, "apply")).toBe(202);
    await awaitStatus(hcp, run, "applied");
  });

  test("a runner that does not stop is left behind by force", async () => {
    const { workspace, configuration } = await workspaceWithConfiguration(hcp, "force");
    const { promise: stubborn, resolve: giveUp } = Promise.withResolvers<void>();
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    runner.script.plan = async ({ log }) => {
      start();
      await stubborn;
      log("too late\n");
    };
    const run = await startRun(hcp, workspace, configuration);
    await started;
    expect(await act(run, "force-cancel")).toBe(202);
    expect(await runStatus(hcp, run)).toBe("canceled");
    giveUp();
    const next = await startRun(hcp, workspace, configuration);
    await awaitStatus(hcp, next, "planned");
    const log = await phaseLog(hcp, run, "plan");
    expect(log).not.toContain("too late");
    expect(log.indexOf("\u0003")).toBe(log.length - 1);
  });
});

test("sensitive values are in no log, no answer and no page", async () => {
  const canary = "canary-4f1d9c";
  const { workspace, configuration } = await workspaceWithConfiguration(hcp, "secret");
  const variable = (
    await hcp.create(`/workspaces/${workspace}/vars`, "vars", {
      key: "token",
      value: canary,
      category: "terraform",
      sensitive: true,
    })
  ).body.data;
  runner.script.plan = ({ log, variables }) => {
    const value = variables[0]?.value ?? "";
    log(`leak: ${value.slice(0, 6)}`);
    log(`${value.slice(6)}\n`);
  };
  runner.script.planJson = { variables: { token: { value: canary } } };
  runner.script.apply = () => {
    throw new Error(`vendor refused ${canary}`);
  };
  const run = await startRun(hcp, workspace, configuration);
  await awaitStatus(hcp, run, "planned");
  await act(run, "apply");
  await awaitStatus(hcp, run, "errored");
  const plan = (await hcp.call("GET", `/runs/${run}`)).body.data.relationships.plan.data.id;
  const page = await (await fetch(`${hcp.url}/app/acme/workspaces/secret/runs/${run}`)).text();
  const answers = [
    await phaseLog(hcp, run, "plan"),
    await phaseLog(hcp, run, "apply"),
    page,
    ...(await Promise.all(
      [
        `/workspaces/${workspace}/vars`,
        `/workspaces/${workspace}/vars/${variable.id}`,
        `/workspaces/${workspace}/all-vars`,
        `/plans/${plan}/json-output`,
        `/plans/${plan}/json-output-redacted`,
      ].map(async (path) => JSON.stringify((await hcp.call("GET", path)).body)),
    )),
  ].join("\n");
  expect(runner.requests[0]?.variables[0]?.value).toBe(canary);
  expect(answers).not.toContain(canary);
  expect(answers).toContain("leak: (sensitive value)");
  expect(page).toContain("vendor refused (sensitive value)");
  const logs = join(hcp.folder, "hcp", "logs");
  for (const name of await readdir(logs)) expect(await readFile(join(logs, name), "utf8")).not.toContain(canary);
});
