import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Hono } from "hono";
import type { Actions, CloudContext, Gap, GitHubForActions, RepositoryEvent } from "../ports.ts";
import { ConcurrencyGroups, Slots } from "./concurrency.ts";
import { createRuns } from "./intake.ts";
import { openOffice, jobsOf, type Conclusion, type GracePeriods, type JobRecord, type RunRecord } from "./records.ts";
import { actionsPages } from "./rest/pages.ts";
import { actionsRoutes } from "./rest/routes.ts";
import { executeRun } from "./run.ts";
import { changeJob } from "./runner/publish.ts";

export interface ActionsOptions {
  readonly github: GitHubForActions;
  /** Environment variables that every job gets: where the local cloud's other services are. */
  readonly runnerEnv: Readonly<Record<string, string>>;
  /** Jobs at the same time; default 2. */
  readonly maxJobs?: number;
  /** How long a cancelled step may take to end; default GitHub's 7.5 s and 2.5 s. */
  readonly graceMilliseconds?: GracePeriods;
}

export interface RunningActions {
  readonly actions: Actions;
  /** Ends every job; what had not begun begins again after `recover()`. */
  stop(): Promise<void>;
  /** After a restart: ends what was under way, and queues again what was not. */
  recover(): Promise<void>;
}

/** What a person or the API may do with a run. */
export interface RunControl {
  cancel(run: RunRecord): void;
  /** A new attempt: of all jobs, or of those that failed and those that need them. */
  rerun(run: RunRecord, failedOnly: boolean): void;
}

/** GitHub Actions: runs the repositories' own workflow files on this machine. */
export function createActions(context: CloudContext, options: ActionsOptions): RunningActions {
  const background = new Set<Promise<void>>();
  const office = openOffice({
    context,
    github: options.github,
    runnerEnv: options.runnerEnv,
    graceMilliseconds: options.graceMilliseconds ?? { interrupt: 7_500, terminate: 2_500 },
    inBackground(work) {
      const done = work.then(
        () => {},
        (thrown: unknown) => context.log("github", `actions: ${String(thrown)}`),
      );
      background.add(done);
      void done.finally(() => background.delete(done));
    },
  });
  const groups = new ConcurrencyGroups();
  const slots = new Slots(options.maxJobs ?? 2);
  const kill = new AbortController();
  const active = new Map<number, { readonly cancel: AbortController; readonly done: Promise<void> }>();
  const intake = new Set<Promise<void>>();
  // Runs begin in the order of their events, so that concurrency groups see the newest last.
  let last: Promise<void> = Promise.resolve();

  function start(run: RunRecord, kept: ReadonlyMap<string, readonly JobRecord[]> = new Map()): void {
    const cancel = new AbortController();
    const work = executeRun({ office, run, groups, slots, cancel, kill: kill.signal, kept }).then(
      (conclusion) => conclude(run, conclusion, cancel.signal),
      (thrown: unknown) => {
        const message = thrown instanceof Error ? thrown.message : String(thrown);
        context.log("github", `actions: run ${run.id} of ${run.repository} failed: ${message}`);
        conclude(run, "failure", cancel.signal, message);
      },
    );
    const done = work.finally(() => active.delete(run.id));
    active.set(run.id, { cancel, done });
  }

  function conclude(run: RunRecord, conclusion: Conclusion, cancel: AbortSignal, message?: string): void {
    const current = office.runs.get(run.id);
    // A run that only waited when the cloud stopped waits on, until the cloud is back.
    if (!current || (kill.signal.aborted && current.status !== "in_progress")) return;
    const text = message ?? (typeof cancel.reason === "string" ? cancel.reason : undefined);
    office.runs.put(run.id, {
      ...current,
      status: "completed",
      conclusion,
      updatedAt: office.timestamp(),
      annotations:
        text === undefined ? current.annotations : [...current.annotations, { level: "error", message: text }],
    });
  }

  const control: RunControl = {
    cancel: (run) => active.get(run.id)?.cancel.abort("The run was canceled by a person or a program."),
    rerun(run, failedOnly) {
      const again = office.runs.put(run.id, nextAttempt(run, office.timestamp()));
      start(again, failedOnly ? untouched(jobsOf(office, run)) : new Map());
    },
  };

  function dispatch(event: RepositoryEvent): void {
    const work = last.then(async () => {
      try {
        if (kill.signal.aborted) return;
        for (const run of await createRuns(office, event)) if (run.status === "queued") start(run);
      } catch (thrown) {
        context.log("github", `actions: ${event.event} of ${event.repository} started nothing: ${String(thrown)}`);
      }
    });
    last = work;
    intake.add(work);
    void work.finally(() => intake.delete(work));
  }

  async function cancelAll(repository: string): Promise<void> {
    await Promise.all(intake);
    const ours = [...active].filter(([id]) => office.runs.get(id)?.repository === repository);
    for (const [, { cancel }] of ours) cancel.abort("The repository's runs were canceled.");
    await Promise.all(ours.map(([, { done }]) => done));
  }

  async function recover(): Promise<void> {
    await rm(join(context.folder, "actions", "jobs"), { recursive: true, force: true });
    for (const run of office.runs.list((each) => each.status !== "completed" && !active.has(each.id))) {
      const jobs = jobsOf(office, run);
      if (run.status !== "in_progress") {
        for (const job of jobs) office.jobs.delete(job.id);
        start(run);
        continue;
      }
      const message = "The local cloud ended while this job ran: the runner lost its work.";
      for (const job of jobs.filter((each) => each.status !== "completed")) {
        await changeJob(office, run, job.id, (each) => ({
          ...each,
          status: "completed",
          conclusion: "failure",
          completedAt: office.timestamp(),
          annotations: [...each.annotations, { level: "error", message }],
        }));
      }
      conclude(run, "failure", new AbortController().signal, message);
    }
  }

  return {
    actions: {
      dispatch,
      routes: new Hono().route("/", actionsRoutes(office, control)).route("/", actionsPages(office)),
      cancelAll,
    },
    async stop() {
      kill.abort();
      await Promise.all([...intake, ...[...active.values()].map(({ done }) => done)]);
      await Promise.all(background);
    },
    recover,
  };
}

function nextAttempt(run: RunRecord, at: string): RunRecord {
  const { conclusion: _, ...rest } = run;
  return { ...rest, attempt: run.attempt + 1, status: "queued", startedAt: at, updatedAt: at, annotations: [] };
}

/** Jobs that went well. Those that need a failed one were skipped, or run again because of `always()`. */
function untouched(jobs: readonly JobRecord[]): ReadonlyMap<string, readonly JobRecord[]> {
  const keys = new Map<string, JobRecord[]>();
  for (const job of jobs) keys.set(job.key, [...(keys.get(job.key) ?? []), job]);
  return new Map([...keys].filter(([, cells]) => cells.every((cell) => cell.conclusion === "success")));
}

/** What of GitHub Actions is not here. */
export const actionsGaps: readonly Gap[] = [
  "Actions: `services:`, `container:`, container actions and reusable workflows fail with a message that says so",
  "Actions: of published actions only checkout, setup-node, cache, upload-artifact and download-artifact are there; none is downloaded",
  "Actions: setup-node gives the Node that runs the local cloud, whatever version was asked for (a warning says so)",
  "Actions: `schedule` and events other than push, pull_request and workflow_dispatch start nothing",
  "Actions: runners are processes of this machine, without isolation; only ubuntu-* labels are accepted",
  "Actions: caches are shared by all branches of a repository; artifacts and whole-run logs can't be downloaded as zip",
  "Actions: required reviewers and wait timers of environments are not asked for; branch policies are",
].map((gap) => ({ service: "github", gap }));
