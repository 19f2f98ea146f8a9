import { Secret } from "@doge/core";
import type { Attributes, Block, ResourceType } from "@doge/engine";
import sodium, { ready as sodiumReady } from "libsodium-wrappers";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { github as configured_ } from "../src/github/configure.ts";
import {
  actionsEnvironmentSecret,
  actionsSecret,
  actionsVariable,
  branch,
  createGitHub,
  type GitHub,
  github,
  repositoryData,
  repositoryEnvironment,
} from "../src/github/index.ts";
import { clock, configured, describedBy, http, routes, trouble, vendor, work } from "./kit.ts";
import { openApi } from "./spec.ts";

const server = await vendor(() => undefined, { status: 404, body: { message: "Not Found" } });
afterEach(() => server.answer(() => undefined));

const api = createGitHub({
  http,
  clock: clock(),
  token: new Secret("ghp_canary"),
  apiUrl: `${server.url}/api/v3`,
  retry: { attempts: 2, baseMilliseconds: 1, maximumMilliseconds: 2 },
});
const client = (): GitHub => configured_(api, "octocat");

const root = "/api/v3/repos/octocat/app";
const repository = {
  id: 1296269,
  node_id: "R_kgDOABCD",
  name: "app",
  full_name: "octocat/app",
  owner: { login: "octocat" },
  private: true,
  visibility: "private",
  default_branch: "main",
  description: null,
  html_url: "https://github.com/octocat/app",
  clone_url: "https://github.com/octocat/app.git",
  ssh_url: "git@github.com:octocat/app.git",
  git_url: "git://github.com/octocat/app.git",
  topics: ["web"],
  has_issues: true,
  language: "TypeScript",
};
const known = { [`GET ${root}`]: { body: repository } };
const sha = "aa218f56b14c9653891f9e74264a383fa43fefbd";
const ref = (name: string) => ({
  ref: `refs/heads/${name}`,
  node_id: "REF_1",
  url: `https://api.github.com/repos/octocat/app/git/refs/heads/${name}`,
  object: { type: "commit", sha, url: "https://api.github.com/x" },
});

async function create<S extends Block>(resource: ResourceType<GitHub, S>, values: Attributes) {
  const config = configured(resource.schema, values);
  const told: Attributes[] = [];
  const created = async (state: Attributes) => void told.push(state);
  const state = await resource.reconcile(client(), { config, prior: undefined, created }, work());
  expect(describedBy(resource.schema, state)).toEqual([]);
  return { state, told, config };
}

describe("data github_repository", () => {
  test("has every attribute, false or empty where GitHub is silent", async () => {
    server.answer(routes(known));
    const state = await repositoryData.read(client(), { name: "app" }, work());
    expect(describedBy(repositoryData.schema, state)).toEqual([]);
    expect(state).toMatchObject({
      id: "app",
      node_id: "R_kgDOABCD",
      repo_id: 1296269,
      description: "",
      has_wiki: false,
      topics: ["web"],
      primary_language: "TypeScript",
      http_clone_url: repository.clone_url,
      template: [],
    });
    expect(server.requests[0]?.headers["authorization"]).toBe("token ghp_canary");
    expect(await repositoryData.read(client(), { full_name: "octocat/app" }, work())).toEqual(state);
  });

  test("a missing one is told with its owner", async () => {
    expect(await trouble(repositoryData.read(client(), { name: "app" }, work()))).toMatchObject({
      code: "github-not-found",
      detail: expect.stringContaining("octocat/app"),
    });
  });
});

describe("github_branch", () => {
  test("starts at the tip of its source", async () => {
    let made = false;
    server.answer(
      routes({
        [`GET ${root}/git/ref/heads/main`]: { body: ref("main") },
        [`GET ${root}/git/ref/heads/feature/a%23b`]: () =>
          made
            ? { body: ref("feature/a#b"), headers: { etag: 'W/"1"' } }
            : { status: 404, body: { message: "Not Found" } },
        [`POST ${root}/git/refs`]: () => {
          made = true;
          return { status: 201, body: ref("feature/a#b") };
        },
      }),
    );
    const { state, told } = await create(branch, { repository: "app", branch: "feature/a#b" });
    expect(server.requests[1]?.body).toEqual({ ref: "refs/heads/feature/a#b", sha });
    expect(state).toEqual({
      id: "app:feature/a#b",
      repository: "app",
      branch: "feature/a#b",
      source_branch: "main",
      source_sha: sha,
      etag: 'W/"1"',
      ref: "refs/heads/feature/a#b",
      sha,
    });
    expect(told).toHaveLength(1);
  });

  test("one that is there is not adopted", async () => {
    server.answer(
      routes({
        [`GET ${root}/git/ref/heads/main`]: { body: ref("main") },
        [`GET ${root}/git/ref/heads/stage`]: { body: ref("stage") },
        [`POST ${root}/git/refs`]: { status: 422, body: { message: "Reference already exists" } },
      }),
    );
    const diagnostic = await trouble(create(branch, { repository: "app", branch: "stage" }));
    expect(diagnostic).toMatchObject({ code: "github-exists" });
    expect(diagnostic?.remedy).toContain("doge import <address> app:stage");
  });

  test("a source that is missing, and a branch that is gone", async () => {
    expect(await trouble(create(branch, { repository: "app", branch: "stage" }))).toMatchObject({
      code: "github-source-branch",
    });
    const prior = { repository: "app", branch: "stage" };
    expect(await branch.read(client(), prior, work())).toBeUndefined();
    await branch.remove(client(), prior, work());
    expect(server.lines.at(-1)).toBe(`DELETE ${root}/git/refs/heads/stage`);
  });
});

describe("secrets", () => {
  let keys: { publicKey: Uint8Array; privateKey: Uint8Array };
  beforeAll(async () => {
    await sodiumReady;
    keys = sodium.crypto_box_keypair();
  });
  const stamps = (updated_at: string) => ({ name: "SSH_KEY", created_at: "2026-01-10T10:00:00Z", updated_at });

  test.each([
    { resource: actionsSecret, path: `${root}/actions/secrets`, values: {}, id: "app:SSH_KEY" },
    {
      resource: actionsEnvironmentSecret,
      path: `${root}/environments/stage%3Aeu/secrets`,
      values: { environment: "stage:eu" },
      id: "app:stage??eu:SSH_KEY",
    },
  ])("$id: sealed, stamped as Go does, refreshed, drifted, removed", async ({ resource, path, values, id }) => {
    const live = {
      ...known,
      [`GET ${path}/public-key`]: {
        body: { key_id: "012345678912345678", key: Buffer.from(keys.publicKey).toString("base64") },
      },
      [`PUT ${path}/SSH_KEY`]: { status: 201, body: {} },
      [`GET ${path}/SSH_KEY`]: { body: stamps("2026-01-10T10:00:00Z") },
    };
    server.answer(routes(live));
    const given = { repository: "app", secret_name: "SSH_KEY", value: "s3cret-ünïcode", ...values };
    const { state } = await create(resource as typeof actionsSecret, given);
    const put = server.requests.find((r) => r.method === "PUT")?.body as { encrypted_value: string; key_id: string };
    expect(put.key_id).toBe("012345678912345678");
    const opened = sodium.crypto_box_seal_open(
      Buffer.from(put.encrypted_value, "base64"),
      keys.publicKey,
      keys.privateKey,
    );
    expect(Buffer.from(opened).toString()).toBe("s3cret-ünïcode");
    expect(JSON.stringify(server.requests)).not.toContain("s3cret");
    const time = "2026-01-10 10:00:00 +0000 UTC";
    expect(state).toMatchObject({
      id,
      repository_id: 1296269,
      key_id: put.key_id,
      value: "s3cret-ünïcode",
      created_at: time,
      updated_at: time,
      remote_updated_at: time,
    });

    expect(await resource.read(client(), state, work())).toEqual(state);
    server.answer(routes({ ...live, [`GET ${path}/SSH_KEY`]: { body: stamps("2026-01-11T00:00:00Z") } }));
    const drifted = await resource.read(client(), state, work());
    expect(drifted).toMatchObject({
      value: null,
      updated_at: time,
      remote_updated_at: "2026-01-11 00:00:00 +0000 UTC",
    });

    server.answer(() => undefined);
    expect(await resource.read(client(), state, work())).toBeUndefined();
    await resource.remove(client(), state, work());
    expect(server.lines.at(-1)).toBe(`DELETE ${path}/SSH_KEY`);
  });

  test.each([
    [{}, 1],
    [{ value: "a" }, 0],
    [{ value: "a", plaintext_value: "b" }, 1],
  ])("%j has %d mistakes", (config, mistakes) => {
    expect(actionsSecret.validate?.(config)).toHaveLength(mistakes);
  });

  test("values are marked sensitive", () => {
    const { attributes } = actionsEnvironmentSecret.schema;
    expect(Object.entries(attributes).flatMap(([name, a]) => ("sensitive" in a ? [name] : []))).toEqual([
      "value",
      "value_encrypted",
      "encrypted_value",
      "plaintext_value",
    ]);
  });
});

test("github_actions_variable: create, update, exists", async () => {
  const variable = {
    name: "REGION",
    value: "fra1",
    created_at: "2026-01-10T10:00:00Z",
    updated_at: "2026-01-10T10:00:00Z",
  };
  const path = `${root}/actions/variables`;
  server.answer(
    routes({ ...known, [`POST ${path}`]: { status: 201, body: {} }, [`GET ${path}/REGION`]: { body: variable } }),
  );
  const values = { repository: "app", variable_name: "REGION", value: "fra1" };
  const { state } = await create(actionsVariable, values);
  expect(state).toMatchObject({
    id: "app:REGION",
    value: "fra1",
    repository_id: 1296269,
    updated_at: "2026-01-10 10:00:00 +0000 UTC",
  });
  server.answer(
    routes({
      ...known,
      [`POST ${path}`]: { status: 409, body: { message: "Already exists" } },
      [`GET ${path}/REGION`]: { body: variable },
    }),
  );
  expect(await trouble(create(actionsVariable, values))).toMatchObject({ code: "github-exists" });
});

describe("github_repository_environment", () => {
  const path = `${root}/environments/prod`;
  const environment = {
    id: 1,
    node_id: "EN_1",
    name: "prod",
    url: "https://api.github.com/x",
    html_url: "https://github.com/x",
    created_at: "2026-01-10T10:00:00Z",
    updated_at: "2026-01-10T10:00:00Z",
    can_admins_bypass: false,
    protection_rules: [
      { id: 1, node_id: "GA_1", type: "wait_timer", wait_timer: 30 },
      {
        id: 2,
        node_id: "GA_2",
        type: "required_reviewers",
        prevent_self_review: true,
        reviewers: [{ type: "User", reviewer: { id: 5 } }],
      },
    ],
    deployment_branch_policy: { protected_branches: true, custom_branch_policies: false },
  };

  test("is stated as a whole", async () => {
    server.answer(routes({ ...known, [`PUT ${path}`]: { body: environment }, [`GET ${path}`]: { body: environment } }));
    const { state } = await create(repositoryEnvironment, {
      repository: "app",
      environment: "prod",
      can_admins_bypass: false,
      prevent_self_review: true,
      wait_timer: 30,
      reviewers: [{ users: [5] }],
      deployment_branch_policy: [{ protected_branches: true, custom_branch_policies: false }],
    });
    const body = {
      wait_timer: 30,
      can_admins_bypass: false,
      prevent_self_review: true,
      reviewers: [{ type: "User", id: 5 }],
      deployment_branch_policy: environment.deployment_branch_policy,
    };
    expect(server.requests[0]?.body).toEqual(body);
    expect(state).toMatchObject({
      id: "app:prod",
      repository_id: 1296269,
      wait_timer: 30,
      reviewers: [{ teams: [], users: [5] }],
      deployment_branch_policy: [environment.deployment_branch_policy],
    });
    expect(await repositoryEnvironment.read(client(), state, work())).toEqual(state);
  });

  test("rules that are not there are not asked for", async () => {
    const bare = { ...environment, protection_rules: [], deployment_branch_policy: null, can_admins_bypass: true };
    server.answer(routes({ ...known, [`PUT ${path}`]: { body: bare } }));
    const { state, config } = await create(repositoryEnvironment, { repository: "app", environment: "prod" });
    expect(server.requests[0]?.body).toEqual({ deployment_branch_policy: null });

    server.answer(routes({ ...known, [`PUT ${path}`]: { body: bare } }));
    const prior = { wait_timer: 30, can_admins_bypass: false, reviewers: [{ users: [5] }], prevent_self_review: true };
    const request = { config, prior, created: async () => {} };
    await repositoryEnvironment.reconcile(client(), request, work());
    expect(server.requests[0]?.body).toEqual({
      wait_timer: 0,
      prevent_self_review: false,
      can_admins_bypass: true,
      reviewers: null,
      deployment_branch_policy: null,
    });
    expect(state).toMatchObject({
      wait_timer: null,
      reviewers: [],
      deployment_branch_policy: [],
      prevent_self_review: false,
    });
  });
});

test("the provider knows its owner from the token, where nobody names one", async () => {
  server.answer(
    routes({
      "GET /api/v3/user": {
        body: { login: "octocat", id: 1, type: "User" },
        headers: { "x-oauth-scopes": "repo, workflow" },
      },
    }),
  );
  const context = {
    http,
    clock: clock(),
    emit: () => {},
    env: { GITHUB_TOKEN: "t", GITHUB_API_URL: `${server.url}/api/v3` },
  };
  expect(await github.configure({}, context)).toMatchObject({ owner: "octocat" });
  expect(await api.users.current()).toMatchObject({ scopes: ["repo", "workflow"] });
  await expect(async () => github.configure({}, { ...context, env: {} })).rejects.toThrow(/There is no GitHub token/);
});

const problems = openApi("github.openapi.json", { prefix: "/api/v3" });
test.skipIf(!problems)("requests are as GitHub describes them", async () => {
  const at = { owner: "octocat", repo: "app" };
  server.answer(() => ({ body: {} }));
  await Promise.allSettled([
    api.repositories.create({ name: "app", private: true, description: "x" }),
    api.repositories.create({ name: "app", organization: "acme" }),
    api.pulls.create(at, { title: "t", head: "develop", base: "stage", body: "b" }),
    api.pulls.merge(at, 1, { sha, method: "merge" }),
    api.comments.create(at, 1, "hello"),
    api.comments.update(at, 2, "hello"),
    api.checks.create(at, { name: "plan", sha, output: { title: "t", summary: "s" } }),
    api.checks.finish(at, 3, "success", { title: "t", summary: "s" }),
    api.statuses.create(at, sha, { state: "success", context: "plan", description: "1 to add" }),
    api.refs.create(at, "develop", sha),
    api.environments.put(at, "prod", { wait_timer: 5, reviewers: null, deployment_branch_policy: null }),
    api.secrets.put(at, "A", "c2VhbGVk", "012"),
    api.secrets.put({ ...at, environment: "prod" }, "A", "c2VhbGVk", "012"),
    api.variables.create(at, "A", "b"),
    api.variables.update(at, "A", "b"),
    api.workflowRuns.dispatch(at, "deploy.yml", "main", { a: "b" }),
  ]);
  expect(server.requests).toHaveLength(16);
  expect(server.requests.flatMap((seen) => problems?.(seen, { status: 500 }) ?? [])).toEqual([]);
});
