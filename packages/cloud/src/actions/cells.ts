import { Slots } from "./concurrency.ts";
import { newJob, type Execution } from "./execution.ts";
import {
  evaluate,
  evaluateText,
  fieldsOf,
  isBasicExpression,
  type Fields,
  type Scope,
} from "./language/expressions.ts";
import { expandMatrix, matrixSuffix } from "./language/matrix.ts";
import type { Workflow, WorkflowJob } from "./language/workflow.ts";
import type { JobRecord, Office } from "./records.ts";
import { runJob } from "./runner/job.ts";
import { changeJob, publishCheck } from "./runner/publish.ts";
import { enterGroup } from "./turns.ts";

/** What the jobs of a matrix have in common. */
export interface Strategy {
  readonly failFast: boolean;
  readonly maxParallel: number;
}

/** The matrix of a job, evaluated: one empty cell where it has none. Throws where it has no combination. */
export function matrixOf(job: WorkflowJob, scope: Scope): { strategy: Strategy; cells: readonly Fields[] } {
  const strategy = fieldsOf(evaluate(job.strategy, scope));
  const matrix = strategy["matrix"] ?? null;
  const cells = expandMatrix(matrix);
  if (cells.length === 0) throw new Error(`The matrix of job '${job.key}' has no combination`);
  if (cells.length > 256)
    throw new Error(`The matrix of job '${job.key}' has ${cells.length} combinations; 256 are the most`);
  const maxParallel = Number(strategy["max-parallel"] ?? cells.length);
  return { strategy: { failFast: strategy["fail-fast"] !== false, maxParallel }, cells };
}

/** Runs a job once for each cell of its matrix. Resolves when all have ended, in their order. */
export async function runCells(
  execution: Execution,
  workflow: Workflow,
  job: WorkflowJob,
  contexts: { readonly github: Fields; readonly inputs: Fields; readonly vars: Fields; readonly needs: Fields },
  { failFast, maxParallel }: Strategy,
  cells: readonly Fields[],
): Promise<JobRecord[]> {
  const { office, run, groups, slots, kill } = execution;
  // What begins in a run that is cancelled already (`if: always()`) is not ended by that. Asked before anything is
  // awaited: a cancellation from now on counts.
  const ofRun = execution.cancel.signal.aborted ? [] : [execution.cancel.signal];
  const others = new AbortController();
  const parallel = new Slots(maxParallel);
  // All jobs of a matrix stand in the list from the start, in its order.
  const begun = cells.map((cell, index) => {
    const matrix = job.strategy && Object.keys(cell).length > 0 ? cell : null;
    const strategy = {
      "fail-fast": failFast,
      "job-index": index,
      "job-total": cells.length,
      "max-parallel": maxParallel,
    };
    const scope: Scope = { contexts: { ...contexts, matrix, strategy } };
    return { matrix, strategy, scope, record: newJob(execution, job, cellName(job, scope, cell), cell, scope) };
  });
  for (const { record } of begun) await publishCheck(office, run, record);

  const runCell = async ({ matrix, strategy, scope, record }: (typeof begun)[number]): Promise<JobRecord> => {
    const own = new AbortController();
    const cancel = AbortSignal.any([...ofRun, others.signal, own.signal]);
    const patience = AbortSignal.any([cancel, kill]);
    const leave = await takeTurns([
      () => parallel.take(patience),
      () => enterGroup(groups, run.repository, job.concurrency, scope, own, patience),
      () => slots.take(patience),
    ]);
    if (!leave) return changeJob(office, run, record.id, (each) => cancelled(office, each, own.signal));
    try {
      const order = { run, workflow, job, id: record.id, contexts: { ...contexts, matrix, strategy }, cancel, kill };
      const ended = await runJob(office, order);
      if (failFast && ended.conclusion === "failure" && !ended.continueOnError) others.abort();
      return ended;
    } finally {
      leave();
    }
  };
  return Promise.all(begun.map(runCell));
}

type Leave = () => void;

/** Waits in one line after the other; leaves those already passed where a later one is called off. */
async function takeTurns(lines: readonly (() => Promise<Leave | undefined>)[]): Promise<Leave | undefined> {
  const passed: Leave[] = [];
  const leave = (): void => passed.toReversed().forEach((each) => each());
  for (const line of lines) {
    const turn = await line();
    if (!turn) {
      leave();
      return undefined;
    }
    passed.push(turn);
  }
  return leave;
}

const cancelled = (office: Office, job: JobRecord, own: AbortSignal): JobRecord => ({
  ...job,
  status: "completed",
  conclusion: "cancelled",
  completedAt: office.timestamp(),
  annotations: own.aborted ? [...job.annotations, { level: "error", message: String(own.reason) }] : job.annotations,
});

/** A name that is an expression tells the cells of a matrix apart by itself. */
const cellName = (job: WorkflowJob, scope: Scope, cell: Fields): string => {
  const name = evaluateText(job.name, scope) || job.key;
  return job.name && isBasicExpression(job.name) ? name : name + matrixSuffix(cell);
};
