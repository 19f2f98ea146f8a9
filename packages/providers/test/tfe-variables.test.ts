import { Secret } from "@doge/core";
import type { Attributes, Block, ResourceType } from "@doge/engine";
import { describe, expect, test } from "vitest";
import { createTfe, type Tfe, variable, variableSet, workspaceVariableSet } from "../src/tfe/index.ts";
import { type Answer, clock, configured, describedBy, http, routes, trouble, work } from "./kit.ts";
import { describedVendor, openApi } from "./spec.ts";

const problem = (status: number, detail: string): Answer => ({
  status,
  body: { errors: [{ status: String(status), title: "x", detail }] },
});
const problems = openApi("hcp-terraform.openapi.json", { prefix: "/api/v2", ignore: [/effective-tag-bindings/] });
const { server, serve } = await describedVendor(problems, problem(404, "not found"));

const retry = { attempts: 2, baseMilliseconds: 1, maximumMilliseconds: 2 };
const api = createTfe({ http, clock: clock(), token: new Secret("tfe-canary"), address: server.url, retry });
const client: Tfe = { api, organization: "acme" };
const v2 = "/api/v2";

async function create<S extends Block>(resource: ResourceType<Tfe, S>, values: Attributes) {
  const config = configured(resource.schema, values);
  const told: Attributes[] = [];
  const created = async (state: Attributes) => void told.push(state);
  const state = await resource.reconcile(client, { config, prior: undefined, created }, work());
  expect(describedBy(resource.schema, state)).toEqual([]);
  return { state, told, config };
}

const data = (type: string, id: string, attributes: object, more: object = {}) => ({
  data: { id, type, attributes, ...more },
});
const pointer = (type: string, id: string) => ({ data: { id, type } });
const list = (items: unknown[]) => ({
  body: {
    data: items,
    meta: {
      pagination: {
        "current-page": 1,
        "next-page": null,
        "prev-page": null,
        "total-pages": 1,
        "total-count": items.length,
      },
    },
  },
});

describe("tfe_variable", () => {
  const answer = (changes: object = {}) => ({
    key: "do_token",
    value: null,
    category: "terraform",
    description: null,
    hcl: false,
    sensitive: true,
    ...changes,
  });
  const body = (changes: object = {}) => data("vars", "var-1", answer(changes));

  test.each([
    { owner: { workspace_id: "ws-1" }, path: `${v2}/workspaces/ws-1/vars` },
    { owner: { variable_set_id: "varset-1" }, path: `${v2}/varsets/varset-1/relationships/vars` },
  ])("$path: sensitive values are kept from the configuration", async ({ owner, path }) => {
    serve(
      routes({
        [`POST ${path}`]: { status: 201, body: body() },
        [`GET ${path}`]: list([body().data]),
        [`PATCH ${path}/var-1`]: { body: body() },
      }),
    );
    const { state, config } = await create(variable, {
      key: "do_token",
      value: "s3cret",
      category: "terraform",
      sensitive: true,
      ...owner,
    });
    expect(server.requests[0]?.body).toEqual({
      data: {
        type: "vars",
        attributes: {
          key: "do_token",
          value: "s3cret",
          category: "terraform",
          description: "",
          hcl: false,
          sensitive: true,
        },
      },
    });
    expect(state).toEqual({
      id: "var-1",
      key: "do_token",
      value: "s3cret",
      category: "terraform",
      description: "",
      hcl: false,
      sensitive: true,
      workspace_id: null,
      variable_set_id: null,
      readable_value: null,
      ...owner,
    });
    expect(await variable.read(client, state, work())).toEqual(state);
    server.requests.length = 0;
    const changed = await variable.reconcile(
      client,
      { config: { ...config, value: "new" }, prior: state, created: async () => {} },
      work(),
    );
    expect(changed["value"]).toBe("new");
    expect(server.lines).toEqual([`PATCH ${path}/var-1`]);
    serve(() => undefined);
    expect(await variable.read(client, state, work())).toBeUndefined();
    await variable.remove(client, state, work());
  });

  test("open values are read back, and drift is seen", async () => {
    serve(routes({ [`GET ${v2}/workspaces/ws-1/vars`]: list([body({ sensitive: false, value: "theirs" }).data]) }));
    const state = await variable.read(client, { id: "var-1", workspace_id: "ws-1", value: "ours" }, work());
    expect(state).toMatchObject({ value: "theirs", readable_value: "theirs" });
  });

  test.each([
    [{ key: "renamed", sensitive: true }, "renamed"],
    [{ key: "do_token", sensitive: false }, "do_token"],
  ])("a sensitive one can't become %j: another takes its place", async (changes, key) => {
    serve(
      routes({
        [`DELETE ${v2}/workspaces/ws-1/vars/var-1`]: { status: 204 },
        [`POST ${v2}/workspaces/ws-1/vars`]: { status: 201, body: data("vars", "var-2", answer({ key })) },
      }),
    );
    const config = configured(variable.schema, { category: "terraform", workspace_id: "ws-1", value: "x", ...changes });
    const prior = { id: "var-1", key: "do_token", sensitive: true, workspace_id: "ws-1" };
    expect(await variable.reconcile(client, { config, prior, created: async () => {} }, work())).toMatchObject({
      id: "var-2",
    });
    expect(server.lines).toEqual([`DELETE ${v2}/workspaces/ws-1/vars/var-1`, `POST ${v2}/workspaces/ws-1/vars`]);
  });

  test("a taken key is not adopted; an interrupted create is found by key and category", async () => {
    const path = `${v2}/workspaces/ws-1/vars`;
    const others = [
      { id: "var-9", type: "vars", attributes: answer({ category: "env" }) },
      { id: "var-1", type: "vars", attributes: answer() },
    ];
    serve(routes({ [`POST ${path}`]: problem(422, "Key has already been taken"), [`GET ${path}`]: list(others) }));
    const values = { key: "do_token", value: "x", category: "terraform", sensitive: true, workspace_id: "ws-1" };
    expect(await trouble(create(variable, values))).toMatchObject({
      code: "tfe-exists",
      detail: expect.stringContaining("var-1"),
    });
    const config = configured(variable.schema, values);
    expect(await variable.find?.(client, { config, since: new Date() }, work())).toMatchObject({
      id: "var-1",
      value: "x",
    });
  });

  test.each([
    [{ category: "terraform", workspace_id: "ws-1" }, []],
    [{ category: "terraform" }, ["workspace_id"]],
    [{ category: "terraform", workspace_id: "ws-1", variable_set_id: "varset-1" }, ["workspace_id"]],
    [{ category: "x", workspace_id: "ws-1" }, ["category"]],
  ])("%j is wrong in %j", (config, addresses) => {
    expect(variable.validate?.(config).map((d) => d.address)).toEqual(addresses);
  });
});

describe("tfe_variable_set and its workspaces", () => {
  const body = (...ids: string[]) =>
    data(
      "varsets",
      "varset-1",
      { name: "app", description: "", global: false, priority: false },
      {
        relationships: {
          organization: pointer("organizations", "acme"),
          workspaces: { data: ids.map((id) => ({ id, type: "workspaces" })) },
        },
      },
    );

  test("create leaves attachments alone", async () => {
    serve(routes({ [`POST ${v2}/organizations/acme/varsets`]: { status: 201, body: body() } }));
    const { state } = await create(variableSet, { name: "app" });
    expect(server.requests[0]?.body).toEqual({
      data: { type: "varsets", attributes: { name: "app", description: "", global: false, priority: false } },
    });
    expect(state).toMatchObject({ id: "varset-1", organization: "acme", workspace_ids: [], parent_project_id: null });
    expect(server.lines).toHaveLength(1);
  });

  test("a taken name is not adopted", async () => {
    serve(
      routes({
        [`POST ${v2}/organizations/acme/varsets`]: problem(422, "Name has already been taken"),
        [`GET ${v2}/organizations/acme/varsets`]: list([body().data]),
      }),
    );
    expect(await trouble(create(variableSet, { name: "app" }))).toMatchObject({ code: "tfe-exists" });
  });

  test("attach, see, detach", async () => {
    serve(
      routes({
        [`POST ${v2}/varsets/varset-1/relationships/workspaces`]: { status: 204 },
        [`GET ${v2}/varsets/varset-1`]: { body: body("ws-1") },
      }),
    );
    const { state } = await create(workspaceVariableSet, { workspace_id: "ws-1", variable_set_id: "varset-1" });
    expect(state).toEqual({ id: "ws-1_varset-1", workspace_id: "ws-1", variable_set_id: "varset-1" });
    expect(server.requests[0]?.body).toEqual({ data: [{ type: "workspaces", id: "ws-1" }] });
    expect(await workspaceVariableSet.read(client, state, work())).toEqual(state);
    expect(await workspaceVariableSet.read(client, { ...state, workspace_id: "ws-2" }, work())).toBeUndefined();
    serve(() => ({ status: 204 }));
    await workspaceVariableSet.remove(client, state, work());
    expect(server.requests[0]).toMatchObject({
      method: "DELETE",
      body: { data: [{ type: "workspaces", id: "ws-1" }] },
    });
  });
});
