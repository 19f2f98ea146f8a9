import { Secret } from "@doge/core";
import { afterEach, describe, expect, test } from "vitest";
import { defaultGraphqlUrl } from "../src/github/client/octokit.ts";
import { github as withOwner } from "../src/github/configure.ts";
import { branchProtection, createGitHub } from "../src/github/index.ts";
import { clock, configured, describedBy, events, http, routes, type Seen, trouble, vendor, work } from "./kit.ts";

const server = await vendor(() => undefined);
afterEach(() => server.answer(() => undefined));
const at = { owner: "octocat", repo: "app" };
const root = "/api/v3/repos/octocat/app";
const retry = { attempts: 2, baseMilliseconds: 1, maximumMilliseconds: 2 };
const make = (more: object = {}) =>
  createGitHub({
    http,
    clock: clock(),
    token: new Secret("ghp_canary"),
    apiUrl: `${server.url}/api/v3`,
    retry,
    ...more,
  });
const api = make();

test("GraphQL stands beside REST", () => {
  expect(defaultGraphqlUrl("https://api.github.com")).toBe("https://api.github.com/graphql");
  expect(defaultGraphqlUrl("http://127.0.0.1:1/api/v3")).toBe("http://127.0.0.1:1/api/graphql");
});

test("pages are followed by the Link header", async () => {
  server.answer(({ path }) =>
    path.includes("page=2")
      ? { body: [{ id: 2, body: "b" }] }
      : { body: [{ id: 1, body: "a" }], headers: { link: '<https://api.github.com/x?page=2>; rel="next"' } },
  );
  expect((await api.comments.list(at, 7)).map((c) => c.id)).toEqual([1, 2]);
  expect(server.lines).toEqual([
    `GET ${root}/issues/7/comments?per_page=100&page=1`,
    `GET ${root}/issues/7/comments?per_page=100&page=2`,
  ]);
});

test("issues: pull requests are left out of the list", async () => {
  const issue = {
    number: 3,
    title: "t",
    body: "b",
    state: "open",
    html_url: "https://github.com/octocat/app/issues/3",
  };
  const sent: Seen[] = [];
  const keep =
    (body: unknown, status = 200) =>
    (seen: Seen) => (sent.push(seen), { status, body });
  server.answer(
    routes({
      [`GET ${root}/issues`]: keep([{ ...issue, number: 4, pull_request: {} }, issue]),
      [`POST ${root}/issues`]: keep(issue, 201),
      [`PATCH ${root}/issues/3`]: keep({ ...issue, state: "closed" }),
    }),
  );
  expect(await api.issues.list(at, { state: "open", labels: "doge" })).toEqual([issue]);
  expect(await api.issues.create(at, { title: "t", body: "b", labels: ["doge"] })).toEqual(issue);
  expect(await api.issues.update(at, 3, { state: "closed" })).toMatchObject({ state: "closed" });
  expect(sent.map(({ path }) => path)).toEqual([
    `${root}/issues?state=open&labels=doge&per_page=100&page=1`,
    `${root}/issues`,
    `${root}/issues/3`,
  ]);
});

describe("errors", () => {
  test.each([
    [{ status: 401, body: { message: "Bad credentials" } }, "github-unauthorized", "GITHUB_TOKEN"],
    [
      { status: 403, body: { message: "Resource not accessible" }, headers: { "x-accepted-oauth-scopes": "repo" } },
      "github-forbidden",
      "scopes: repo",
    ],
    [
      { status: 403, body: { message: "No" }, headers: { "x-accepted-github-permissions": "contents=write" } },
      "github-forbidden",
      "contents=write",
    ],
    [
      {
        status: 422,
        body: {
          message: "Validation Failed",
          errors: [
            {
              resource: "Issue",
              field: "body",
              code: "too_long",
              message: "body is too long (maximum is 65536 characters)",
            },
          ],
        },
      },
      "github-invalid",
      "Correct",
    ],
    [{ status: 500, body: "oops" }, "github-unavailable", "later"],
  ])("%j", async (answer, code, remedy) => {
    server.answer(() => answer);
    const diagnostic = await trouble(api.comments.create(at, 1, "text"));
    expect(diagnostic?.code).toBe(code);
    expect(diagnostic?.remedy).toContain(remedy);
    const { message, errors } = answer.body as { message?: string; errors?: { message: string }[] };
    expect(diagnostic?.detail).toContain(errors?.[0]?.message ?? message ?? "oops");
    expect(JSON.stringify(diagnostic)).not.toContain("canary");
    expect(server.requests).toHaveLength(1);
  });

  test("no answer at all", async () => {
    server.answer(() => ({ drop: true }));
    expect(await trouble(api.users.current())).toMatchObject({ code: "github-unreachable" });
    expect(server.requests).toHaveLength(2);
  });
});

test("a secondary rate limit (403 with Retry-After) is waited out", async () => {
  let first = true;
  server.answer(() => {
    if (!first) return { status: 201, body: { id: 1 } };
    first = false;
    return {
      status: 403,
      body: { message: "You have exceeded a secondary rate limit" },
      headers: { "retry-after": "30" },
    };
  });
  const { seen, emit } = events();
  await make({ emit }).comments.create(at, 1, "text");
  expect(seen).toMatchObject([{ type: "http.retrying", method: "POST" }]);
});

test("a merge that is blocked is an answer, not an exception", async () => {
  server.answer(() => ({ status: 405, body: { message: 'Required status check "plan" is expected.' } }));
  expect(await api.pulls.merge(at, 1)).toEqual({ blocked: expect.stringContaining("Required status check") });
  server.answer(() => ({ body: { sha: "abc", merged: true, message: "" } }));
  expect(await api.pulls.merge(at, 1, { sha: "def" })).toEqual({ sha: "abc" });
  expect(server.requests[0]?.body).toEqual({ merge_method: "merge", sha: "def" });
});

test("runs, jobs, checks, statuses and image versions", async () => {
  server.answer(
    routes({
      [`GET ${root}/actions/runs`]: {
        body: { total_count: 1, workflow_runs: [{ id: 30433642, status: "completed", conclusion: "success" }] },
      },
      [`GET ${root}/actions/runs/30433642/jobs`]: { body: { total_count: 1, jobs: [{ id: 5, name: "plan" }] } },
      [`GET ${root}/actions/jobs/5/logs`]: { body: "line one\n" },
      [`GET ${root}/commits/abc/check-runs`]: { body: { total_count: 1, check_runs: [{ id: 4, name: "plan" }] } },
      [`GET ${root}/commits/abc/status`]: {
        body: { state: "success", statuses: [{ context: "plan", state: "success" }] },
      },
      "GET /api/v3/users/octocat/packages/container/app/versions": {
        body: [{ id: 9, name: "sha256:1", created_at: "x", metadata: { container: { tags: ["tree-1"] } } }],
      },
    }),
  );
  expect(await api.workflowRuns.list(at, { branch: "stage" })).toMatchObject([{ id: 30433642, conclusion: "success" }]);
  expect(server.lines[0]).toBe(`GET ${root}/actions/runs?branch=stage&per_page=100&page=1`);
  expect(await api.workflowRuns.jobs(at, 30433642)).toMatchObject([{ name: "plan" }]);
  expect(await api.workflowRuns.log(at, 5)).toBe("line one\n");
  expect(await api.workflowRuns.log(at, 6)).toBeUndefined();
  expect(await api.checks.list(at, "abc")).toMatchObject([{ name: "plan" }]);
  expect(await api.statuses.combined(at, "abc")).toMatchObject({ state: "success" });
  const owner = { login: "octocat", organization: false };
  expect(await api.packages.versions(owner, "app")).toEqual([
    { id: 9, name: "sha256:1", created_at: "x", tags: ["tree-1"] },
  ]);
  expect(await api.packages.versions(owner, "other")).toEqual([]);
});

describe("github_branch_protection", () => {
  const none = { nodes: [] };
  const rule = {
    id: "BPR_kwDO1",
    pattern: "develop",
    repository: { id: "R_1", name: "app" },
    allowsDeletions: false,
    allowsForcePushes: false,
    blocksCreations: false,
    dismissesStaleReviews: false,
    isAdminEnforced: true,
    lockBranch: false,
    requireLastPushApproval: false,
    requiredApprovingReviewCount: 0,
    requiredStatusCheckContexts: ["ci"],
    requiresApprovingReviews: true,
    requiresCodeOwnerReviews: false,
    requiresCommitSignatures: false,
    requiresConversationResolution: false,
    requiresLinearHistory: false,
    requiresStatusChecks: true,
    requiresStrictStatusChecks: true,
    restrictsPushes: true,
    restrictsReviewDismissals: false,
    pushAllowances: { nodes: [{ actor: { __typename: "User", id: "U_1", login: "hubot" } }] },
    reviewDismissalAllowances: none,
    bypassForcePushAllowances: none,
    bypassPullRequestAllowances: none,
  };
  const config = configured(branchProtection.schema, {
    repository_id: "app",
    pattern: "develop",
    enforce_admins: true,
    required_status_checks: [{ strict: true, contexts: ["ci"] }],
    required_pull_request_reviews: [{ required_approving_review_count: 0 }],
    restrict_pushes: [{ blocks_creations: false, push_allowances: ["/hubot"] }],
  });
  const client = withOwner(api, "octocat");
  type Query = { query: string; variables: { input?: Record<string, unknown>; id?: string } };
  const graphql = (answer: (asked: Query) => unknown) =>
    server.answer(({ method, path, body }: Seen) => {
      if (method === "GET" && path === root) return { body: { id: 1, node_id: "R_1", name: "app" } };
      return path === "/api/graphql" ? { body: answer(body as Query) } : undefined;
    });
  const sent = () => (server.requests.at(-1) as Seen & { body: Query }).body.variables;
  const list = (...nodes: unknown[]) => ({
    data: { repository: { branchProtectionRules: { nodes, pageInfo: { hasNextPage: false, endCursor: null } } } },
  });
  const run = (prior?: Record<string, unknown>) =>
    branchProtection.reconcile(client, { config, prior, created: async () => {} }, work());

  test("create by name of the repository and of the user", async () => {
    graphql(({ query }) =>
      query.includes("user(login")
        ? { data: { user: { id: "U_1" } } }
        : { data: { createBranchProtectionRule: { branchProtectionRule: rule } } },
    );
    const state = await run();
    expect(sent().input).toMatchObject({
      repositoryId: "R_1",
      pattern: "develop",
      isAdminEnforced: true,
      requiresStatusChecks: true,
      requiresStrictStatusChecks: true,
      requiredStatusCheckContexts: ["ci"],
      requiresApprovingReviews: true,
      requiredApprovingReviewCount: 0,
      restrictsPushes: true,
      blocksCreations: false,
      pushActorIds: ["U_1"],
      allowsDeletions: false,
    });
    expect(describedBy(branchProtection.schema, state)).toEqual([]);
    expect(state).toMatchObject({
      id: "BPR_kwDO1",
      repository_id: "app",
      required_status_checks: [{ strict: true, contexts: ["ci"] }],
      required_pull_request_reviews: [{ required_approving_review_count: 0, dismissal_restrictions: null }],
      restrict_pushes: [{ blocks_creations: false, push_allowances: ["/hubot"] }],
      force_push_bypassers: null,
    });
  });

  test("a pattern that is protected already is not adopted", async () => {
    graphql(({ query }) => {
      if (query.includes("user(login")) return { data: { user: { id: "U_1" } } };
      return query.includes("mutation")
        ? { data: null, errors: [{ type: "UNPROCESSABLE", message: "Name already protected: develop" }] }
        : list(rule);
    });
    const diagnostic = await trouble(run());
    expect(diagnostic).toMatchObject({ code: "github-exists" });
    expect(diagnostic?.remedy).toContain("doge import <address> app:develop");
  });

  test("update, read, gone, found, removed, imported", async () => {
    graphql(({ query }) =>
      query.includes("user(login")
        ? { data: { user: { id: "U_1" } } }
        : { data: { updateBranchProtectionRule: { branchProtectionRule: { ...rule, isAdminEnforced: false } } } },
    );
    expect(await run({ id: "BPR_kwDO1" })).toMatchObject({ enforce_admins: false });
    expect(sent().input).toMatchObject({
      branchProtectionRuleId: "BPR_kwDO1",
    });

    graphql(() => ({ data: { node: rule } }));
    expect(await branchProtection.read(client, { id: "BPR_kwDO1", repository_id: "app" }, work())).toMatchObject({
      repository_id: "app",
      pattern: "develop",
    });

    graphql(() => ({
      data: { node: null },
      errors: [{ type: "NOT_FOUND", message: "Could not resolve to a node with the global id of 'BPR_kwDO1'" }],
    }));
    expect(await branchProtection.read(client, { id: "BPR_kwDO1" }, work())).toBeUndefined();
    await branchProtection.remove(client, { id: "BPR_kwDO1" }, work());

    graphql(() => list({ ...rule, id: "x", pattern: "main" }, rule));
    expect(await branchProtection.find?.(client, { config, since: new Date() }, work())).toMatchObject({
      id: "BPR_kwDO1",
    });
    const imported = branchProtection.importState?.("app:develop") ?? {};
    expect(await branchProtection.read(client, imported, work())).toMatchObject({
      id: "BPR_kwDO1",
      repository_id: "app",
    });
  });

  test("other GraphQL errors keep GitHub's words", async () => {
    graphql(() => ({ errors: [{ type: "FORBIDDEN", message: "Upgrade to GitHub Pro" }] }));
    expect(await trouble(branchProtection.read(client, { id: "B" }, work()))).toMatchObject({
      code: "github-forbidden",
      detail: expect.stringContaining("Upgrade to GitHub Pro"),
    });
  });
});
