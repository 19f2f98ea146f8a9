/** Answers against HashiCorp's own description of the API, where it describes them. */
import { existsSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  awaitStatus,
  organization,
  related,
  startHcp,
  startRun,
  workspaceWithConfiguration,
  type TestHcp,
} from "./kit.ts";
import { scriptedRunner } from "./runners.ts";

// Beside the project on the build machines; not part of it.
const file = new URL("../../../../../shared/specs/hcp-terraform.openapi.json", import.meta.url);

interface Specification {
  readonly paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
  >;
  readonly components: object;
}

/** OpenAPI 3.0 in JSON Schema: `nullable`, and no unknown keywords. */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (typeof node !== "object" || node === null) return node;
  const { nullable, ...rest } = node as Record<string, unknown>;
  const schema = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, toJsonSchema(value)]));
  if (nullable !== true) return schema;
  return { anyOf: [schema, { type: "null" }] };
}

describe.skipIf(!existsSync(file))("HCP Terraform's OpenAPI document (skipped where ../shared/specs is absent)", () => {
  let hcp: TestHcp;
  let specification: Specification;
  let ajv: Ajv;
  const ids: Record<string, string> = { organization_name: organization, workspace_name: "described" };

  beforeAll(async () => {
    specification = toJsonSchema(JSON.parse(readFileSync(file, "utf8"))) as Specification;
    ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    ajv.addSchema({ $id: "spec", components: specification.components });
    hcp = await startHcp(scriptedRunner());
    const { workspace, configuration } = await workspaceWithConfiguration(hcp, "described", { "auto-apply": true });
    const run = await startRun(hcp, workspace, configuration);
    await awaitStatus(hcp, run, "applied");
    const { relationships } = (await hcp.call("GET", `/runs/${run}`)).body.data;
    const state = (await hcp.call("GET", `/workspaces/${workspace}/current-state-version`)).body.data;
    const variable = await hcp.create(`/workspaces/${workspace}/vars`, "vars", {
      key: "k",
      value: "v",
      category: "terraform",
    });
    const set = await hcp.create(
      `/organizations/${organization}/varsets`,
      "varsets",
      { name: "set" },
      { workspaces: { data: [{ type: "workspaces", id: workspace }] } },
    );
    await hcp.create(`/varsets/${set.body.data.id}/relationships/vars`, "vars", {
      key: "k",
      value: "v",
      category: "env",
      sensitive: true,
    });
    await hcp.call("PATCH", `/workspaces/${workspace}/relationships/tag-bindings`, {
      data: [{ type: "tag-bindings", attributes: { key: "env", value: "stage" } }],
    });
    Object.assign(ids, {
      workspace_id: workspace,
      configuration_version_id: configuration,
      run_id: run,
      plan: relationships.plan.data.id,
      apply: relationships.apply.data.id,
      state_version_id: state.id,
      state_version_output_id: state.relationships.outputs.data[0].id,
      variable: variable.body.data.id,
      varset_id: set.body.data.id,
      project_id: (await hcp.call("GET", `/workspaces/${workspace}`)).body.data.relationships.project.data.id,
    });
  });
  afterAll(() => hcp.stop());

  // Where the document says `{id}`, the name of what is meant.
  const described = [
    "/account/details",
    "/organizations",
    "/organizations/{organization_name}",
    "/organizations/{organization_name}/projects",
    "/projects/{project_id}",
    "/organizations/{organization_name}/workspaces",
    "/organizations/{organization_name}/workspaces/{workspace_name}",
    "/workspaces/{workspace_id}",
    "/workspaces/{workspace_id}/vars",
    "/workspaces/{workspace_id}/vars/{id:variable}",
    "/workspaces/{workspace_id}/all-vars",
    "/workspaces/{workspace_id}/varsets",
    "/workspaces/{workspace_id}/applicable-varsets",
    "/workspaces/{workspace_id}/effective-tag-bindings",
    "/workspaces/{workspace_id}/relationships/tag-bindings",
    "/organizations/{organization_name}/varsets",
    "/varsets/{varset_id}",
    "/varsets/{varset_id}/relationships/vars",
    "/projects/{project_id}/varsets",
    "/workspaces/{workspace_id}/configuration-versions",
    "/configuration-versions/{configuration_version_id}",
    "/runs/{run_id}",
    "/workspaces/{workspace_id}/runs",
    "/organizations/{organization_name}/runs",
    "/runs/{id:run_id}/plan",
    "/runs/{run_id}/policy-checks",
    "/runs/{run_id}/task-stages",
    "/plans/{id:plan}",
    "/applies/{id:apply}",
    "/workspaces/{workspace_id}/current-state-version",
    "/workspaces/{workspace_id}/current-state-version-outputs",
    "/state-versions/{state_version_id}",
    "/state-versions/{state_version_id}/outputs",
    "/state-version-outputs/{state_version_output_id}",
  ];

  /** What is wrong with a body, by the document. */
  const problems = (path: string, method: string, status: string, body: unknown): string[] => {
    const schema =
      specification.paths[path]?.[method]?.responses[status]?.content?.["application/vnd.api+json"]?.schema;
    if (!schema) return ["the document does not describe this"];
    const validate = ajv.compile(
      JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"spec#/components/')) as object,
    );
    if (validate(body)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };

  test.each(described)("GET %s", async (path) => {
    const address = path.replace(/\{(?:id:)?(\w+)\}/g, (_, name: string) => ids[name] ?? `no ${name}`);
    const answer = await hcp.call("GET", address);
    expect(answer.status).toBe(200);
    expect(problems(path.replace(/\{id:\w+\}/, "{id}"), "get", "200", answer.body)).toEqual([]);
  });

  test("the check finds what is wrong", async () => {
    const { body } = await hcp.call("GET", `/workspaces/${ids["workspace_id"]}`);
    body.data.type = "workspace";
    body.data.attributes.locked = "no";
    expect(problems("/workspaces/{workspace_id}", "get", "200", body)).toEqual([
      "/data/type must be equal to one of the allowed values",
      "/data/attributes/locked must be boolean",
    ]);
  });

  test("POST /runs", async () => {
    const made = await hcp.create("/runs", "runs", {}, { workspace: related("workspaces", ids["workspace_id"] ?? "") });
    expect(problems("/runs", "post", "201", made.body)).toEqual([]);
    await awaitStatus(hcp, made.body.data.id, "applied");
  });
});
