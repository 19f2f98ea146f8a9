import { afterAll, beforeAll, expect, test } from "vitest";
import { guestToken, protect, startWorld, type World, type WorkingCopy } from "./harness.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const at = (repo: string) => ({ owner: "doge", repo });

/** A project with a branch `topic` one commit ahead of main. */
async function withTopic(name: string): Promise<{ copy: WorkingCopy; head: string }> {
  const copy = await world.project(name);
  await copy.git("checkout", "-q", "-b", "topic");
  const head = await copy.commit("topic.txt", "topic\n");
  await copy.git("push", "-q", "origin", "topic");
  return { copy, head };
}

const open = async (repo: string, more: Record<string, unknown> = {}) =>
  (
    await world.octokit().request("POST /repos/{owner}/{repo}/pulls", {
      ...at(repo),
      title: "A change",
      head: "topic",
      base: "main",
      ...more,
    })
  ).data;

const merge = (repo: string, number: number, more: Record<string, unknown> = {}) =>
  world
    .octokit()
    .request("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", { ...at(repo), pull_number: number, ...more });

test("open, comment, edit the comment, merge: as Octokit does it", async () => {
  const { head } = await withTopic("flow");
  world.actions.events.length = 0;
  const pull = await open("flow", { body: "Why." });
  expect(pull).toMatchObject({
    number: 1,
    state: "open",
    mergeable: true,
    mergeable_state: "clean",
    commits: 1,
    changed_files: 1,
  });
  expect(world.actions.events).toMatchObject([
    {
      event: "pull_request",
      ref: "refs/pull/1/merge",
      payload: { action: "opened", pull_request: { head: { sha: head } } },
    },
  ]);
  expect(world.actions.events[0]?.sha).toBe(pull.merge_commit_sha);

  const client = world.octokit();
  const issue = { ...at("flow"), issue_number: 1 };
  const comment = await client.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
    ...issue,
    body: "Plan: 1",
  });
  await client.request("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
    ...at("flow"),
    comment_id: comment.data.id,
    body: "Plan: 2",
  });
  const { data: comments } = await client.request("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", issue);
  expect(comments.map(({ body }) => body)).toEqual(["Plan: 2"]);
  const long = client.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
    ...issue,
    body: "x".repeat(65_537),
  });
  await expect(long).rejects.toMatchObject({
    status: 422,
    message: expect.stringContaining("maximum is 65536 characters"),
  });

  world.actions.events.length = 0;
  await expect(merge("flow", 1, { sha: "0".repeat(40) })).rejects.toMatchObject({ status: 409 });
  const { data } = await merge("flow", 1);
  expect(data).toMatchObject({ merged: true, message: "Pull Request successfully merged" });
  const { data: commit } = await client.request("GET /repos/{owner}/{repo}/commits/{ref}", {
    ...at("flow"),
    ref: "main",
  });
  expect(commit).toMatchObject({
    sha: data.sha,
    commit: { message: "Merge pull request #1 from doge/topic\n\nA change" },
  });
  expect(commit.parents.map(({ sha }) => sha)).toContain(head);
  expect(world.actions.events.map(({ event, payload }) => [event, payload["action"]])).toEqual([
    ["push", undefined],
    ["pull_request", "closed"],
  ]);
  expect(world.actions.events[1]?.payload).toMatchObject({
    pull_request: { merged: true, merged_by: { login: "doge" } },
  });
  await expect(merge("flow", 1)).rejects.toMatchObject({ status: 405 });
});

test("a required check blocks the merge until it has passed on the head", async () => {
  const { copy, head } = await withTopic("checked");
  await protect(world, "checked", "main", {
    isAdminEnforced: true,
    requiresStatusChecks: true,
    requiredStatusCheckContexts: ["plan"],
    requiresStrictStatusChecks: false,
  });
  await open("checked");
  const client = world.octokit();
  const state = async () =>
    (await client.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...at("checked"), pull_number: 1 })).data
      .mergeable_state;
  expect(await state()).toBe("blocked");
  await expect(merge("checked", 1)).rejects.toMatchObject({
    status: 405,
    message: expect.stringContaining('Required status check "plan" is expected.'),
  });

  const check = { id: 77, name: "plan", headSha: head, detailsUrl: `${world.url}/doge/checked/actions/runs/1/job/77` };
  await world.github.forActions.checkRun("doge/checked", { ...check, status: "in_progress" });
  await expect(merge("checked", 1)).rejects.toMatchObject({
    status: 405,
    message: expect.stringContaining("in progress"),
  });
  await world.github.forActions.checkRun("doge/checked", { ...check, status: "completed", conclusion: "failure" });
  await expect(merge("checked", 1)).rejects.toMatchObject({ status: 405, message: expect.stringContaining("failing") });
  await world.github.forActions.checkRun("doge/checked", { ...check, status: "completed", conclusion: "success" });
  expect(await state()).toBe("clean");

  const newHead = await copy.commit("more.txt", "more");
  await copy.git("push", "-q", "origin", "topic");
  expect(world.actions.events.at(-1)).toMatchObject({
    event: "pull_request",
    payload: { action: "synchronize", before: head, after: newHead },
  });
  await expect(merge("checked", 1), "the check was the old head's").rejects.toMatchObject({ status: 405 });
  await world.github.forActions.checkRun("doge/checked", {
    ...check,
    id: 78,
    headSha: newHead,
    status: "completed",
    conclusion: "success",
  });
  expect((await merge("checked", 1)).status).toBe(200);
});

test("required reviews: not one's own, and a new push takes an approval back", async () => {
  const { copy } = await withTopic("reviewed");
  await protect(world, "reviewed", "main", {
    isAdminEnforced: true,
    requiresApprovingReviews: true,
    requiredApprovingReviewCount: 1,
    dismissesStaleReviews: true,
  });
  await open("reviewed");
  const review = (token?: string) =>
    world.octokit(token).request("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
      ...at("reviewed"),
      pull_number: 1,
      event: "APPROVE",
    });
  await expect(review()).rejects.toMatchObject({
    status: 422,
    message: expect.stringContaining("your own pull request"),
  });
  await review(guestToken);
  await expect(merge("reviewed", 1), "a stranger's approval counts for nothing").rejects.toMatchObject({ status: 405 });

  const invited = await world
    .octokit()
    .request("PUT /repos/{owner}/{repo}/collaborators/{username}", { ...at("reviewed"), username: "shiba" });
  const invitation_id = (invited.data as { id: number }).id;
  await world.octokit(guestToken).request("PATCH /user/repository_invitations/{invitation_id}", { invitation_id });
  await copy.commit("more.txt", "more");
  await copy.git("push", "-q", "origin", "topic");
  await expect(merge("reviewed", 1)).rejects.toMatchObject({
    status: 405,
    message: expect.stringContaining("At least 1 approving review"),
  });
  await review(guestToken);
  expect((await merge("reviewed", 1)).status).toBe(200);
});

test("squash and rebase write the commits that GitHub would", async () => {
  for (const method of ["squash", "rebase"] as const) {
    const { copy } = await withTopic(method);
    await copy.commit("second.txt", "second");
    await copy.git("push", "-q", "origin", "topic");
    await copy.git("checkout", "-q", "main");
    const base = await copy.commit("base.txt", "base");
    await copy.git("push", "-q", "origin", "main");
    await open(method);
    const { data } = await merge(method, 1, { merge_method: method });
    await copy.git("fetch", "-q", "origin");
    expect(await copy.git("rev-parse", "origin/main")).toBe(data.sha);
    const subjects = (await copy.git("log", "--format=%s", `${base}..origin/main`)).split("\n");
    expect(subjects).toEqual(method === "squash" ? ["A change (#1)"] : ["Write second.txt", "Write topic.txt"]);
    expect(await copy.git("ls-tree", "--name-only", "origin/main")).toBe("README.md\nbase.txt\nsecond.txt\ntopic.txt");
  }
});

test("a conflict is not mergeable and runs nothing; update-branch mends what is only behind", async () => {
  const { copy } = await withTopic("conflict");
  await copy.git("checkout", "-q", "main");
  await copy.commit("topic.txt", "something else\n");
  await copy.git("push", "-q", "origin", "main");
  world.actions.events.length = 0;
  expect(await open("conflict")).toMatchObject({ mergeable: false, mergeable_state: "dirty" });
  expect(world.actions.events).toEqual([]);
  await expect(merge("conflict", 1)).rejects.toMatchObject({
    status: 405,
    message: expect.stringContaining("not mergeable"),
  });

  const other = await withTopic("behind");
  await protect(world, "behind", "main", {
    isAdminEnforced: true,
    requiresStatusChecks: true,
    requiresStrictStatusChecks: true,
  });
  await other.copy.git("checkout", "-q", "main");
  await open("behind");
  await other.copy.commit("base.txt", "base");
  await other.copy.git("push", "-q", "origin", "main");
  await expect(merge("behind", 1)).rejects.toMatchObject({
    status: 405,
    message: expect.stringContaining("out of date"),
  });
  await world
    .octokit()
    .request("PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch", { ...at("behind"), pull_number: 1 });
  expect((await merge("behind", 1)).status).toBe(200);
});

test("what can't be opened is refused as GitHub refuses it; a lost branch closes its pull request", async () => {
  const { copy } = await withTopic("refusals");
  await expect(open("refusals", { head: "nothing" })).rejects.toMatchObject({
    status: 422,
    response: { data: { errors: [{ field: "head", code: "invalid" }] } },
  });
  await expect(open("refusals", { head: "main", base: "topic" })).rejects.toMatchObject({
    message: expect.stringContaining("No commits between topic and main"),
  });
  await open("refusals");
  await expect(open("refusals")).rejects.toMatchObject({
    message: expect.stringContaining("A pull request already exists for doge:topic."),
  });
  expect(await copy.git("ls-remote", "origin", "refs/pull/1/*")).toMatch(/refs\/pull\/1\/head[^]*refs\/pull\/1\/merge/);
  await copy.git("push", "-q", "origin", ":topic");
  const { data } = await world
    .octokit()
    .request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...at("refusals"), pull_number: 1 });
  expect(data).toMatchObject({ state: "closed", merged: false });
  const { data: listed } = await world
    .octokit()
    .request("GET /repos/{owner}/{repo}/pulls", { ...at("refusals"), state: "all", head: "doge:topic" });
  expect(listed).toHaveLength(1);
});
