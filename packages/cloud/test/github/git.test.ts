import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { guestToken, ownerToken, protect, remote, startWorld, weakToken, workingCopy, type World } from "./harness.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test("clone gives what was pushed; the branch pushed first is the default branch", async () => {
  const copy = await world.project("clone", { private: true });
  const sha = await copy.commit("big.bin", "x".repeat(3_000_000));
  await copy.git("push", "-q", "origin", "main");
  const other = workingCopy(await mkdtemp(join(world.folder, "clone-")));
  await other.git("clone", "-q", "--depth", "1", remote(world.url, ownerToken, "doge/clone"), ".");
  expect(await other.git("rev-parse", "HEAD")).toBe(sha);
  expect((await readFile(join(other.folder, "big.bin"), "utf8")).length).toBe(3_000_000);

  await world.octokit().request("POST /user/repos", { name: "trunk" });
  await copy.git("push", "-q", remote(world.url, ownerToken, "doge/trunk"), "main:trunk");
  const { data } = await world.octokit().request("GET /repos/{owner}/{repo}", { owner: "doge", repo: "trunk" });
  expect(data.default_branch).toBe("trunk");
});

test("who may not push is told why, in GitHub's words", async () => {
  const copy = await world.project("doors", { private: true });
  const push = (token: string): Promise<string> => copy.refused("push", remote(world.url, token, "doge/doors"), "main");
  expect(await push("ghp_wrong")).toContain("Authentication failed");
  expect(await push(guestToken)).toContain("Repository not found.");
  expect(await push(weakToken)).toContain("Repository not found.");
  expect(await copy.refused("ls-remote", `${world.url}/doge/doors.git`)).toContain("terminal prompts disabled");

  await world.octokit().request("PATCH /repos/{owner}/{repo}", { owner: "doge", repo: "doors", private: false });
  expect(await copy.git("ls-remote", `${world.url}/doge/doors.git`)).toContain("refs/heads/main");
  expect(await push(guestToken)).toContain("Permission to doge/doors.git denied to shiba.");
  await copy.commit(".github/workflows/ci.yml", "on: push\n");
  expect(await push(weakToken)).toContain(
    'refusing to allow a token to create or update workflow ".github/workflows/ci.yml" without `workflow` scope',
  );
  await copy.git("push", "-q", "origin", "main");
});

test("a job's token does what its permissions say, in its repository, until it is revoked", async () => {
  const copy = await world.project("jobs", { private: true });
  await world.project("others", { private: true });
  const { forActions } = world.github;
  const reader = await forActions.mintToken("doge/jobs", { contents: "read" });
  const writer = await forActions.mintToken("doge/jobs", { contents: "write", pull_requests: "write" });
  expect(await copy.git("ls-remote", remote(world.url, reader, "doge/jobs"))).toContain("refs/heads/main");
  expect(await copy.refused("ls-remote", remote(world.url, reader, "doge/others"))).toContain("Repository not found.");
  await copy.commit("job.txt", "made by a job");
  expect(await copy.refused("push", remote(world.url, reader, "doge/jobs"), "main")).toContain(
    "denied to github-actions[bot]",
  );

  const before = world.actions.events.length;
  await copy.git("push", "-q", remote(world.url, writer, "doge/jobs"), "main");
  expect(world.actions.events.length, "what a job does starts no runs").toBe(before);
  const secrets = world
    .octokit(writer)
    .request("GET /repos/{owner}/{repo}/actions/secrets", { owner: "doge", repo: "jobs" });
  await expect(secrets).rejects.toMatchObject({ status: 403, message: expect.stringContaining("by integration") });
  expect(world.github.identify("anyone", writer)).toMatchObject({
    login: "github-actions[bot]",
    repository: "doge/jobs",
  });
  await forActions.revokeToken(writer);
  expect(world.github.identify("anyone", writer)).toBeUndefined();
  expect(await copy.refused("ls-remote", remote(world.url, writer, "doge/jobs"))).toContain("Authentication failed");
});

test("a protected branch refuses pushes, and lets a commit in whose checks have passed", async () => {
  const copy = await world.project("guarded");
  await protect(world, "guarded", "main", {
    isAdminEnforced: true,
    requiresStatusChecks: true,
    requiredStatusCheckContexts: ["ci"],
  });
  const first = await copy.git("rev-parse", "HEAD");
  const sha = await copy.commit("change.txt", "1");
  const said = await copy.refused("push", "origin", "main", "HEAD:free");
  expect(said).toContain("remote: error: GH006: Protected branch update failed for refs/heads/main.");
  expect(said).toContain('remote: error: Required status check "ci" is expected.');
  expect(said).toMatch(/\[remote rejected\] main -> main \(.*hook declined\)/);
  expect(said).toMatch(/\[new branch\]\s+HEAD -> free/);

  const at = { owner: "doge", repo: "guarded" };
  await world
    .octokit()
    .request("POST /repos/{owner}/{repo}/statuses/{sha}", { ...at, sha, context: "ci", state: "success" });
  await copy.git("push", "-q", "origin", "main");
  expect(await copy.refused("push", "-f", "origin", `${first}:main`)).toContain("Cannot force-push to this branch");
  expect(await copy.refused("push", "origin", ":main")).toMatch(/Cannot delete this branch|current branch/);
});

test("administrators pass a rule that leaves them out, and are told so", async () => {
  const copy = await world.project("above");
  await protect(world, "above", "ma*", { requiresApprovingReviews: true, requiredApprovingReviewCount: 1 });
  await copy.commit("change.txt", "1");
  const said = await copy.said("push", "origin", "main");
  expect(said).toContain("remote: Bypassed rule violations for refs/heads/main:");
  expect(said).toContain("remote: - Changes must be made through a pull request.");
  const writer = await world.github.forActions.mintToken("doge/above", { contents: "write" });
  await copy.commit("change.txt", "2");
  expect(await copy.refused("push", remote(world.url, writer, "doge/above"), "main")).toContain(
    "Changes must be made through a pull request.",
  );
});

test("a push tells Actions what changed, in GitHub's form", async () => {
  const copy = await world.project("events");
  const before = await copy.git("rev-parse", "HEAD");
  const after = await copy.commit("src/a.txt", "a");
  world.actions.events.length = 0;
  await copy.git("push", "-q", "origin", "main");
  expect(world.actions.events).toMatchObject([
    {
      repository: "doge/events",
      event: "push",
      ref: "refs/heads/main",
      sha: after,
      actor: "doge",
      payload: {
        ref: "refs/heads/main",
        before,
        after,
        created: false,
        deleted: false,
        forced: false,
        commits: [{ id: after, message: "Write src/a.txt", added: ["src/a.txt"], removed: [], modified: [] }],
        head_commit: { id: after },
        repository: { full_name: "doge/events", html_url: `${world.url}/doge/events` },
        sender: { login: "doge" },
      },
    },
  ]);
  world.actions.events.length = 0;
  await copy.git("push", "-q", "origin", "main:topic");
  await copy.git("push", "-q", "origin", ":topic");
  expect(world.actions.events.map(({ event, ref }) => [event, ref])).toEqual([
    ["create", "refs/heads/topic"],
    ["push", "refs/heads/topic"],
    ["delete", "refs/heads/main"],
  ]);
});

test("deleting a repository takes everything, and ends its runs", async () => {
  await world.project("gone");
  await world.octokit().request("DELETE /repos/{owner}/{repo}", { owner: "doge", repo: "gone" });
  expect(world.actions.cancelled).toEqual(["doge/gone"]);
  const names = (await world.github.service.inventory()).map(({ name }) => name);
  expect(names).not.toContain("doge/gone");
  await expect(
    world.octokit().request("GET /repos/{owner}/{repo}", { owner: "doge", repo: "gone" }),
  ).rejects.toMatchObject({ status: 404 });
});
