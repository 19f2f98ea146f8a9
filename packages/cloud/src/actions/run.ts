import { githubContext } from "./contexts.ts";
import { matrixOf, runCells } from "./cells.ts";
import { notRun, type Execution } from "./execution.ts";
import { enterGroup } from "./turns.ts";
import { evaluateText, holds, type Fields, type Scope } from "./language/expressions.ts";
import { parseWorkflowFile, type Workflow, type WorkflowJob } from "./language/workflow.ts";
import type { Conclusion, JobRecord } from "./records.ts";

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
  const leave = await enterGroup(execution.groups, run.repository, workflow.concurrency, { contexts }, cancel, kill);
  if (!leave) return "cancelled";
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
    leave();
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
