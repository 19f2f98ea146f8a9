import type { Hono } from "hono";
import { notFound, validationFailed } from "../errors.ts";
import { commit } from "../git/history.ts";
import type { Hub } from "../hub.ts";
import type { CheckRun } from "../model.ts";
import { latestCheckRuns, latestStatuses } from "../protection.ts";
import { checkRunBody, checkSuiteBody, statusBody } from "../views/checks.ts";
import { repositoryBody, repositoryUrl } from "../views/repositories.ts";
import { resolveOr422 } from "./commits.ts";
import {
  enter,
  idOf,
  inputOf,
  oneOf,
  optional,
  page,
  param,
  requiredText,
  routes,
  type Call,
  type Env,
  type Input,
} from "./route.ts";

const longestText = 65_535;

/** Check runs, check suites, commit statuses. */
export function checkRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const base = "/repos/:owner/:repo";

  app.post(`${base}/check-runs`, async (c) => {
    const { repository } = enter(hub, c, "checks", "write");
    const input = await inputOf(c);
    const name = requiredText(input, "name");
    const headSha = await resolveOr422(hub, repository, requiredText(input, "head_sha"));
    // Apart from the ids of jobs, which Actions gives and whose check runs are here too.
    const id = 10_000_000_000 + hub.context.ids.next("github.check-runs");
    const run = hub.records.checkRuns.put(id, {
      id,
      repository: repository.id,
      name,
      headSha,
      status: "queued",
      conclusion: null,
      detailsUrl: null,
      externalId: "",
      startedAt: hub.now(),
      completedAt: null,
      title: null,
      summary: null,
      text: null,
      annotations: [],
      ...checkFields(hub, input),
    });
    return c.json(checkRunBody(hub, repository, run), 201);
  });
  const runOf = (c: Call, repository: number): CheckRun => {
    const run = hub.records.checkRuns.get(idOf(c, "check_run_id"));
    if (run?.repository !== repository) throw notFound();
    return run;
  };
  app.get(`${base}/check-runs/:check_run_id`, (c) => {
    const { repository } = enter(hub, c, "checks");
    return c.json(checkRunBody(hub, repository, runOf(c, repository.id)));
  });
  app.patch(`${base}/check-runs/:check_run_id`, async (c) => {
    const { repository } = enter(hub, c, "checks", "write");
    const old = runOf(c, repository.id);
    const change = checkFields(hub, await inputOf(c));
    const annotations = [...old.annotations, ...(change.annotations ?? [])];
    const run = hub.records.checkRuns.put(old.id, { ...old, ...change, annotations });
    return c.json(checkRunBody(hub, repository, run));
  });
  app.get(`${base}/check-runs/:check_run_id/annotations`, (c) => {
    const { repository } = enter(hub, c, "checks");
    return page(hub, c, runOf(c, repository.id).annotations, (annotation) => annotation);
  });

  app.get(`${base}/commits/:ref{.+}/check-runs`, async (c) => {
    const { repository } = enter(hub, c, "checks");
    const sha = await resolveOr422(hub, repository, param(c, "ref"));
    const { check_name: name, status, filter } = c.req.query();
    const all = hub.records.checkRuns.list((run) => run.repository === repository.id && run.headSha === sha);
    const runs = (filter === "all" ? all : latestCheckRuns(hub, repository, sha)).filter(
      (run) => (name === undefined || run.name === name) && (status === undefined || run.status === status),
    );
    return page(hub, c, runs, (run) => checkRunBody(hub, repository, run), "check_runs");
  });
  app.get(`${base}/commits/:ref{.+}/check-suites`, async (c) => {
    const { repository } = enter(hub, c, "checks");
    const sha = await resolveOr422(hub, repository, param(c, "ref"));
    const runs = latestCheckRuns(hub, repository, sha);
    const head = await commit(hub.git(repository), sha);
    return page(
      hub,
      c,
      runs.length > 0 ? [runs] : [],
      (runs) => checkSuiteBody(hub, repository, head, runs),
      "check_suites",
    );
  });

  app.post(`${base}/statuses/:sha`, async (c) => {
    const { repository, viewer } = enter(hub, c, "statuses", "write");
    const input = await inputOf(c);
    const state = oneOf(input, "state", ["error", "failure", "pending", "success"]);
    if (state === undefined) throw validationFailed({ resource: "Status", code: "missing_field", field: "state" });
    const sha = await resolveOr422(hub, repository, param(c, "sha"));
    const id = hub.context.ids.next("github.statuses");
    const status = hub.records.statuses.put(id, {
      id,
      repository: repository.id,
      sha,
      state,
      context: optional.text(input, "context") ?? "default",
      description: optional.text(input, "description") ?? null,
      targetUrl: optional.text(input, "target_url") ?? null,
      creator: viewer.login,
      createdAt: hub.now(),
    });
    return c.json(statusBody(hub, repository, status), 201);
  });
  app.get(`${base}/commits/:ref{.+}/statuses`, async (c) => {
    const { repository } = enter(hub, c, "statuses");
    const sha = await resolveOr422(hub, repository, param(c, "ref"));
    const found = hub.records.statuses.list((status) => status.repository === repository.id && status.sha === sha);
    return page(hub, c, found.toReversed(), (status) => statusBody(hub, repository, status));
  });
  app.get(`${base}/commits/:ref{.+}/status`, async (c) => {
    const { repository } = enter(hub, c, "statuses");
    const sha = await resolveOr422(hub, repository, param(c, "ref"));
    const found = latestStatuses(hub, repository, sha);
    const has = (...states: readonly string[]): boolean => found.some(({ state }) => states.includes(state));
    const state = has("error", "failure") ? "failure" : found.length === 0 || has("pending") ? "pending" : "success";
    const url = `${repositoryUrl(hub, repository)}/commits/${sha}`;
    return c.json({
      state,
      statuses: found.map((status) => ({ ...statusBody(hub, repository, status), creator: undefined })),
      sha,
      total_count: found.length,
      repository: repositoryBody(hub, repository),
      commit_url: url,
      url: `${url}/status`,
    });
  });
  return app;
}

const conclusions = [
  "action_required",
  "cancelled",
  "failure",
  "neutral",
  "success",
  "skipped",
  "stale",
  "timed_out",
] as const;

/** What a client may say of a check run. A conclusion completes it. */
function checkFields(hub: Hub, input: Input): Partial<CheckRun> {
  const output = optional.object(input, "output");
  for (const field of ["summary", "text"] as const) {
    const text = output && optional.text(output, field);
    if (text !== undefined && text.length > longestText) {
      throw validationFailed({
        resource: "CheckRun",
        code: "invalid",
        field,
        message: `Only ${longestText} characters are allowed; ${text.length} were supplied.`,
      });
    }
  }
  const conclusion = oneOf(input, "conclusion", conclusions);
  const status =
    conclusion === undefined ? oneOf(input, "status", ["queued", "in_progress", "completed"]) : "completed";
  if (status === "completed" && conclusion === undefined) {
    throw validationFailed({ resource: "CheckRun", code: "missing_field", field: "conclusion" });
  }
  const fields: Record<string, unknown> = {
    name: optional.text(input, "name"),
    status,
    conclusion: status === undefined || status === "completed" ? conclusion : null,
    detailsUrl: optional.text(input, "details_url"),
    externalId: optional.text(input, "external_id"),
    startedAt: optional.text(input, "started_at"),
    completedAt: optional.text(input, "completed_at") ?? (status === "completed" ? hub.now() : undefined),
    title: output && optional.text(output, "title"),
    summary: output && optional.text(output, "summary"),
    text: output && optional.text(output, "text"),
    annotations: output && Array.isArray(output["annotations"]) ? output["annotations"] : undefined,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
