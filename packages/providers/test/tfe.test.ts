import { Secret } from "@doge/core";
import type { Attributes, Block, ResourceType } from "@doge/engine";
import { describe, expect, test } from "vitest";
import { createTfe, organizationData, tfe, type Tfe, workspace } from "../src/tfe/index.ts";
import { type Answer, clock, configured, describedBy, http, routes, trouble, work } from "./kit.ts";
import { describedVendor, openApi } from "./spec.ts";

const problem = (status: number, detail: string): Answer => ({
  status,
  body: { errors: [{ status: String(status), title: "x", detail }] },
});
const problems = openApi("hcp-terraform.openapi.json", { prefix: "/api/v2", ignore: [/effective-tag-bindings/] });
const { server, serve, excuse } = await describedVendor(problems, problem(404, "not found"));

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

describe("data tfe_organization", () => {
  test("by name, or the provider's own", async () => {
    const attributes = {
      name: "acme",
      "external-id": "org-WV6DfwfxxXvLfvfs",
      email: "admin@example.com",
      "cost-estimation-enabled": true,
      "owners-team-saml-role-id": null,
    };
    serve(
      routes({
        [`GET ${v2}/organizations/acme`]: {
          body: data("organizations", "acme", attributes, {
            relationships: { "default-project": pointer("projects", "prj-1") },
          }),
        },
      }),
    );
    const state = await organizationData.read(client, {}, work());
    expect(describedBy(organizationData.schema, state)).toEqual([]);
    expect(state).toMatchObject({
      id: "org-WV6DfwfxxXvLfvfs",
      name: "acme",
      default_project_id: "prj-1",
      cost_estimation_enabled: true,
      owners_team_saml_role_id: "",
    });
    expect(server.requests[0]?.headers["authorization"]).toBe("Bearer tfe-canary");
    excuse();
    expect(await trouble(organizationData.read(client, { name: "other" }, work()))).toMatchObject({
      code: "tfe-not-found",
    });
    expect(await trouble(organizationData.read({ api, organization: undefined }, {}, work()))).toMatchObject({
      code: "tfe-organization-missing",
    });
    excuse();
  });
});

describe("tfe_workspace", () => {
  const attributes = {
    name: "app-stage",
    description: null,
    "execution-mode": "remote",
    operations: true,
    "auto-apply": false,
    "allow-destroy-plan": true,
    locked: false,
    "queue-all-runs": false,
    "file-triggers-enabled": true,
    "speculative-enabled": true,
    "structured-run-output-enabled": true,
    "global-remote-state": false,
    "tag-names": ["doge"],
    "terraform-version": "1.11.4",
    "working-directory": "",
  };
  const links = {
    self: "/api/v2/organizations/acme/workspaces/app-stage",
    "self-html": "/app/acme/workspaces/app-stage",
  };
  const relationships = { organization: pointer("organizations", "acme"), project: pointer("projects", "prj-1") };
  const body = data("workspaces", "ws-1", attributes, { links, relationships });
  const around = {
    [`GET ${v2}/workspaces/ws-1`]: { body },
    [`GET ${v2}/workspaces/ws-1/effective-tag-bindings`]: list([
      { id: "tb-1", type: "effective-tag-bindings", attributes: { key: "env", value: "stage" } },
    ]),
    [`GET ${v2}/workspaces/ws-1/relationships/remote-state-consumers`]: list([]),
  };
  const values = {
    name: "app-stage",
    execution_mode: "remote",
    queue_all_runs: false,
    terraform_version: "1.11.4",
    tag_names: ["doge"],
    tags: { env: "stage" },
  };

  test("create states the mode as its own, tags follow", async () => {
    serve(
      routes({
        ...around,
        [`POST ${v2}/organizations/acme/workspaces`]: { status: 201, body },
        [`POST ${v2}/workspaces/ws-1/relationships/tags`]: { status: 204 },
      }),
    );
    const { state, told } = await create(workspace, values);
    const { data: sent } = server.requests.map((r) => r.body)[0] as {
      data: { attributes: Attributes; relationships: Attributes };
    };
    expect(sent.attributes).toEqual({
      name: "app-stage",
      "execution-mode": "remote",
      "setting-overwrites": { "execution-mode": true, "agent-pool": true },
      "auto-apply-run-trigger": false,
      "allow-destroy-plan": true,
      "file-triggers-enabled": true,
      "queue-all-runs": false,
      "speculative-enabled": true,
      "structured-run-output-enabled": true,
      "terraform-version": "1.11.4",
      "working-directory": "",
    });
    expect(sent.relationships).toEqual({
      "tag-bindings": { data: [{ type: "tag-bindings", attributes: { key: "env", value: "stage" } }] },
    });
    expect(server.requests[0]?.headers["content-type"]).toBe("application/vnd.api+json");
    expect(told[0]?.["id"]).toBe("ws-1");
    expect(state).toMatchObject({
      id: "ws-1",
      organization: "acme",
      description: "",
      project_id: "prj-1",
      tag_names: ["doge"],
      tags: { env: "stage" },
      effective_tags: { env: "stage" },
      html_url: `${server.url}/app/acme/workspaces/app-stage`,
      force_delete: false,
      vcs_repo: [],
    });
  });

  test("a taken name is not adopted; an interrupted create is found by name", async () => {
    serve(
      routes({
        ...around,
        [`POST ${v2}/organizations/acme/workspaces`]: problem(422, "Name has already been taken"),
        [`GET ${v2}/organizations/acme/workspaces/app-stage`]: { body },
      }),
    );
    const diagnostic = await trouble(create(workspace, values));
    expect(diagnostic).toMatchObject({ code: "tfe-exists" });
    expect(diagnostic?.remedy).toContain("doge import <address> ws-1");
    const config = configured(workspace.schema, values);
    expect(await workspace.find?.(client, { config, since: new Date() }, work())).toMatchObject({ id: "ws-1" });
  });

  test("update changes by id; a VCS repository that went is taken away", async () => {
    serve(
      routes({
        ...around,
        [`PATCH ${v2}/workspaces/ws-1`]: { body },
        [`GET ${v2}/workspaces/ws-1/relationships/tags`]: list([
          { id: "tag-2", type: "tags", attributes: { name: "old" } },
        ]),
        [`DELETE ${v2}/workspaces/ws-1/relationships/tags`]: { status: 204 },
      }),
    );
    const config = configured(workspace.schema, { ...values, name: "new" });
    await workspace.reconcile(
      client,
      { config, prior: { id: "ws-1", tag_names: ["doge", "old"] }, created: async () => {} },
      work(),
    );
    const patch = server.requests.find((r) => r.method === "PATCH")?.body as { data: { attributes: Attributes } };
    expect(patch.data.attributes).toMatchObject({ name: "new", "vcs-repo": null });
    expect(server.requests.find((r) => r.method === "DELETE")?.body).toEqual({
      data: [{ type: "tags", id: "tag-2" }],
    });
  });

  test.each([
    [false, `POST ${v2}/workspaces/ws-1/actions/safe-delete`],
    [true, `DELETE ${v2}/workspaces/ws-1`],
  ])("force_delete %s", async (force_delete, line) => {
    serve(() => ({ status: 204 }));
    await workspace.remove(client, { id: "ws-1", force_delete }, work());
    expect(server.lines).toEqual([line]);
    serve(() => undefined);
    await workspace.remove(client, { id: "ws-1", force_delete }, work());
    expect(await workspace.read(client, { id: "ws-1" }, work())).toBeUndefined();
  });

  test("what still has resources stays", async () => {
    serve(() => problem(409, "Workspace is currently managing resources"));
    expect(await trouble(workspace.remove(client, { id: "ws-1" }, work()))).toMatchObject({
      code: "tfe-conflict",
      detail: expect.stringContaining("managing resources"),
    });
  });
});

test("the provider takes address and organization from the environment, and needs a token", async () => {
  const context = {
    http,
    clock: clock(),
    emit: () => {},
    env: { TFE_TOKEN: "t", TFE_ADDRESS: "http://127.0.0.1:1", TFE_ORGANIZATION: "acme" },
  };
  const made = (await tfe.configure({}, context)) as Tfe;
  expect([made.api.address, made.organization]).toEqual(["http://127.0.0.1:1", "acme"]);
  expect(((await tfe.configure({ hostname: "tfe.example.com" }, context)) as Tfe).api.address).toBe(
    "https://tfe.example.com",
  );
  // TFE_ADDRESS is where HCP Terraform is, also where a configuration calls it by its name.
  for (const hostname of ["app.terraform.io", "127.0.0.1:1"])
    expect(((await tfe.configure({ hostname }, context)) as Tfe).api.address).toBe("http://127.0.0.1:1");
  expect(() => tfe.configure({}, { ...context, env: {} })).toThrow(/There is no HCP Terraform token/);
});
