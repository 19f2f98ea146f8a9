import { githubContext } from "./contexts.ts";
import { Slots, type ConcurrencyGroups } from "./concurrency.ts";
import { enterGroup, type Turn } from "./turns.ts";
import {
  evaluate,
  evaluateText,
  fieldsOf,
  holds,
  isBasicExpression,
  type Fields,
  type Scope,
} from "./language/expressions.ts";
import { expandMatrix, matrixSuffix } from "./language/matrix.ts";
import { parseWorkflowFile, type Workflow, type WorkflowJob } from "./language/workflow.ts";
import type { Conclusion, JobRecord, Office, RunRecord } from "./records.ts";
import { runJob } from "./runner/job.ts";
import { labelsOf } from "./runner/open.ts";
import { changeJob, publishCheck } from "./runner/publish.ts";

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

interface JobResult {
  readonly result: Conclusion;
  readonly outputs: Readonly<Record<string, string>>;
  /** Results of all jobs that it waited for, and its own: what `success()` of a job looks at. */
  readonly lineage: readonly Conclusion[];
}

/** Runs all jobs of a run in the order of their needs; resolves to the run's conclusion. */
export async function executeRun(execution: Execution): Promise<Conclusion> {
  const { office, run, cancel, kill } = execution;
  const { value: workflow } = await parseWorkflowFile(run.workflow.path, run.workflow.source);
  if (!workflow) throw new Error(`${run.workflow.path} was valid when this run began, and is not now`);
  const [github, vars] = await Promise.all([
    githubContext(office, run),
    office.github.variables(run.repository, undefined),
  ]);
  const contexts = { github, inputs: run.inputs, vars };
  const turn = await enterGroup(execution.groups, run.repository, workflow.concurrency, { contexts }, cancel, kill);
  if (!turn) return "cancelled";
  try {
    office.runs.update(run.id, (each) => ({
      ...each,
      status: "in_progress",
      startedAt: office.timestamp(),
      updatedAt: office.timestamp(),
    }));
    const results = new Map<string, Promise<JobResult>>();
    const resultOf = (key: string): Promise<JobResult> => {
      const job = workflow.jobs.find((each) => each.key.toLowerCase() === key.toLowerCase());
      if (!job) throw new Error(`${run.workflow.path} has no job ${key}`);
      const known = results.get(job.key);
      if (known) return known;
      const result = runLogicalJob(execution, workflow, job, contexts, resultOf);
      results.set(job.key, result);
      return result;
    };
    const conclusions = (await Promise.all(workflow.jobs.map((job) => resultOf(job.key)))).map((each) => each.result);
    if (cancel.signal.aborted || kill.aborted) return "cancelled";
    return overall(conclusions);
  } finally {
    turn.leave();
  }
}

function overall(results: readonly Conclusion[]): Conclusion {
  if (results.includes("failure")) return "failure";
  if (results.includes("cancelled")) return "cancelled";
  return results.length > 0 && results.every((each) => each === "skipped") ? "skipped" : "success";
}

/** A job of the workflow file: none, one or several jobs of the run, by its condition and its matrix. */
async function runLogicalJob(
  execution: Execution,
  workflow: Workflow,
  job: WorkflowJob,
  contexts: { readonly github: Fields; readonly inputs: Fields; readonly vars: Fields },
  resultOf: (key: string) => Promise<JobResult>,
): Promise<JobResult> {
  const { office, run, cancel, kill } = execution;
  const needed = await Promise.all(job.needs.map(async (key) => [key, await resultOf(key)] as const));
  const lineage = needed.flatMap(([, each]) => each.lineage);
  const needs = Object.fromEntries(needed.map(([key, { result, outputs }]) => [key, { result, outputs }]));
  const kept = execution.kept.get(job.key);
  if (kept) return keepJobs(execution, kept, lineage);

  const cancelled = cancel.signal.aborted || kill.aborted;
  const scope: Scope = {
    contexts: { ...contexts, needs },
    status: {
      success: !cancelled && lineage.every((each) => each === "success"),
      failure: !cancelled && lineage.includes("failure"),
      cancelled,
    },
  };
  try {
    if (kill.aborted || !holds(job.condition, scope)) {
      const conclusion = cancelled ? "cancelled" : "skipped";
      const ended = await notRun(execution, job, plainName(job, scope), { conclusion });
      return { result: conclusion, outputs: ended.outputs, lineage: [...lineage, conclusion] };
    }
    const { strategy, cells } = matrixOf(job, scope);
    const records = await runCells(execution, workflow, job, { ...contexts, needs }, strategy, cells);
    const result = overall(records.map((each) => (each.continueOnError ? "success" : (each.conclusion ?? "failure"))));
    const outputs = Object.assign({}, ...records.map((each) => filled(each.outputs))) as Record<string, string>;
    return { result, outputs, lineage: [...lineage, result] };
  } catch (thrown) {
    const message = (thrown as Error).message;
    office.context.log("github", `actions: ${run.repository} ${run.workflow.path} job ${job.key}: ${message}`);
    await notRun(execution, job, job.key, { conclusion: "failure", message });
    return { result: "failure", outputs: {}, lineage: [...lineage, "failure"] };
  }
}

/** Cells that leave an output empty don't erase what another gave. */
const filled = (outputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(outputs).filter(([, value]) => value !== ""));

interface Strategy {
  readonly failFast: boolean;
  readonly maxParallel: number;
}

function matrixOf(job: WorkflowJob, scope: Scope): { strategy: Strategy; cells: readonly Fields[] } {
  const strategy = fieldsOf(evaluate(job.strategy, scope));
  const matrix = strategy["matrix"] ?? null;
  const cells = expandMatrix(matrix);
  if (cells.length === 0) throw new Error(`The matrix of job '${job.key}' has no combination`);
  if (cells.length > 256)
    throw new Error(`The matrix of job '${job.key}' has ${cells.length} combinations; 256 are the most`);
  const maxParallel = Number(strategy["max-parallel"] ?? cells.length);
  return { strategy: { failFast: strategy["fail-fast"] !== false, maxParallel }, cells };
}

async function runCells(
  execution: Execution,
  workflow: Workflow,
  job: WorkflowJob,
  contexts: { readonly github: Fields; readonly inputs: Fields; readonly vars: Fields; readonly needs: Fields },
  { failFast, maxParallel }: Strategy,
  cells: readonly Fields[],
): Promise<JobRecord[]> {
  const { office, run, groups, kill } = execution;
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
    return { cell, matrix, strategy, scope, record: newJob(execution, job, cellName(job, scope, cell), cell, scope) };
  });
  for (const { record } of begun) await publishCheck(office, run, record);

  return Promise.all(
    begun.map(async ({ matrix, strategy, scope, record }) => {
      // A cancellation that came first is not lost on a group entered later.
      const own = new AbortController();
      const cancel = AbortSignal.any([execution.cancel.signal, others.signal, own.signal]);
      const waiting = AbortSignal.any([cancel, kill]);
      const leave: (() => void)[] = [];
      // `always()` runs in a cancelled run too.
      const survives = execution.cancel.signal.aborted;
      const taken = async (): Promise<boolean> => {
        const patience = survives ? kill : waiting;
        for (const slots of [parallel, execution.slots]) {
          if (slots === execution.slots) {
            const turn: Turn | undefined = await enterGroup(
              groups,
              run.repository,
              job.concurrency,
              scope,
              own,
              patience,
            );
            if (!turn) return false;
            leave.unshift(turn.leave);
          }
          const free = await slots.take(patience);
          if (!free) return false;
          leave.unshift(free);
        }
        return true;
      };
      try {
        const ended = (await taken())
          ? await runJob(office, {
              run,
              workflow,
              job,
              id: record.id,
              contexts: { ...contexts, matrix, strategy },
              cancel: survives ? AbortSignal.any([others.signal, own.signal]) : cancel,
              kill,
            })
          : await changeJob(office, run, record.id, (each) => cancelled(office, each, own.signal));
        if (failFast && ended.conclusion === "failure" && !ended.continueOnError) others.abort();
        return ended;
      } finally {
        for (const step of leave) step();
      }
    }),
  );
}

const cancelled = (office: Office, job: JobRecord, own: AbortSignal): JobRecord => ({
  ...job,
  status: "completed",
  conclusion: "cancelled",
  completedAt: office.timestamp(),
  annotations: own.aborted ? [...job.annotations, { level: "error", message: String(own.reason) }] : job.annotations,
});

function newJob(execution: Execution, job: WorkflowJob, name: string, matrix: Fields, scope: Scope): JobRecord {
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
async function notRun(
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

async function keepJobs(
  { office, run }: Execution,
  kept: readonly JobRecord[],
  lineage: readonly Conclusion[],
): Promise<JobResult> {
  for (const job of kept) {
    const id = office.context.ids.next("github.check-run");
    office.jobs.put(id, { ...job, id, attempt: run.attempt });
  }
  const result = overall(kept.map((job) => (job.continueOnError ? "success" : (job.conclusion ?? "failure"))));
  const outputs = Object.assign({}, ...kept.map((each) => filled(each.outputs))) as Record<string, string>;
  return { result, outputs, lineage: [...lineage, result] };
}

function plainName(job: WorkflowJob, scope: Scope): string {
  try {
    return evaluateText(job.name, scope) || job.key;
  } catch {
    return job.key;
  }
}

/** A name that is an expression tells the cells of a matrix apart by itself. */
const cellName = (job: WorkflowJob, scope: Scope, cell: Fields): string => {
  const name = evaluateText(job.name, scope) || job.key;
  return job.name && isBasicExpression(job.name) ? name : name + matrixSuffix(cell);
};
