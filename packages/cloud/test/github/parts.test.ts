import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeId, parseNodeId } from "../../src/github/nodes.ts";
import { matches } from "../../src/github/protection.ts";
import type { ContainerPackage, Packages } from "../../src/ports.ts";
import { startWorld, type World } from "./harness.ts";

let held: ContainerPackage[];
const packages: Packages = {
  list: () => held,
  delete: async (name) => {
    const before = held.length;
    held = held.filter((one) => one.name !== name);
    return held.length < before;
  },
  deleteVersion: async () => false,
};

let world: World;
beforeAll(async () => {
  world = await startWorld(packages);
});
afterAll(() => world.close());

test("node ids look like GitHub's and can be read back", () => {
  expect(nodeId("R", 7)).toBe("R_kgDOAAAABw");
  expect(nodeId("BPR", 7, 3)).toMatch(/^BPR_kwDO/);
  expect(parseNodeId(nodeId("BPR", 7, 3))).toEqual({ kind: "BPR", ids: [7, 3] });
  expect(parseNodeId(nodeId("CR", 1, 10_000_000_001))).toEqual({ kind: "CR", ids: [1, 10_000_000_001] });
  for (const wrong of ["", "R_", "R_x", "MDEwOlJlcG9zaXRvcnk3", "7"]) expect(parseNodeId(wrong)).toBeUndefined();
});

test("branch patterns are fnmatch's: a star stops at a slash", () => {
  const cases: [string, string, boolean][] = [
    ["main", "main", true],
    ["ma*", "main", true],
    ["*", "release/1", false],
    ["release/*", "release/1", true],
    ["release/*", "release/1/2", false],
    ["**/fix", "a/b/fix", true],
    ["v?.x", "v1.x", true],
    ["v?.x", "v1yx", false],
  ];
  for (const [pattern, name, expected] of cases) expect(matches(pattern, name), `${pattern} ${name}`).toBe(expected);
});

test("an owner that nobody is becomes an organization of the token's user", async () => {
  const client = world.octokit();
  expect((await client.request("GET /users/{username}", { username: "shops-inc" })).data.type).toBe("Organization");
  const made = await client.request("POST /orgs/{org}/repos", { org: "shops-inc", name: "till" });
  expect([made.data.full_name, made.data.permissions?.admin]).toEqual(["shops-inc/till", true]);
  const noName = client.request("GET /users/{username}", { username: "no_name-" });
  await expect(noName).rejects.toMatchObject({ status: 404 });
});

test("container packages of the registry, listed and deleted through GitHub's API", async () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const createdAt = "2026-01-01T00:00:00Z";
  held = [{ name: "doge/shop", createdAt, versions: [{ digest, tags: ["tree-1"], createdAt }] }];
  const at = { username: "doge", package_type: "container", package_name: "shop" } as const;
  const client = world.octokit();
  const { data } = await client.request("GET /users/{username}/packages/{package_type}/{package_name}/versions", at);
  expect(data).toMatchObject([{ name: digest, metadata: { container: { tags: ["tree-1"] } } }]);
  const remove = () => client.request("DELETE /users/{username}/packages/{package_type}/{package_name}", at);
  expect((await remove()).status).toBe(204);
  await expect(remove()).rejects.toMatchObject({ status: 404 });
});

test("what jobs did is told to GitHub: deployments, the environment they name, the last success alone active", async () => {
  const copy = await world.project("deployed");
  const sha = await copy.git("rev-parse", "HEAD");
  const { forActions } = world.github;
  const deployment = {
    environment: "stage",
    ref: "refs/heads/main",
    sha,
    logUrl: `${world.url}/doge/deployed/actions/runs/1`,
  };
  for (const id of [1, 2]) {
    await forActions.deployment("doge/deployed", { ...deployment, id, state: "in_progress" });
    await forActions.deployment("doge/deployed", {
      ...deployment,
      id,
      state: "success",
      url: "https://stage.example.com",
    });
  }
  const at = { owner: "doge", repo: "deployed" };
  const client = world.octokit();
  const { data: list } = await client.request("GET /repos/{owner}/{repo}/deployments", at);
  expect(list.map(({ id, ref, environment }) => [id, ref, environment])).toEqual([
    [2, "main", "stage"],
    [1, "main", "stage"],
  ]);
  const states = async (deployment_id: number) =>
    (
      await client.request("GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", { ...at, deployment_id })
    ).data.map(({ state }) => state);
  expect(await states(2)).toEqual(["success", "in_progress"]);
  expect(await states(1)).toEqual(["inactive", "success", "in_progress"]);
  expect(await forActions.environment("doge/deployed", "stage", "refs/heads/main")).toEqual({ allowed: true });
});

test("dispatching a workflow by hand: only one that asks for it, on a ref that is there", async () => {
  const copy = await world.project("manual");
  await copy.commit(".github/workflows/deploy.yml", "on:\n  workflow_dispatch:\n");
  await copy.git("push", "-q", "origin", "main");
  const dispatch = (workflow_id: string, ref: string) =>
    world.octokit().request("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
      owner: "doge",
      repo: "manual",
      workflow_id,
      ref,
      inputs: { environment: "stage" },
    });
  expect((await dispatch("deploy.yml", "main")).status).toBe(204);
  expect(world.actions.events.at(-1)).toMatchObject({
    event: "workflow_dispatch",
    ref: "refs/heads/main",
    workflow: "deploy.yml",
    payload: { inputs: { environment: "stage" } },
  });
  await expect(dispatch("deploy.yml", "nothing")).rejects.toMatchObject({ status: 422 });
  await expect(dispatch("other.yml", "main")).rejects.toMatchObject({ status: 404 });
});
