import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  awaitStatus,
  organization,
  related,
  startHcp,
  startRun,
  token,
  workspaceWithConfiguration,
  type Answer,
  type TestHcp,
} from "./kit.ts";
import { scriptedRunner, stateOf, type ScriptedRunner } from "./runners.ts";

let hcp: TestHcp;
let runner: ScriptedRunner;
beforeAll(async () => {
  runner = scriptedRunner();
  hcp = await startHcp(runner);
});
afterAll(() => hcp.stop());

const newWorkspace = async (name: string, settings: object = {}): Promise<string> =>
  (await hcp.create(`/organizations/${organization}/workspaces`, "workspaces", { name, ...settings })).body.data.id;
const problem = ({ status, body }: Answer) => ({
  status,
  pointer: body.errors?.[0]?.source?.pointer,
  detail: body.errors?.[0]?.detail,
});

test("discovery, headers, and who is let in", async () => {
  const discovery = await (await fetch(`${hcp.url}/.well-known/terraform.json`)).json();
  expect(discovery).toMatchObject({ "tfe.v2": `${hcp.url}/api/v2/`, "tfe.v2.2": `${hcp.url}/api/v2/` });
  const ping = await hcp.call("GET", "/ping");
  expect([ping.status, ping.headers.get("tfp-appname"), ping.headers.get("tfp-api-version")]).toEqual([
    204,
    "HCP Terraform",
    "2.6",
  ]);
  expect((await hcp.call("GET", "/ping", undefined, { authorization: "Bearer wrong" })).status).toBe(401);
  expect((await hcp.call("GET", `/organizations/${organization}`, undefined, { authorization: token })).status).toBe(
    401,
  );
  for (const path of [
    "/nowhere",
    "/organizations/no%20name",
    "/organizations/no%20name/workspaces",
    "/workspaces/ws-absent",
    "/runs/run-absent",
    "/plans/plan-absent",
  ]) {
    const answer = await hcp.call("GET", path);
    expect({
      path,
      status: answer.status,
      type: answer.headers.get("content-type"),
      error: answer.body.errors[0].status,
    }).toEqual({ path, status: 404, type: "application/vnd.api+json", error: "404" });
  }
  expect(
    (await hcp.call("GET", `/organizations/${organization}/entitlement-set`)).body.data.attributes.operations,
  ).toBe(true);
});

test("workspaces: made, found, changed, refused", async () => {
  const id = await newWorkspace("shop-stage", { "auto-apply": true, description: "staging" });
  const byName = await hcp.call("GET", `/organizations/${organization}/workspaces/shop-stage`);
  expect(byName.body.data).toMatchObject({
    id,
    attributes: {
      "auto-apply": true,
      description: "staging",
      "execution-mode": "remote",
      operations: true,
      "resource-count": 0,
    },
  });
  expect(
    problem(await hcp.create(`/organizations/${organization}/workspaces`, "workspaces", { name: "shop-stage" })),
  ).toEqual({ status: 422, pointer: "/data/attributes/name", detail: "Name has already been taken" });
  expect(
    problem(await hcp.create(`/organizations/${organization}/workspaces`, "workspaces", { name: "with space" }))
      .pointer,
  ).toBe("/data/attributes/name");
  expect(
    problem(
      await hcp.create(`/organizations/${organization}/workspaces`, "workspaces", {
        name: "ok",
        "working-directory": "../up",
      }),
    ).pointer,
  ).toBe("/data/attributes/working-directory");
  const changed = await hcp.call("PATCH", `/workspaces/${id}`, {
    data: { type: "workspaces", attributes: { name: "shop-staging", "execution-mode": "local" } },
  });
  expect(changed.body.data.attributes).toMatchObject({
    name: "shop-staging",
    "execution-mode": "local",
    operations: false,
    "auto-apply": true,
  });
  expect((await hcp.call("GET", `/organizations/${organization}/workspaces/shop-stage`)).status).toBe(404);
  const refused = await hcp.create("/runs", "runs", {}, { workspace: related("workspaces", id) });
  expect(refused.status).toBe(422);
  expect((await hcp.call("POST", `/workspaces/${id}/actions/safe-delete`)).status).toBe(204);
  expect((await hcp.call("GET", `/workspaces/${id}`)).status).toBe(404);
});

test("lists in pages, searched by name and tags", async () => {
  const ids = [];
  for (const name of ["page-a", "page-b", "page-c"]) ids.push(await newWorkspace(name));
  await hcp.call("POST", `/workspaces/${ids[1]}/relationships/tags`, {
    data: [{ type: "tags", attributes: { name: "env:stage" } }],
  });
  const list = (query: string) => hcp.call("GET", `/organizations/${organization}/workspaces?${query}`);
  const names = ({ body }: Answer) =>
    body.data.map((workspace: { attributes: { name: string } }) => workspace.attributes.name);
  const page = await list("search[name]=page-&page[size]=2&page[number]=2");
  expect(names(page)).toEqual(["page-c"]);
  expect(page.body.meta.pagination).toEqual({
    "current-page": 2,
    "page-size": 2,
    "prev-page": 1,
    "next-page": null,
    "total-pages": 2,
    "total-count": 3,
  });
  expect(names(await list("search[tags]=env:stage"))).toEqual(["page-b"]);
  expect(names(await list("search[name]=page-&search[exclude-tags]=env:stage"))).toEqual(["page-a", "page-c"]);
  expect(names(await list("search[wildcard-name]=*-c"))).toEqual(["page-c"]);
  await hcp.call("DELETE", `/workspaces/${ids[1]}/relationships/tags`, {
    data: [{ type: "tags", attributes: { name: "env:stage" } }],
  });
  expect(names(await list("search[tags]=env:stage"))).toEqual([]);
});

test("variables: sensitive ones are write-only, for good", async () => {
  const workspace = await newWorkspace("variables");
  const path = `/workspaces/${workspace}/vars`;
  const made = (
    await hcp.create(path, "vars", { key: "token", value: "hidden-value", category: "terraform", sensitive: true })
  ).body.data;
  expect(made.attributes).toMatchObject({ key: "token", value: null, sensitive: true, hcl: false, description: "" });
  const change = (attributes: object) =>
    hcp.call("PATCH", `${path}/${made.id}`, { data: { type: "vars", attributes } });
  expect((await change({ value: "other-value" })).body.data.attributes.value).toBeNull();
  expect(problem(await change({ sensitive: false }))).toMatchObject({
    status: 422,
    pointer: "/data/attributes/sensitive",
  });
  expect(problem(await change({ key: "renamed" }))).toMatchObject({ status: 422, pointer: "/data/attributes/key" });
  expect(problem(await hcp.create(path, "vars", { key: "token", value: "", category: "terraform" }))).toMatchObject({
    status: 422,
    detail: "Key has already been taken",
  });
  expect((await hcp.create(path, "vars", { key: "token", value: "", category: "env" })).status).toBe(201);
  expect(problem(await hcp.create(path, "vars", { key: "x", category: "other" })).pointer).toBe(
    "/data/attributes/category",
  );
  expect((await hcp.call("DELETE", `${path}/${made.id}`)).status).toBe(204);
  expect((await hcp.call("GET", `${path}/${made.id}`)).status).toBe(404);
});

test("a run gets each variable once, by precedence", async () => {
  const { workspace, configuration } = await workspaceWithConfiguration(hcp, "precedence");
  const set = async (name: string, attributes: object, values: Record<string, string>): Promise<void> => {
    const relationships = (attributes as { global?: boolean }).global
      ? {}
      : { workspaces: { data: [{ type: "workspaces", id: workspace }] } };
    const { id } = (
      await hcp.create(`/organizations/${organization}/varsets`, "varsets", { name, ...attributes }, relationships)
    ).body.data;
    for (const [key, value] of Object.entries(values)) {
      await hcp.create(`/varsets/${id}/relationships/vars`, "vars", {
        key,
        value,
        category: key === "HOME_PAGE" ? "env" : "terraform",
      });
    }
  };
  await set("z-global", { global: true }, { a: "global", b: "global", c: "global", d: "global", HOME_PAGE: "x" });
  await set("m-scoped", {}, { b: "scoped-m", c: "scoped-m", d: "scoped" });
  await set("a-scoped", {}, { b: "scoped-a" });
  await set("priority", { priority: true }, { d: "priority" });
  for (const [key, value] of Object.entries({ c: "own", d: "own" }))
    await hcp.create(`/workspaces/${workspace}/vars`, "vars", { key, value, category: "terraform" });
  const run = await startRun(hcp, workspace, configuration, {
    variables: [
      { key: "c", value: '"run"' },
      { key: "d", value: '"run"' },
    ],
  });
  await awaitStatus(hcp, run, "planned");
  const request = runner.requests.at(-1);
  expect(Object.fromEntries(request!.variables.map(({ key, value }) => [key, value]))).toEqual({
    a: "global",
    b: "scoped-a",
    c: '"run"',
    d: "priority",
  });
  expect(request!.environment).toMatchObject({ HOME_PAGE: "x" });
});

test("variable sets: scope, and their end", async () => {
  const workspace = await newWorkspace("scoped");
  const made = (
    await hcp.create(`/organizations/${organization}/varsets`, "varsets", { name: "credentials", description: "d" })
  ).body.data;
  const names = async () =>
    (await hcp.call("GET", `/workspaces/${workspace}/varsets`)).body.data.map(
      (set: { attributes: { name: string } }) => set.attributes.name,
    );
  expect(await names()).not.toContain("credentials");
  expect(
    (
      await hcp.call("POST", `/varsets/${made.id}/relationships/workspaces`, {
        data: [{ type: "workspaces", id: workspace }],
      })
    ).status,
  ).toBe(204);
  expect(await names()).toContain("credentials");
  expect(
    (
      await hcp.call("POST", `/varsets/${made.id}/relationships/workspaces`, {
        data: [{ type: "workspaces", id: "ws-absent" }],
      })
    ).status,
  ).toBe(404);
  expect(
    (
      await hcp.call("DELETE", `/varsets/${made.id}/relationships/workspaces`, {
        data: [{ type: "workspaces", id: workspace }],
      })
    ).status,
  ).toBe(204);
  expect(await names()).not.toContain("credentials");
  expect((await hcp.create(`/organizations/${organization}/varsets`, "varsets", { name: "credentials" })).status).toBe(
    422,
  );
  expect((await hcp.call("DELETE", `/varsets/${made.id}`)).status).toBe(204);
  expect((await hcp.call("GET", `/varsets/${made.id}`)).status).toBe(404);
});

test("states: locked, in one line, checked", async () => {
  const workspace = await newWorkspace("states");
  const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
  const lineage = "3f7a3e0c-0000-4000-8000-000000000001";
  const write = (state: string, attributes: object = {}) =>
    hcp.create(`/workspaces/${workspace}/state-versions`, "state-versions", {
      serial: (JSON.parse(state) as { serial: number }).serial,
      md5: md5(state),
      lineage,
      state: Buffer.from(state).toString("base64"),
      ...attributes,
    });
  expect((await write(stateOf(1))).status).toBe(409);
  await hcp.call("POST", `/workspaces/${workspace}/actions/lock`, { type: "" });
  expect((await write(stateOf(2))).status).toBe(201);
  expect((await write(stateOf(2))).status).toBe(201);
  expect((await write(stateOf(2, { other: { value: 1, type: "number" } }))).status).toBe(409);
  expect((await write(stateOf(1))).status).toBe(409);
  expect((await write(stateOf(3), { md5: md5("else") })).status).toBe(409);
  expect((await write(stateOf(3).replace(lineage, "another"), { lineage: "another" })).status).toBe(409);

  const secret = stateOf(3, {
    password: { value: "hunter2hunter2", type: "string", sensitive: true },
    list: { value: ["a"], type: ["list", "string"] },
  });
  const pending = (await write(secret, { state: undefined })).body.data;
  expect(pending.attributes.status).toBe("pending");
  expect((await fetch(pending.attributes["hosted-state-upload-url"], { method: "PUT", body: "{}" })).status).toBe(409);
  expect((await fetch(pending.attributes["hosted-state-upload-url"], { method: "PUT", body: secret })).status).toBe(
    200,
  );
  const current = (await hcp.call("GET", `/workspaces/${workspace}/current-state-version?include=outputs`)).body;
  expect(current.data).toMatchObject({ id: pending.id, attributes: { serial: 3, status: "finalized" } });
  expect(await (await fetch(current.data.attributes["hosted-state-download-url"])).text()).toBe(secret);
  const outputs = current.included.map((output: { attributes: object }) => output.attributes);
  expect(outputs).toEqual([
    { name: "password", sensitive: true, type: "string", "detailed-type": "string", value: null },
    { name: "list", sensitive: false, type: "list", "detailed-type": ["list", "string"], value: ["a"] },
  ]);
  const [password] = current.data.relationships.outputs.data;
  expect((await hcp.call("GET", `/state-version-outputs/${password.id}`)).body.data.attributes.value).toBe(
    "hunter2hunter2",
  );
  const versions = await hcp.call(
    "GET",
    `/state-versions?filter[organization][name]=${organization}&filter[workspace][name]=states`,
  );
  expect(versions.body.data.map((state: { attributes: { serial: number } }) => state.attributes.serial)).toEqual([
    3, 2,
  ]);
});

test("projects", async () => {
  const list = await hcp.call("GET", `/organizations/${organization}/projects`);
  expect(list.body.data.map((project: { attributes: { name: string } }) => project.attributes.name)).toEqual([
    "Default Project",
  ]);
  expect((await hcp.call("DELETE", `/projects/${list.body.data[0].id}`)).status).toBe(403);
  const made = (await hcp.create(`/organizations/${organization}/projects`, "projects", { name: "Shops" })).body.data;
  const workspace = (
    await hcp.create(
      `/organizations/${organization}/workspaces`,
      "workspaces",
      { name: "in-shops" },
      { project: related("projects", made.id) },
    )
  ).body.data;
  expect(workspace.relationships.project.data.id).toBe(made.id);
  expect((await hcp.call("DELETE", `/projects/${made.id}`)).status).toBe(409);
});

test("every organization is there when it is asked for, and knows nothing of the others", async () => {
  const [own, foreign] = [organization, "shops-inc"];
  const variableSet = { name: "shared", global: true };
  for (const name of [own, foreign]) {
    expect((await hcp.call("GET", `/organizations/${name}`)).body.data.attributes.name).toBe(name);
    expect((await hcp.create(`/organizations/${name}/varsets`, "varsets", variableSet)).status).toBe(201);
    const made = await hcp.create(`/organizations/${name}/workspaces`, "workspaces", { name: "twice" });
    expect(made.body.data.relationships.organization.data.id).toBe(name);
    const sets = await hcp.call("GET", `/workspaces/${made.body.data.id}/varsets`);
    const from = sets.body.data.map((set: { relationships: Relations }) => set.relationships.organization.data.id);
    expect(new Set(from)).toEqual(new Set([name]));
  }
  const again = problem(await hcp.create(`/organizations/${foreign}/workspaces`, "workspaces", { name: "twice" }));
  expect([again.status, again.pointer]).toEqual([422, "/data/attributes/name"]);
  const listed = (await hcp.call("GET", `/organizations/${foreign}/workspaces`)).body.data;
  expect(listed.map(({ attributes }: { attributes: { name: string } }) => attributes.name)).toEqual(["twice"]);
});

interface Relations {
  readonly organization: { readonly data: { readonly id: string } };
}

test("what a workspace had goes with it", async () => {
  const other = await startHcp(scriptedRunner());
  try {
    const { workspace, configuration } = await workspaceWithConfiguration(other, "gone", { "auto-apply": true });
    const run = await startRun(other, workspace, configuration);
    await awaitStatus(other, run, "applied");
    const waiting = await startRun(other, workspace, configuration, { "auto-apply": false });
    await awaitStatus(other, waiting, "planned");
    expect(await other.service.inventory()).toEqual([
      { service: "hcp", kind: "workspace", id: workspace, name: "gone" },
    ]);
    expect((await other.call("DELETE", `/workspaces/${workspace}`)).status).toBe(204);
    for (const path of [`/runs/${run}`, `/runs/${waiting}`, `/configuration-versions/${configuration}`])
      expect((await other.call("GET", path)).status).toBe(404);
    expect(await other.service.inventory()).toEqual([]);
  } finally {
    await other.stop();
  }
});
