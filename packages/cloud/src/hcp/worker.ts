/**
 * Carries runs out. One run of a workspace at a time holds its lock, the others wait; plan-only and saved
 * plans go beside the queue, as in HCP Terraform.
 */
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { readBlob, writeBlob } from "./blobs.ts";
import { conflict, found } from "./jsonapi.ts";
import { closeLog, openLog, type LogWriter } from "./logs.ts";
import { isDetached, isFinished, type Hcp, type Phase, type Run, type Workspace } from "./model.ts";
import { savePlanDocuments } from "./plan-documents.ts";
import { redactText, secretStrings } from "./redact.ts";
import { changeRun, endedPhases, phaseIn } from "./run-changes.ts";
import { prepareFolder, runRequest, workFolder } from "./run-request.ts";
import { recordState } from "./states.ts";
import { sensitiveValues } from "./variables.ts";
import { lockWorkspace, unlockWorkspace } from "./workspaces.ts";

export interface Worker {
  /** Starts what may start now on a workspace. */
  advance(workspaceId: string): void;
  /** @throws ApiError 409 where the run does not wait for it. */
  confirm(runId: string): void;
  discard(runId: string): void;
  /** Asks the runner to stop; `force` does not wait for it. */
  cancel(runId: string, force?: boolean): Promise<void>;
  cancelAll(workspaceId: string): Promise<void>;
  /** After a restart: runs that were under way are errored, waiting ones go on waiting. */
  recover(): Promise<void>;
  stop(): Promise<void>;
}

/** A client that polls must see the finished plan before its run can fail in the apply, or it never shows the apply's log. */
const pauseBeforeAutoApply = 400;

interface Job {
  readonly abort: AbortController;
  readonly done: Promise<void>;
  ending?: "canceled" | "errored";
  /** Open while a phase runs. */
  log?: LogWriter;
}

export function createWorker(hcp: Hcp): Worker {
  const jobs = new Map<string, Job>();

  const advance = (workspaceId: string): void => {
    const pending = hcp.runs.list((run) => run.workspaceId === workspaceId && run.status === "pending");
    for (const run of pending.filter(isDetached)) begin(run.id, plan);
    const workspace = hcp.workspaces.get(workspaceId);
    const next = pending.find((run) => !isDetached(run));
    if (!workspace || workspace.lock || !next) return;
    hold(workspace, next);
    begin(next.id, plan);
  };

  const hold = (workspace: Workspace, run: Run): void => {
    const locked = lockWorkspace(hcp, workspace, { type: "runs", id: run.id, reason: `Locked by run ${run.id}` });
    hcp.workspaces.put(workspace.id, { ...locked, currentRunId: run.id });
  };

  const begin = (runId: string, work: (run: Run, job: Job) => Promise<void>): void => {
    const abort = new AbortController();
    const start = Promise.withResolvers<void>();
    const job: Job = { abort, done: start.promise };
    jobs.set(runId, job);
    void work(found(hcp.runs.get(runId)), job)
      .catch((thrown: unknown) => {
        hcp.context.log("hcp", `${runId}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
        end(runId, "errored", "The run failed inside the local cloud.");
      })
      .finally(() => {
        if (jobs.get(runId) === job) jobs.delete(runId);
        start.resolve();
      });
  };

  /** Ends a run early: closes its open log, frees the workspace. */
  const end = (runId: string, status: "errored" | "canceled", line: string): void => {
    const run = hcp.runs.get(runId);
    if (!run || isFinished(run)) return;
    jobs.get(runId)?.log?.close(line);
    for (const phase of [run.plan, run.apply]) if (phase.status === "running") closeLog(hcp, phase.id, line);
    settle(changeRun(hcp, runId, status, endedPhases(hcp, run, status)));
  };

  /** What follows the end of a run. */
  const settle = (run: Run): void => {
    rm(workFolder(hcp, run.id), { recursive: true, force: true }).catch((thrown: unknown) =>
      hcp.context.log("hcp", `${run.id}: its folder stays: ${String(thrown)}`),
    );
    const workspace = hcp.workspaces.get(run.workspaceId);
    if (workspace?.lock?.id === run.id) unlockWorkspace(hcp, workspace);
    if (run.status === "applied" || (run.status === "errored" && run.apply.status === "errored"))
      discardStalePlans(run);
    advance(run.workspaceId);
  };

  const discardStalePlans = (applied: Run): void => {
    const stale = hcp.runs.list(
      (run) => run.workspaceId === applied.workspaceId && run.status === "planned_and_saved" && run.id !== applied.id,
    );
    for (const run of stale) settle(changeRun(hcp, run.id, "discarded", endedPhases(hcp, run, "canceled")));
  };

  /** Opens the log, runs, closes the log; `false` where the run ended early. */
  const inPhase = async (
    run: Run,
    job: Job,
    phase: Phase,
    work: (log: LogWriter, secrets: readonly string[], workspace: Workspace) => Promise<boolean>,
  ): Promise<boolean> => {
    const workspace = found(hcp.workspaces.get(run.workspaceId));
    const secrets = secretStrings(sensitiveValues(hcp, workspace));
    const log = openLog(hcp, phase.id, secrets);
    job.log = log;
    // The CLI drops the first three lines of an apply's log: the real one prints these.
    log.write(`Terraform v${run.terraformVersion}\non linux_amd64\nInitializing plugins and modules...\n`);
    let ok = false;
    try {
      ok = await work(log, secrets, workspace);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      // A run that is ended from outside fails in the runner too: that is not its reason.
      if (!job.ending) log.write(`\nError: ${redactText(why, secrets)}\n`);
    }
    if (job.ending === "canceled") log.write("\nThe run was canceled.\n");
    if (job.ending === "errored") log.write("\nError: the local cloud was stopped in the middle of this run.\n");
    log.close();
    if (job.ending) end(run.id, job.ending, "");
    return ok && !job.ending;
  };

  const plan = async (run: Run, job: Job): Promise<void> => {
    changeRun(hcp, run.id, "planning", { plan: phaseIn(hcp, run.plan, "running") });
    let planned: Pick<Run, "hasChanges" | "plan"> = { hasChanges: false, plan: run.plan };
    const ok = await inPhase(run, job, run.plan, async (log, secrets, workspace) => {
      const folder = await prepareFolder(hcp, run, workspace);
      job.abort.signal.throwIfAborted();
      const result = await hcp.terraform.plan(
        await runRequest(hcp, run, workspace, { folder, log: log.write, signal: job.abort.signal }),
      );
      const { hasChanges, additions, changes, destructions } = result;
      planned = { hasChanges, plan: { ...run.plan, additions, changes, destructions } };
      if (result.ok) await writeBlob(hcp, "plans", run.id, result.plan);
      if (result.planJson !== undefined)
        await savePlanDocuments(hcp, run.id, result.planJson, result.schemasJson, secrets);
      return result.ok;
    });
    const current = hcp.runs.get(run.id);
    if (!current || isFinished(current)) return;
    const phase = phaseIn(hcp, { ...planned.plan, timestamps: current.plan.timestamps }, ok ? "finished" : "errored");
    const more = { hasChanges: planned.hasChanges, plan: phase };
    if (!ok)
      return settle(changeRun(hcp, run.id, "errored", { ...more, apply: phaseIn(hcp, run.apply, "unreachable") }));
    if (run.planOnly || (!planned.hasChanges && !run.allowEmptyApply)) {
      return settle(
        changeRun(hcp, run.id, "planned_and_finished", { ...more, apply: phaseIn(hcp, run.apply, "unreachable") }),
      );
    }
    changeRun(hcp, run.id, run.savePlan ? "planned_and_saved" : "planned", more);
    if (!run.autoApply || run.savePlan) return;
    await sleep(pauseBeforeAutoApply, undefined, { signal: job.abort.signal }).catch(() => undefined);
    if (job.ending) return end(run.id, job.ending, "");
    changeRun(hcp, run.id, "confirmed");
    await apply(found(hcp.runs.get(run.id)), job);
  };

  const apply = async (run: Run, job: Job): Promise<void> => {
    changeRun(hcp, run.id, "apply_queued", { apply: phaseIn(hcp, run.apply, "queued") });
    const started = changeRun(hcp, run.id, "applying", { apply: phaseIn(hcp, run.apply, "running") });
    let counts: Partial<Phase> = {};
    const ok = await inPhase(run, job, run.apply, async (log, _, workspace) => {
      const planText = await readBlob(hcp, "plans", run.id);
      if (!planText) throw new Error("The plan of this run is gone");
      const folder = await prepareFolder(hcp, run, workspace);
      const request = await runRequest(hcp, run, workspace, { folder, log: log.write, signal: job.abort.signal });
      let last: string | undefined = request.state;
      // One after the other: each state is checked against the one before.
      let saving: Promise<unknown> = Promise.resolve();
      const save = (state: string, intermediate: boolean): Promise<void> => {
        const next = saving.then(async () => {
          if (state === last) return;
          await recordState(hcp, found(hcp.workspaces.get(run.workspaceId)), Buffer.from(state), {
            runId: run.id,
            intermediate,
          });
          last = state;
        });
        saving = next.catch(() => undefined);
        return next;
      };
      job.abort.signal.throwIfAborted();
      const result = await hcp.terraform.apply({
        ...request,
        plan: planText.toString(),
        saveState: (state) => save(state, true),
      });
      await saving;
      if (result.state !== undefined) await save(result.state, false);
      const { additions, changes, destructions } = result;
      counts = { additions, changes, destructions };
      return result.ok;
    });
    const current = hcp.runs.get(run.id);
    if (!current || isFinished(current)) return;
    settle(
      changeRun(hcp, run.id, ok ? "applied" : "errored", {
        apply: phaseIn(hcp, started.apply, ok ? "finished" : "errored", counts),
      }),
    );
  };

  const cancel = async (runId: string, force = false): Promise<void> => {
    const job = jobs.get(runId);
    if (!job) return end(runId, "canceled", "The run was canceled.");
    job.ending = "canceled";
    job.abort.abort();
    if (force) end(runId, "canceled", "The run was canceled by force.");
    else hcp.context.log("hcp", `${runId}: cancelling`);
  };

  return {
    advance,
    confirm(runId) {
      const run = found(hcp.runs.get(runId));
      if (run.status !== "planned" && run.status !== "planned_and_saved") throw conflict("transition not allowed");
      if (jobs.has(runId)) throw conflict("The run is about to be applied already");
      const workspace = found(hcp.workspaces.get(run.workspaceId));
      if (workspace.lock?.id !== run.id) hold(workspace, run);
      changeRun(hcp, runId, "confirmed");
      begin(runId, apply);
    },
    discard(runId) {
      const run = found(hcp.runs.get(runId));
      if (!["pending", "planned", "planned_and_saved"].includes(run.status) || jobs.has(runId))
        throw conflict("transition not allowed");
      settle(changeRun(hcp, runId, "discarded", endedPhases(hcp, run, "canceled")));
    },
    cancel,
    async cancelAll(workspaceId) {
      const active = hcp.runs.list((run) => run.workspaceId === workspaceId && !isFinished(run)).toReversed();
      for (const run of active) {
        const job = jobs.get(run.id);
        await cancel(run.id);
        await job?.done;
      }
    },
    async recover() {
      const interrupted = ["planning", "confirmed", "apply_queued", "applying"];
      for (const run of hcp.runs.list(({ status }) => interrupted.includes(status))) {
        end(
          run.id,
          "errored",
          "\nError: the local cloud was restarted in the middle of this run. Start a new run; the state is as of the last save.",
        );
      }
      for (const { id } of hcp.workspaces.list()) advance(id);
    },
    async stop() {
      const running = [...jobs.values()];
      for (const job of running) {
        job.ending ??= "errored";
        job.abort.abort();
      }
      await Promise.race([Promise.all(running.map(({ done }) => done)), sleep(5000, undefined, { ref: false })]);
    },
  };
}
