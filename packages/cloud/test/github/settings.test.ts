import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { protect, startWorld, weakToken, type World } from "./harness.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const at = (repo: string) => ({ owner: "doge", repo });

async function seal(value: string, key: string): Promise<string> {
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  const box = sodium.crypto_box_seal(value, new Uint8Array(Buffer.from(key, "base64")));
  return Buffer.from(box).toString("base64");
}

test("a sealed secret reaches jobs in clear and nobody else; the environment's wins", async () => {
  await world.project("sealed");
  const client = world.octokit();
  const { data: key } = await client.request("GET /repos/{owner}/{repo}/actions/secrets/public-key", at("sealed"));
  const put = async (name: string, value: string) =>
    client.request("PUT /repos/{owner}/{repo}/actions/secrets/{secret_name}", {
      ...at("sealed"),
      secret_name: name,
      key_id: key.key_id,
      encrypted_value: await seal(value, key.key),
    });
  expect((await put("ssh_key", "canary-1")).status).toBe(201);
  expect((await put("SSH_KEY", "canary-2\n")).status).toBe(204);
  await put("TF_API_TOKEN", "canary-3");

  const environment = { ...at("sealed"), environment_name: "prod" };
  await client.request("PUT /repos/{owner}/{repo}/environments/{environment_name}", environment);
  const { data: own } = await client.request(
    "GET /repos/{owner}/{repo}/environments/{environment_name}/secrets/public-key",
    environment,
  );
  expect(own.key).not.toBe(key.key);
  await client.request("PUT /repos/{owner}/{repo}/environments/{environment_name}/secrets/{secret_name}", {
    ...environment,
    secret_name: "SSH_KEY",
    key_id: own.key_id,
    encrypted_value: await seal("canary-4", own.key),
  });

  const { forActions } = world.github;
  expect(await forActions.secrets("doge/sealed", undefined)).toEqual({
    SSH_KEY: "canary-2\n",
    TF_API_TOKEN: "canary-3",
  });
  expect(await forActions.secrets("doge/sealed", "prod")).toEqual({ SSH_KEY: "canary-4", TF_API_TOKEN: "canary-3" });

  const { data: list } = await client.request("GET /repos/{owner}/{repo}/actions/secrets", at("sealed"));
  expect(list.secrets.map(({ name }) => name)).toEqual(["SSH_KEY", "TF_API_TOKEN"]);
  for (const file of (await readdir(world.folder)).filter((name) => name.startsWith("cloud.sqlite"))) {
    expect(await readFile(join(world.folder, file), "latin1"), "not even the store has it in clear").not.toContain(
      "canary",
    );
  }
  const wrong = client.request("PUT /repos/{owner}/{repo}/actions/secrets/{secret_name}", {
    ...at("sealed"),
    secret_name: "X",
    key_id: key.key_id,
    encrypted_value: await seal("x", own.key),
  });
  await expect(wrong).rejects.toMatchObject({ status: 422 });
  await expect(put("GITHUB_X", "x")).rejects.toMatchObject({ status: 422 });
  const gone = () =>
    client.request("DELETE /repos/{owner}/{repo}/actions/secrets/{secret_name}", {
      ...at("sealed"),
      secret_name: "SSH_KEY",
    });
  await gone();
  await expect(gone()).rejects.toMatchObject({ status: 404 });
});

test("variables are made, changed and taken away; a second one of a name is a conflict", async () => {
  await world.project("variables");
  const client = world.octokit();
  const create = () =>
    client.request("POST /repos/{owner}/{repo}/actions/variables", {
      ...at("variables"),
      name: "REGION",
      value: "ams3",
    });
  await create();
  await expect(create()).rejects.toMatchObject({ status: 409 });
  await client.request("PATCH /repos/{owner}/{repo}/actions/variables/{name}", {
    ...at("variables"),
    name: "REGION",
    value: "fra1",
  });
  expect(await world.github.forActions.variables("doge/variables", undefined)).toEqual({ REGION: "fra1" });
  await client.request("DELETE /repos/{owner}/{repo}/actions/variables/{name}", { ...at("variables"), name: "REGION" });
  expect(await world.github.forActions.variables("doge/variables", undefined)).toEqual({});
});

test("an environment lets only the branches of its policy deploy", async () => {
  await world.project("policies");
  const client = world.octokit();
  const environment = { ...at("policies"), environment_name: "stage" };
  const route = "PUT /repos/{owner}/{repo}/environments/{environment_name}";
  const may = (ref: string) => world.github.forActions.environment("doge/policies", "stage", ref);
  expect(await may("refs/heads/main")).toBeUndefined();
  await client.request(route, environment);
  expect(await may("refs/heads/main")).toEqual({ allowed: true });

  await client.request(route, {
    ...environment,
    deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
  });
  expect(await may("refs/heads/stage")).toEqual({ allowed: false });
  const policies = "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies" as const;
  await client.request(`POST ${policies}`, { ...environment, name: "stage" });
  await client.request(`POST ${policies}`, { ...environment, name: "release/*" });
  expect(await may("refs/heads/stage")).toEqual({ allowed: true });
  expect(await may("refs/heads/release/1")).toEqual({ allowed: true });
  expect(await may("refs/heads/release/1/x")).toEqual({ allowed: false });
  expect(await may("refs/pull/1/merge")).toEqual({ allowed: false });

  await client.request(route, {
    ...environment,
    deployment_branch_policy: { protected_branches: true, custom_branch_policies: false },
  });
  expect(await may("refs/heads/main")).toEqual({ allowed: false });
  await protect(world, "policies", "main", {});
  expect(await may("refs/heads/main")).toEqual({ allowed: true });
  const both = { protected_branches: true, custom_branch_policies: true };
  await expect(client.request(route, { ...environment, deployment_branch_policy: both })).rejects.toMatchObject({
    status: 422,
  });
});

const fields = `id pattern isAdminEnforced requiresStatusChecks requiresStrictStatusChecks requiredStatusCheckContexts
  requiresApprovingReviews requiredApprovingReviewCount repository { id name }
  pushAllowances(first: 100) { nodes { actor { __typename ... on App { id name slug } ... on Team { id name } ... on User { id login } } } }`;

test("branch protection by GraphQL, as the Terraform provider makes, reads, changes and deletes it", async () => {
  await world.project("ruled");
  const { graphql } = world.octokit();
  const { user } = await graphql<{ user: { id: string } }>("query($login: String!) { user(login: $login) { id } }", {
    login: "doge",
  });
  const id = await protect(world, "ruled", "stage", {
    requiresStatusChecks: true,
    requiredStatusCheckContexts: ["plan"],
    restrictsPushes: true,
    pushActorIds: [user.id],
  });
  const read = async () =>
    (
      await graphql<{ node: Record<string, unknown> }>(
        `query($id: ID!) { node(id: $id) { ... on BranchProtectionRule { ${fields} } } }`,
        { id },
      )
    ).node;
  expect(await read()).toMatchObject({
    id,
    pattern: "stage",
    isAdminEnforced: false,
    requiresStrictStatusChecks: true,
    requiredStatusCheckContexts: ["plan"],
    requiredApprovingReviewCount: null,
    repository: { name: "ruled" },
    pushAllowances: { nodes: [{ actor: { __typename: "User", id: user.id, login: "doge" } }] },
  });
  await graphql(
    "mutation($input: UpdateBranchProtectionRuleInput!) { updateBranchProtectionRule(input: $input) { clientMutationId } }",
    { input: { branchProtectionRuleId: id, requiresApprovingReviews: true, isAdminEnforced: true } },
  );
  expect(await read()).toMatchObject({
    isAdminEnforced: true,
    requiredApprovingReviewCount: 1,
    requiredStatusCheckContexts: ["plan"],
  });
  await expect(protect(world, "ruled", "stage", {})).rejects.toThrow("Name already protected: stage");

  const { repository } = await graphql<{ repository: { branchProtectionRules: { nodes: unknown[] } } }>(`
    query {
      repository(owner: "doge", name: "ruled") {
        branchProtectionRules(first: 1) {
          nodes {
            id
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
  `);
  expect(repository.branchProtectionRules).toMatchObject({ nodes: [{ id }], pageInfo: { hasNextPage: false } });
  const remove = () =>
    graphql(
      "mutation($input: DeleteBranchProtectionRuleInput!) { deleteBranchProtectionRule(input: $input) { clientMutationId } }",
      {
        input: { branchProtectionRuleId: id },
      },
    );
  await remove();
  const message = `Could not resolve to a node with the global id of '${id}'.`;
  await expect(remove()).rejects.toMatchObject({ errors: [{ type: "NOT_FOUND", message }] });
  await expect(read()).rejects.toMatchObject({ errors: [{ type: "NOT_FOUND", path: ["node"], message }] });
});

test("credentials: wrong, missing, weak; names already taken; limits; pages", async () => {
  await world.project("locked", { private: true });
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${world.url}${path}`, { headers });
  const wrong = await get("/api/v3/user", { authorization: "Bearer ghp_nobody" });
  expect([wrong.status, await wrong.json()]).toMatchObject([401, { message: "Bad credentials" }]);
  expect(await (await get("/api/v3/user")).json()).toMatchObject({ message: "Requires authentication" });
  expect((await get("/api/v3/repos/doge/locked", { authorization: `token ${weakToken}` })).status).toBe(404);
  const weak = await get("/api/v3/user", { authorization: `token ${weakToken}` });
  expect(weak.headers.get("x-oauth-scopes")).toBe("public_repo");
  expect(weak.headers.get("x-github-request-id")).toMatch(/./);
  expect(weak.headers.get("x-github-api-version-selected")).toBe("2022-11-28");

  const again = world.octokit().request("POST /user/repos", { name: "locked" });
  await expect(again).rejects.toMatchObject({
    status: 422,
    response: { data: { errors: [{ message: "name already exists on this account" }] } },
  });
  const check = world.octokit().request("POST /repos/{owner}/{repo}/check-runs", {
    ...at("locked"),
    name: "plan",
    head_sha: (
      await world.octokit().request("GET /repos/{owner}/{repo}/commits/{ref}", { ...at("locked"), ref: "main" })
    ).data.sha,
    output: { title: "Plan", summary: "", text: "x".repeat(65_536) },
  });
  await expect(check).rejects.toMatchObject({ status: 422 });

  const { data: repository } = await world.octokit().request("GET /repos/{owner}/{repo}", at("locked"));
  expect(await (await fetch(repository.html_url)).text()).toContain("Write README.md");
  expect(await (await fetch(`${repository.html_url}/actions`)).text()).toBe("the runs");
});
