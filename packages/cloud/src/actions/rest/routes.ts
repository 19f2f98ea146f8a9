import { readFile } from "node:fs/promises";
import { Hono, type Context } from "hono";
import { linkHeader, pageLinks, paginate } from "../../kit/pagination.ts";
import { commitOf, resolveCommit, workflowFiles } from "../git.ts";
import type { RunControl } from "../index.ts";
import { parseWorkflowFile } from "../language/workflow.ts";
import { workflowRecord, type JobRecord, type Office, type RunRecord } from "../records.ts";
import { logFile } from "../runner/order.ts";
import { artifactShape, jobShape, runShape, workflowShape } from "./shapes.ts";

const documentation = "https://docs.github.com/rest/actions";

class Refusal extends Error {
  readonly status: 404 | 403 | 409 | 422;

  constructor(status: Refusal["status"], message: string) {
    super(message);
    this.status = status;
  }
}

const notFound = (): never => {
  throw new Refusal(404, "Not Found");
};

/**
 * The REST API of Actions, for GitHub to mount beside its own; it also starts workflows by hand, knowing who asks.
 * Answers as in GitHub's OpenAPI description.
 */
export function actionsRoutes(office: Office, control: RunControl): Hono {
  const routes = new Hono().basePath("/repos/:owner/:repo/actions");
  const { runs, jobs, artifacts, github } = office;

  routes.onError((thrown, c) => {
    if (!(thrown instanceof Refusal)) throw thrown;
    const body = { message: thrown.message, documentation_url: documentation, status: String(thrown.status) };
    return c.json(body, thrown.status);
  });

  const shapeOf = async (run: RunRecord): Promise<unknown> =>
    runShape(office, run, await commitOf(github.repositoryPath(run.repository), run.headSha));
  const runOf = (c: Context): RunRecord => {
    const run = runs.get(c.req.param("run") ?? "");
    return run && same(run.repository, repositoryOf(c)) ? run : notFound();
  };
  const jobOf = (c: Context): { run: RunRecord; job: JobRecord } => {
    const job = jobs.get(c.req.param("job") ?? "") ?? notFound();
    const run = runs.get(job.runId) ?? notFound();
    return same(run.repository, repositoryOf(c)) ? { run, job } : notFound();
  };
  const listRuns = async (c: Context, where: (run: RunRecord) => boolean): Promise<Response> => {
    const found = runs
      .list((run) => same(run.repository, repositoryOf(c)) && matches(run, c) && where(run))
      .toReversed();
    return listed(c, "workflow_runs", found, shapeOf);
  };

  routes.get("/runs", (c) => listRuns(c, () => true));
  routes.get("/runs/:run", async (c) => c.json((await shapeOf(runOf(c))) as object));
  routes.get("/runs/:run/attempts/:attempt", async (c) => {
    const run = runOf(c);
    return run.attempt === Number(c.req.param("attempt")) ? c.json((await shapeOf(run)) as object) : notFound();
  });
  routes.on("POST", ["/runs/:run/cancel", "/runs/:run/force-cancel"], (c) => {
    const run = runOf(c);
    if (run.status === "completed") throw new Refusal(409, "Cannot cancel a workflow run that is completed.");
    control.cancel(run);
    return c.json({}, 202);
  });
  for (const failedOnly of [false, true]) {
    routes.post(failedOnly ? "/runs/:run/rerun-failed-jobs" : "/runs/:run/rerun", (c) => {
      const run = runOf(c);
      if (run.status !== "completed") throw new Refusal(403, "This workflow is already running");
      control.rerun(run, failedOnly);
      return c.json({}, 201);
    });
  }
  routes.get("/runs/:run/logs", (c) => {
    runOf(c);
    throw new Refusal(422, "The local cloud makes no zip of a run's logs: take the logs of its jobs");
  });
  routes.get("/runs/:run/jobs", (c) => {
    const run = runOf(c);
    const all = c.req.query("filter") === "all";
    const found = jobs.list((job) => job.runId === run.id && (all || job.attempt === run.attempt));
    return listed(c, "jobs", found, (job) => jobShape(office, run, job));
  });
  routes.get("/runs/:run/attempts/:attempt/jobs", (c) => {
    const run = runOf(c);
    const found = jobs.list((job) => job.runId === run.id && job.attempt === Number(c.req.param("attempt")));
    return listed(c, "jobs", found, (job) => jobShape(office, run, job));
  });
  routes.get("/runs/:run/artifacts", (c) => {
    const run = runOf(c);
    const found = artifacts.list((each) => each.runId === run.id && named(c, each.name));
    return listed(c, "artifacts", found, (each) => artifactShape(office, each));
  });
  routes.get("/jobs/:job", (c) => {
    const { run, job } = jobOf(c);
    return c.json(jobShape(office, run, job));
  });
  routes.get("/jobs/:job/logs", (c) => {
    const { run, job } = jobOf(c);
    // As GitHub does: the text is elsewhere, at an address that needs no token.
    return c.redirect(`${office.context.url("github")}/${run.repository}/actions/jobs/${job.id}/log.txt`, 302);
  });
  routes.post("/jobs/:job/rerun", (c) => {
    const { run } = jobOf(c);
    if (run.status !== "completed") throw new Refusal(403, "This workflow is already running");
    control.rerun(run, true);
    return c.json({}, 201);
  });
  routes.get("/artifacts", (c) => {
    const found = artifacts.list((each) => same(each.repository, repositoryOf(c)) && named(c, each.name));
    return listed(c, "artifacts", found, (each) => artifactShape(office, each));
  });
  routes.get("/artifacts/:artifact", (c) => {
    const artifact = artifacts.get(c.req.param("artifact")) ?? notFound();
    return same(artifact.repository, repositoryOf(c)) ? c.json(artifactShape(office, artifact)) : notFound();
  });

  const defaultBranch = async (repository: string): Promise<string> => {
    const { default_branch: branch } = (await github.repositoryPayload(repository)) as { default_branch?: string };
    return branch ?? "main";
  };
  const workflowsOf = async (
    c: Context,
  ): Promise<readonly { id: number; path: string; content: string; shape: object }[]> => {
    const repository = repositoryOf(c);
    const branch = await defaultBranch(repository);
    const gitFolder = github.repositoryPath(repository);
    const files = (await resolveCommit(gitFolder, branch)) ? await workflowFiles(gitFolder, branch) : [];
    return Promise.all(
      files.map(async (file) => {
        const record = workflowRecord(office, repository, file.path);
        const { value } = await parseWorkflowFile(file.path, file.content);
        return { ...file, id: record.id, shape: workflowShape(office, record, value?.name ?? file.path, branch) };
      }),
    );
  };
  const workflowOf = async (c: Context): Promise<{ id: number; path: string; content: string; shape: object }> => {
    const asked = c.req.param("workflow") ?? "";
    const all = await workflowsOf(c);
    return all.find((each) => String(each.id) === asked || each.path.endsWith(`/${asked}`)) ?? notFound();
  };
  routes.get("/workflows", async (c) => listed(c, "workflows", await workflowsOf(c), (each) => each.shape));
  routes.get("/workflows/:workflow", async (c) => c.json((await workflowOf(c)).shape));
  routes.get("/workflows/:workflow/runs", async (c) => {
    const { id } = await workflowOf(c);
    return listRuns(c, (run) => run.workflow.id === id);
  });
  return routes;
}

const repositoryOf = (c: Context): string => `${c.req.param("owner")}/${c.req.param("repo")}`;
/** Names of repositories know no case. */
export const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const named = (c: Context, name: string): boolean => (c.req.query("name") ?? name) === name;

function matches(run: RunRecord, c: Context): boolean {
  const { branch, event, status, head_sha: headSha, actor } = c.req.query();
  return (
    (branch ?? run.headBranch) === run.headBranch &&
    (event ?? run.event) === run.event &&
    (headSha ?? run.headSha) === run.headSha &&
    (actor ?? run.actor) === run.actor &&
    (status === undefined || status === run.status || status === run.conclusion)
  );
}

async function listed<T>(c: Context, name: string, all: readonly T[], shape: (item: T) => unknown): Promise<Response> {
  const query = { page: c.req.query("page"), perPage: c.req.query("per_page") };
  const page = paginate(all, query, { perPage: 30, maximum: 100 });
  const link = linkHeader(pageLinks(c.req.url, page));
  if (link) c.header("link", link);
  return c.json({ total_count: page.total, [name]: await Promise.all(page.items.map(shape)) });
}

export const readLog = (office: Office, jobId: number): Promise<string> =>
  readFile(logFile(office, jobId), "utf8").catch(() => "");
