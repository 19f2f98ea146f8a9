/** Answers against GitHub's own description of its API, where the sessions have it. */
import { existsSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { protect, startWorld, type World } from "./harness.ts";

const file = new URL("../../../../../shared/specs/github.openapi.json", import.meta.url);

interface Specification {
  readonly paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
  >;
  readonly components: object;
}

/** OpenAPI 3.0 in JSON Schema: `nullable` spelled out; alternatives that overlap, as GitHub's do, are `anyOf`. */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (typeof node !== "object" || node === null) return node;
  const { nullable, example: _, examples: __, ...rest } = node as Record<string, unknown>;
  const named = Object.entries(rest).map(([key, value]) => [key === "oneOf" ? "anyOf" : key, toJsonSchema(value)]);
  const schema = Object.fromEntries(named) as object;
  return nullable === true ? { anyOf: [schema, { type: "null" }] } : schema;
}

describe.skipIf(!existsSync(file))("GitHub's OpenAPI document (skipped where ../shared/specs is absent)", () => {
  let world: World;
  let specification: Specification;
  let ajv: Ajv;
  const values: Record<string, string> = { owner: "doge", repo: "spec", username: "doge" };

  beforeAll(async () => {
    specification = toJsonSchema(JSON.parse(readFileSync(file, "utf8"))) as Specification;
    ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false });
    ajv.addSchema({ $id: "spec", components: specification.components });
    world = await startWorld();
    const copy = await world.project("spec");
    await copy.git("checkout", "-q", "-b", "topic");
    await copy.commit("src/app.txt", "1\n");
    await copy.git("push", "-q", "origin", "topic");
    values["head"] = await copy.git("rev-parse", "HEAD");
    values["tree"] = await copy.git("rev-parse", "HEAD^{tree}");
    values["blob"] = await copy.git("rev-parse", "HEAD:src/app.txt");
    await protect(world, "spec", "main", {
      requiresStatusChecks: true,
      requiredStatusCheckContexts: ["ci"],
      requiresApprovingReviews: true,
    });
  });
  afterAll(() => world.close());

  /** `POST /repos/{owner}/{repo}/pulls`, checked; `{…}` from `values`. */
  async function call(route: string, status: number, body?: unknown): Promise<Record<string, never>> {
    const [method = "", template = ""] = route.split(" ");
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? `?${name}`));
    const answer = await fetch(`${world.url}/api/v3${path}`, {
      method,
      headers: { authorization: "Bearer ghp_ownerownerownerownerownerowner0001" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    expect(answer.status, `${route}: ${text}`).toBe(status);
    const operation = specification.paths[template.split("?")[0] ?? ""]?.[method.toLowerCase()];
    if (!operation) throw new Error(`the description has no ${route}`);
    const schema = operation.responses[status]?.content?.["application/json"]?.schema;
    const value: unknown = text === "" ? undefined : JSON.parse(text);
    if (schema) {
      const validate = ajv.compile(
        JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"spec#/components')) as object,
      );
      if (!validate(value)) throw new Error(`${route}: ${ajv.errorsText(validate.errors)}\n${text}`);
    }
    return value as Record<string, never>;
  }

  test("users and repositories", async () => {
    await call("GET /user", 200);
    await call("GET /users/{username}", 200);
    await call("GET /user/repos", 200);
    await call("POST /user/repos", 201, { name: "made", private: true, auto_init: true, description: "By a test" });
    await call("GET /repos/{owner}/{repo}", 200);
    await call("PATCH /repos/{owner}/{repo}", 200, { description: "Changed", delete_branch_on_merge: true });
    await call("PUT /repos/{owner}/{repo}/topics", 200, { names: ["doge"] });
    expect(await call("GET /repos/{owner}/{repo}/collaborators", 200)).toMatchObject([{ login: "doge" }]);
    await call("POST /user/repos", 422, { name: "made" });
  });

  test("git: refs, commits, trees, blobs, contents, branches", async () => {
    values["ref"] = "heads/topic";
    const ref = await call("GET /repos/{owner}/{repo}/git/ref/{ref}", 200);
    expect(ref).toMatchObject({ ref: "refs/heads/topic", object: { sha: values["head"] } });
    await call("POST /repos/{owner}/{repo}/git/refs", 201, { ref: "refs/heads/made", sha: values["head"] });
    await call("POST /repos/{owner}/{repo}/git/refs", 422, { ref: "refs/heads/made", sha: values["head"] });
    values["commit_sha"] = values["head"] ?? "";
    await call("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", 200);
    const tree = await call("POST /repos/{owner}/{repo}/git/trees", 201, {
      base_tree: values["tree"],
      tree: [
        { path: "src/deep/new.txt", mode: "100644", type: "blob", content: "new" },
        { path: "README.md", mode: "100644", type: "blob", sha: null },
      ],
    });
    const commit = await call("POST /repos/{owner}/{repo}/git/commits", 201, {
      message: "By API",
      tree: tree["sha"],
      parents: [values["head"]],
    });
    values["ref"] = "heads/made";
    await call("PATCH /repos/{owner}/{repo}/git/refs/{ref}", 200, { sha: commit["sha"] });
    values["tree_sha"] = tree["sha"] ?? "";
    const listed = await call("GET /repos/{owner}/{repo}/git/trees/{tree_sha}?recursive=1", 200);
    expect((listed["tree"] as unknown as { path: string }[]).map(({ path }) => path)).toEqual([
      "src",
      "src/app.txt",
      "src/deep",
      "src/deep/new.txt",
    ]);
    values["file_sha"] = values["blob"] ?? "";
    expect(await call("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", 200)).toMatchObject({ content: "MQo=\n" });
    values["path"] = "src/written.txt";
    await call("PUT /repos/{owner}/{repo}/contents/{path}", 201, { message: "Write", content: "aGk=", branch: "made" });
    const written = await call("GET /repos/{owner}/{repo}/contents/{path}?ref=made", 200);
    expect(written).toMatchObject({ content: "aGk=\n" });
    await call("PUT /repos/{owner}/{repo}/contents/{path}", 409, {
      message: "Write",
      content: "aGk=",
      branch: "made",
      sha: values["head"],
    });
    values["path"] = "src";
    await call("GET /repos/{owner}/{repo}/contents/{path}", 404);
    await call("GET /repos/{owner}/{repo}/branches", 200);
    values["branch"] = "main";
    await call("GET /repos/{owner}/{repo}/branches/{branch}", 200);
    await call("GET /repos/{owner}/{repo}/branches/{branch}/protection", 200);
    values["ref"] = "heads/made";
    await call("DELETE /repos/{owner}/{repo}/git/refs/{ref}", 204);
    await call("GET /repos/{owner}/{repo}/commits?sha=topic", 200);
    values["ref"] = "topic";
    await call("GET /repos/{owner}/{repo}/commits/{ref}", 200);
    values["basehead"] = "main...topic";
    expect(await call("GET /repos/{owner}/{repo}/compare/{basehead}", 200)).toMatchObject({
      status: "ahead",
      ahead_by: 1,
    });
  });

  test("pull requests, issues, comments, reviews, labels", async () => {
    await call("POST /repos/{owner}/{repo}/pulls", 201, {
      title: "A change",
      head: "topic",
      base: "main",
      body: "Why.",
    });
    values["pull_number"] = values["issue_number"] = "1";
    await call("GET /repos/{owner}/{repo}/pulls", 200);
    await call("GET /repos/{owner}/{repo}/pulls/{pull_number}", 200);
    await call("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", 200, { title: "Another" });
    await call("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", 200);
    await call("GET /repos/{owner}/{repo}/pulls/{pull_number}/commits", 200);
    await call("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews", 200, { body: "Hm.", event: "COMMENT" });
    await call("GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", 200);
    await call("GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", 200);
    values["comment_id"] = String(
      (await call("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", 201, { body: "Hi" }))["id"],
    );
    await call("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", 200, { body: "Ho" });
    await call("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", 200);
    await call("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", 204);
    await call("POST /repos/{owner}/{repo}/issues", 201, { title: "Trouble", labels: ["bug"] });
    await call("GET /repos/{owner}/{repo}/issues", 200);
    await call("GET /repos/{owner}/{repo}/labels", 200);
    await call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", 200, { merge_method: "squash" });
    await call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", 405, {});
    expect(await call("GET /repos/{owner}/{repo}/pulls/{pull_number}", 200)).toMatchObject({ merged: true });
  });

  test("checks, statuses, deployments", async () => {
    values["ref"] = values["sha"] = values["head"] ?? "";
    const run = await call("POST /repos/{owner}/{repo}/check-runs", 201, {
      name: "plan",
      head_sha: values["head"],
      status: "in_progress",
    });
    values["check_run_id"] = String(run["id"]);
    await call("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", 200, {
      conclusion: "success",
      output: { title: "Plan", summary: "1 to add" },
    });
    await call("GET /repos/{owner}/{repo}/check-runs/{check_run_id}", 200);
    const runs = await call("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", 200);
    expect(runs).toMatchObject({
      total_count: 1,
      check_runs: [{ name: "plan", status: "completed", conclusion: "success" }],
    });
    await call("GET /repos/{owner}/{repo}/commits/{ref}/check-suites", 200);
    await call("POST /repos/{owner}/{repo}/statuses/{sha}", 201, { state: "pending", context: "ci" });
    await call("GET /repos/{owner}/{repo}/commits/{ref}/status", 200);
    await call("GET /repos/{owner}/{repo}/commits/{ref}/statuses", 200);
    values["deployment_id"] = String(
      (await call("POST /repos/{owner}/{repo}/deployments", 201, { ref: values["head"], required_contexts: [] }))["id"],
    );
    await call("POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", 201, {
      state: "success",
      environment_url: "https://example.com",
    });
    await call("GET /repos/{owner}/{repo}/deployments", 200);
    await call("GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", 200);
  });

  test("secrets, variables, environments", async () => {
    await call("GET /repos/{owner}/{repo}/actions/secrets/public-key", 200);
    await call("GET /repos/{owner}/{repo}/actions/secrets", 200);
    await call("POST /repos/{owner}/{repo}/actions/variables", 201, { name: "REGION", value: "ams3" });
    await call("GET /repos/{owner}/{repo}/actions/variables", 200);
    values["environment_name"] = "prod";
    const policy = { protected_branches: false, custom_branch_policies: true };
    await call("PUT /repos/{owner}/{repo}/environments/{environment_name}", 200, {
      wait_timer: 5,
      deployment_branch_policy: policy,
    });
    await call("GET /repos/{owner}/{repo}/environments/{environment_name}", 200);
    expect(await call("GET /repos/{owner}/{repo}/environments", 200)).toMatchObject({ total_count: 2 });
    await call("POST /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies", 200, {
      name: "main",
    });
    await call("GET /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies", 200);
    await call("GET /repos/{owner}/{repo}/environments/{environment_name}/secrets/public-key", 200);
    await call("DELETE /repos/{owner}/{repo}/environments/{environment_name}", 204);
    await call("DELETE /repos/{owner}/{repo}", 204);
  });
});
