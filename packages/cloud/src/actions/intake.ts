import type { RepositoryEvent } from "../ports.ts";
import { shortRef, githubContext } from "./contexts.ts";
import { commitMessage, workflowFiles } from "./git.ts";
import { evaluateText } from "./language/expressions.ts";
import { parseWorkflowFile, type Workflow } from "./language/workflow.ts";
import {
  nextRunNumber,
  removeRecords,
  workflowRecord,
  type Annotation,
  type Office,
  type RunRecord,
} from "./records.ts";
import { asksToSkip, dispatchInputs, leavesNoCommit, pullRequestOf, triggers } from "./triggers.ts";

/**
 * Records the runs that an event asks for, by the workflow files of its own commit: queued, or failed already where
 * the file is wrong.
 */
export async function createRuns(office: Office, event: RepositoryEvent): Promise<readonly RunRecord[]> {
  if (leavesNoCommit(event)) return [];
  const gitFolder = office.github.repositoryPath(event.repository);
  const headSha = pullRequestOf(event.payload)?.head.sha ?? event.sha;
  const manual = event.event === "workflow_dispatch";
  if (!manual && asksToSkip(await commitMessage(gitFolder, headSha))) return [];
  const repositoryId = await currentRepository(office, event.repository);
  const runs: RunRecord[] = [];
  for (const file of await workflowFiles(gitFolder, event.sha)) {
    if (manual && !file.path.endsWith(`/${event.workflow?.replace(/^.*\//, "")}`)) continue;
    const { value: workflow, errors } = await parseWorkflowFile(file.path, file.content);
    if (!workflow) {
      // What an unreadable file would have been triggered by nobody knows: GitHub reports it once, with the push.
      if (event.event === "push" || manual)
        runs.push(await record(office, event, repositoryId, file, undefined, errors));
    } else if (await triggers(workflow, event, gitFolder)) {
      runs.push(await record(office, event, repositoryId, file, workflow, []));
    }
  }
  return runs;
}

/** The repository's id. What is left of a deleted one that had its name goes. */
async function currentRepository(office: Office, repository: string): Promise<number> {
  const { id } = (await office.github.repositoryPayload(repository)) as { id: number };
  const earlier = office.runs.list((run) => run.repository === repository && run.repositoryId !== id);
  if (earlier.length > 0) await removeRecords(office, repository);
  return id;
}

async function record(
  office: Office,
  event: RepositoryEvent,
  repositoryId: number,
  file: { readonly path: string; readonly content: string },
  workflow: Workflow | undefined,
  errors: readonly string[],
): Promise<RunRecord> {
  const { repository } = event;
  const pull = pullRequestOf(event.payload);
  const dispatched =
    workflow && event.event === "workflow_dispatch"
      ? dispatchInputs(workflow, event.payload["inputs"])
      : { inputs: {}, errors: [] };
  const problems = [...errors, ...dispatched.errors];
  const at = office.timestamp();
  const message = await commitMessage(office.github.repositoryPath(repository), pull?.head.sha ?? event.sha);
  const run: RunRecord = {
    id: office.context.ids.next("actions.run"),
    repository,
    repositoryId,
    workflow: {
      id: workflowRecord(office, repository, file.path).id,
      path: file.path,
      name: workflow?.name ?? file.path,
      source: file.content,
    },
    number: nextRunNumber(office, repository, file.path),
    attempt: 1,
    title: pull?.title ?? (event.event === "push" ? (message.split("\n", 1)[0] ?? "") : (workflow?.name ?? file.path)),
    event: event.event,
    ref: event.ref,
    sha: event.sha,
    headSha: pull?.head.sha ?? event.sha,
    headBranch: pull?.head.ref ?? shortRef(event.ref),
    headRef: pull?.head.ref ?? "",
    baseRef: pull?.base.ref ?? "",
    actor: event.actor,
    payload: event.payload,
    inputs: dispatched.inputs,
    status: problems.length > 0 ? "completed" : "queued",
    ...(problems.length > 0 && { conclusion: "failure" }),
    createdAt: at,
    startedAt: at,
    updatedAt: at,
    annotations: problems.map((problem): Annotation => ({ level: "error", message: problem, file: file.path })),
  };
  const title = workflow?.runName && (await runTitle(office, run, workflow));
  return office.runs.put(run.id, title ? { ...run, title } : run);
}

async function runTitle(office: Office, run: RunRecord, workflow: Workflow): Promise<string> {
  const github = await githubContext(office, run);
  const vars = await office.github.variables(run.repository, undefined);
  return evaluateText(workflow.runName, { contexts: { github, inputs: run.inputs, vars } }).trim();
}
