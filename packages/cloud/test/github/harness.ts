import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/core";
import { Hono } from "hono";
import { createGitHub, type GitHub } from "../../src/github/github.ts";
import { createContext } from "../../src/kit/context.ts";
import { serveApp } from "../../src/kit/http.ts";
import type { Actions, Packages, RepositoryEvent } from "../../src/ports.ts";

export const ownerToken = "ghp_ownerownerownerownerownerowner0001";
export const guestToken = "ghp_guestguestguestguestguestguest0002";
export const weakToken = "ghp_weakweakweakweakweakweakweakwea0003";

/** Actions as a neighbour sees it: it writes down what it is told. */
export interface Recorder extends Actions {
  readonly events: RepositoryEvent[];
  readonly cancelled: string[];
}

export interface World {
  readonly github: GitHub;
  readonly url: string;
  readonly actions: Recorder;
  readonly folder: string;
  octokit(token?: string): Octokit;
  /** A working copy of `doge/<name>`, freshly made, with one commit on main. */
  project(name: string, settings?: Record<string, unknown>): Promise<WorkingCopy>;
  close(): Promise<void>;
}

const run = promisify(execFile);

export interface WorkingCopy {
  readonly folder: string;
  git(...args: readonly string[]): Promise<string>;
  /** What git wrote to stderr where it succeeds. */
  said(...args: readonly string[]): Promise<string>;
  /** What git wrote to stderr; fails where git succeeds. */
  refused(...args: readonly string[]): Promise<string>;
  /** Writes a file, commits it, and says the commit. */
  commit(path: string, content: string): Promise<string>;
}

const environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
};

export function workingCopy(folder: string): WorkingCopy {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run("git", args, { cwd: folder, env: environment })).stdout.trim();
  return {
    folder,
    git,
    said: async (...args) => (await run("git", args, { cwd: folder, env: environment })).stderr,
    refused: async (...args) => {
      const thrown: unknown = await git(...args).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!thrown) throw new Error(`git ${args.join(" ")} was not refused`);
      return (thrown as { stderr: string }).stderr;
    },
    commit: async (path, content) => {
      const parts = path.split("/").slice(0, -1);
      if (parts.length > 0) await run("mkdir", ["-p", join(folder, ...parts)]);
      await writeFile(join(folder, path), content);
      await git("add", "-A");
      await git("commit", "-qm", `Write ${path}`);
      return git("rev-parse", "HEAD");
    },
  };
}

/** The stand-in on a free port, with its own folder. */
export async function startWorld(packages?: Packages): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "doge-github-"));
  const events: RepositoryEvent[] = [];
  const cancelled: string[] = [];
  const routes = new Hono();
  routes.get("/repos/:owner/:repo/actions/runs", (c) => c.json({ total_count: 0, workflow_runs: [] }));
  routes.get("/repos/:owner/:repo/actions/workflows/:id", (c) =>
    c.req.param("id") === "deploy.yml" ? c.json({ path: ".github/workflows/deploy.yml" }) : c.notFound(),
  );
  routes.get("/:owner/:repo/actions", (c) => c.text("the runs"));
  const actions: Recorder = {
    events,
    cancelled,
    dispatch: (event) => void events.push(event),
    routes,
    cancelAll: async (repository) => void cancelled.push(repository),
  };
  let url = "";
  const context = createContext({ folder, seed: "test", url: () => url });
  const scopes = ["repo", "workflow", "delete_repo", "delete:packages"];
  const github = createGitHub(context, {
    owner: "doge",
    tokens: [
      { token: ownerToken, login: "doge", scopes },
      { token: guestToken, login: "shiba", scopes },
      { token: weakToken, login: "doge", scopes: ["public_repo"] },
    ],
    actions: () => actions,
    ...(packages && { packages: () => packages }),
  });
  await github.service.start?.();
  if (!github.service.app) throw new Error("no app");
  const server = await serveApp(github.service.app, { host: "127.0.0.1", port: 0, around: { service: "github" } });
  url = server.url;

  const octokit = (token = ownerToken): Octokit => {
    const client = new Octokit({ auth: token, baseUrl: `${url}/api/v3` });
    client.log.warn = () => {};
    return client;
  };
  return {
    github,
    url,
    actions,
    folder,
    octokit,
    project: async (name, settings = {}) => {
      await octokit().request("POST /user/repos", { name, ...settings });
      const copy = workingCopy(await mkdtemp(join(folder, "copy-")));
      await copy.git("init", "-q", "-b", "main");
      await copy.git("remote", "add", "origin", remote(url, ownerToken, `doge/${name}`));
      await copy.commit("README.md", `# ${name}\n`);
      await copy.git("push", "-q", "origin", "main");
      return copy;
    },
    close: async () => {
      await server.stop(0);
      context.store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A git remote that carries its token, as CI checkouts do. */
export const remote = (url: string, token: string, repository: string): string =>
  `${url.replace("://", `://x-access-token:${token}@`)}/${repository}.git`;

/** Makes a protection rule the way the Terraform provider does. */
export async function protect(
  world: World,
  repository: string,
  pattern: string,
  rule: Record<string, unknown>,
): Promise<string> {
  const client = world.octokit();
  const { data } = await client.request("GET /repos/{owner}/{repo}", { owner: "doge", repo: repository });
  const answer = await client.graphql<{ createBranchProtectionRule: { branchProtectionRule: { id: string } } }>(
    `mutation($input: CreateBranchProtectionRuleInput!) {
      createBranchProtectionRule(input: $input) { branchProtectionRule { id } } }`,
    { input: { repositoryId: data.node_id, pattern, ...rule } },
  );
  return answer.createBranchProtectionRule.branchProtectionRule.id;
}
