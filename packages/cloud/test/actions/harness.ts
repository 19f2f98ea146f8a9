import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createActions, type ActionsOptions, type RunningActions } from "../../src/actions/index.ts";
import { jobsOf, openOffice, type JobRecord, type Office, type RunRecord } from "../../src/actions/records.ts";
import { createContext } from "../../src/kit/context.ts";
import type { CloudContext, GitHubForActions, RepositoryEvent } from "../../src/ports.ts";

const run = promisify(execFile);
export const repository = "octo/app";

type Check = Parameters<GitHubForActions["checkRun"]>[1];
type Deployment = Parameters<GitHubForActions["deployment"]>[1];

/** What GitHub holds for Actions, as a test wants it, and what Actions told it. */
export interface FakeGitHub extends GitHubForActions {
  readonly checks: Check[];
  readonly deployments: Deployment[];
  readonly minted: Readonly<Record<string, string>>[];
  readonly live: Set<string>;
  /** Authorization headers that git sent. */
  readonly authorizations: string[];
  secretsOf: Record<string, Record<string, string>>;
  variablesOf: Record<string, Record<string, string>>;
  denied: Set<string>;
}

export interface Bench {
  readonly folder: string;
  readonly context: CloudContext;
  readonly office: Office;
  readonly github: FakeGitHub;
  readonly running: RunningActions;
  /** Commits files on a branch and pushes it; the commit's id. */
  commit(files: Readonly<Record<string, string>>, options?: { branch?: string; message?: string }): Promise<string>;
  git(...args: string[]): Promise<string>;
  push(sha: string, options?: { ref?: string; before?: string }): void;
  pull(options: { head: string; base: string; number?: number; action?: string }): Promise<void>;
  dispatch(event: RepositoryEvent): void;
  /** Runs, the oldest first, when all have ended (or when `until` holds). */
  settled(count?: number, until?: (runs: readonly RunRecord[]) => boolean): Promise<readonly RunRecord[]>;
  jobs(run: RunRecord): readonly JobRecord[];
  log(job: JobRecord): Promise<string>;
  /** The log without time stamps. */
  text(job: JobRecord): Promise<string>;
  restart(): RunningActions;
  close(): Promise<void>;
}

/** A repository served by git's own HTTP backend, and Actions on top of it. */
export async function openBench(options: Partial<ActionsOptions> = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "doge-actions-"));
  const bare = join(folder, "git", "octo", "app.git");
  const tree = join(folder, "tree");
  await mkdir(bare, { recursive: true });
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  await run("git", ["init", "--quiet", "--initial-branch=main", tree]);
  const authorizations: string[] = [];
  const server = createServer((request, response) => serveGit(join(folder, "git"), authorizations, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const context = createContext({ folder: join(folder, "cloud"), seed: "actions", url: () => url });
  const github = fakeGitHub(context, bare, authorizations);
  const runnerEnv = { DOGE_TEST_URL: "http://there.test" };
  const settings = { github, runnerEnv, graceMilliseconds: { interrupt: 200, terminate: 200 }, ...options };
  const { graceMilliseconds } = settings;
  const office = openOffice({ context, github, runnerEnv, graceMilliseconds, inBackground: () => {} });
  let running = createActions(context, settings);

  const git = async (...args: string[]): Promise<string> => {
    const identity = ["-c", "user.name=Octo", "-c", "user.email=octo@example.test"];
    return (await run("git", [...identity, "-C", tree, ...args])).stdout.trim();
  };
  await git("remote", "add", "origin", bare);

  const bench: Bench = {
    folder,
    context,
    office,
    github,
    git,
    get running() {
      return running;
    },
    async commit(files, { branch = "main", message = "Change" } = {}) {
      const known = await git("branch", "--list", branch);
      await (known ? git("checkout", "--quiet", branch) : git("checkout", "--quiet", "-B", branch));
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(tree, path)), { recursive: true });
        await writeFile(join(tree, path), content);
      }
      await git("add", "--all");
      await git("commit", "--quiet", "--allow-empty", "-m", message);
      await git("push", "--quiet", "origin", branch);
      return git("rev-parse", "HEAD");
    },
    dispatch: (event) => running.actions.dispatch(event),
    push(sha, { ref = "refs/heads/main", before = "0".repeat(40) } = {}) {
      const payload = { ref, before, after: sha, head_commit: { id: sha } };
      running.actions.dispatch({ repository, event: "push", ref, sha, actor: "octo", payload });
    },
    async pull({ head, base, number = 7, action = "opened" }) {
      await git("checkout", "--quiet", "--detach", base);
      await git("merge", "--quiet", "--no-ff", "-m", "Merge", head);
      const ref = `refs/pull/${number}/merge`;
      await git("push", "--quiet", "--force", "origin", `HEAD:${ref}`);
      const side = async (name: string): Promise<object> => ({ ref: name, sha: await git("rev-parse", name) });
      const pull_request = { id: 70, number, title: `Merge ${head}`, head: await side(head), base: await side(base) };
      const sha = await git("rev-parse", "HEAD");
      running.actions.dispatch({
        repository,
        event: "pull_request",
        ref,
        sha,
        actor: "octo",
        payload: { action, number, pull_request },
      });
    },
    async settled(count = 1, until = (runs) => runs.every((each) => each.status === "completed")) {
      for (;;) {
        const runs = office.runs.list();
        if (runs.length >= count && until(runs)) return runs;
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    },
    jobs: (each) => jobsOf(office, each),
    log: (job) => readFile(join(context.folder, "actions", "logs", `${job.id}.log`), "utf8"),
    text: async (job) => (await bench.log(job)).replaceAll(/^\S+Z /gm, ""),
    restart: () => (running = createActions(context, settings)),
    async close() {
      await running.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      context.store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return bench;
}

/** Pushes one workflow file (and others) to main, and waits for its runs. */
export async function runWorkflow(
  bench: Bench,
  workflow: string,
  files: Readonly<Record<string, string>> = {},
): Promise<{ readonly run: RunRecord; readonly jobs: readonly JobRecord[] }> {
  const before = bench.office.runs.list().length;
  bench.push(await bench.commit({ ".github/workflows/test.yml": workflow, ...files }));
  const run = (await bench.settled(before + 1)).at(-1)!;
  return { run, jobs: bench.jobs(run) };
}

function fakeGitHub(context: CloudContext, bare: string, authorizations: string[]): FakeGitHub {
  const github: FakeGitHub = {
    checks: [],
    deployments: [],
    minted: [],
    live: new Set(),
    authorizations,
    secretsOf: {},
    variablesOf: {},
    denied: new Set(),
    repositoryPath: () => bare,
    repositoryPayload: async () => ({
      id: 1,
      name: "app",
      full_name: repository,
      default_branch: "main",
      owner: { login: "octo", id: 2 },
    }),
    secrets: async (_repository, environment) => ({
      ...github.secretsOf[""],
      ...(environment === undefined ? {} : github.secretsOf[environment]),
    }),
    variables: async (_repository, environment) => ({
      ...github.variablesOf[""],
      ...(environment === undefined ? {} : github.variablesOf[environment]),
    }),
    environment: async (_repository, name) => ({ allowed: !github.denied.has(name) }),
    async mintToken(_repository, permissions) {
      github.minted.push(permissions);
      const token = `ghs_${context.ids.token(36)}`;
      github.live.add(token);
      return token;
    },
    revokeToken: async (token) => void github.live.delete(token),
    checkRun: async (_repository, check) => void github.checks.push(check),
    deployment: async (_repository, deployment) => void github.deployments.push(deployment),
  };
  return github;
}

/** git's own smart HTTP, as CGI. */
function serveGit(root: string, seen: string[], request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://git");
  if (request.headers.authorization) seen.push(request.headers.authorization);
  const protocol = request.headers["git-protocol"];
  const backend = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"],
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
      ...(typeof protocol === "string" && { GIT_PROTOCOL: protocol }),
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  backend.on("close", () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf("\r\n\r\n");
    const headers = answer
      .subarray(0, end)
      .toString()
      .split("\r\n")
      .map((line) => line.split(": ", 2));
    for (const [name = "", value = ""] of headers) {
      if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(answer.subarray(end + 4));
  });
}
