import type { ConcurrencyGroups, Slots } from "./concurrency.ts";
import { evaluate, type Fields, type Scope } from "./language/expressions.ts";
import type { WorkflowJob } from "./language/workflow.ts";
import type { Conclusion, JobRecord, Office, RunRecord } from "./records.ts";
import { labelsOf } from "./runner/open.ts";
import { changeJob } from "./runner/publish.ts";

/** A run under way. */
export interface Execution {
  readonly office: Office;
  readonly run: RunRecord;
  readonly groups: ConcurrencyGroups;
  readonly slots: Slots;
  /** Aborted with the annotation's text as its reason. */
  readonly cancel: AbortController;
  readonly kill: AbortSignal;
  /** Jobs of the attempt before that stand as they are. */
  readonly kept: ReadonlyMap<string, readonly JobRecord[]>;
}

/** The record of a job that is about to wait for its turn. */
export function newJob(execution: Execution, job: WorkflowJob, name: string, matrix: Fields, scope: Scope): JobRecord {
  const { office, run } = execution;
  const at = office.timestamp();
  // Check runs and jobs share their numbers: GitHub's clients look one up by the other's id.
  const id = office.context.ids.next("github.check-run");
  return office.jobs.put(id, {
    id,
    runId: run.id,
    attempt: run.attempt,
    key: job.key,
    name,
    matrix,
    labels: labelsOf(evaluate(job.runsOn, scope)),
    status: "queued",
    createdAt: at,
    startedAt: at,
    steps: [],
    annotations: [],
    outputs: {},
    continueOnError: evaluate(job.continueOnError, scope) === true,
    summary: "",
  });
}

/** A job that ends before it begins: skipped, cancelled, or wrong. */
export async function notRun(
  execution: Execution,
  job: WorkflowJob,
  name: string,
  end: { readonly conclusion: Conclusion; readonly message?: string },
): Promise<JobRecord> {
  const { office, run } = execution;
  const { message } = end;
  const { id } = newJob(
    execution,
    { ...job, runsOn: undefined, continueOnError: undefined },
    name,
    {},
    { contexts: {} },
  );
  return changeJob(office, run, id, (each) => ({
    ...each,
    labels: [],
    status: "completed",
    conclusion: end.conclusion,
    completedAt: office.timestamp(),
    annotations: message === undefined ? [] : [{ level: "error", message }],
  }));
}
