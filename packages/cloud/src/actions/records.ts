import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CloudContext, GitHubForActions } from "../ports.ts";
import type { Collection } from "../kit/store.ts";
import type { Fields } from "./language/expressions.ts";

export type Status = "queued" | "pending" | "in_progress" | "completed";
export type Conclusion = "success" | "failure" | "cancelled" | "skipped";

/** One run of a workflow. It keeps the file it came from, so that it can be run again as it was. */
export interface RunRecord {
  readonly id: number;
  readonly repository: string;
  /** GitHub's: a repository made again under an old name is another one. */
  readonly repositoryId: number;
  readonly workflow: { readonly id: number; readonly path: string; readonly name: string; readonly source: string };
  readonly number: number;
  readonly attempt: number;
  readonly title: string;
  readonly event: string;
  /** `refs/heads/stage`, `refs/pull/7/merge`. */
  readonly ref: string;
  /** What jobs check out: of a pull request its merge commit. */
  readonly sha: string;
  /** Where check runs go: of a pull request its last commit. */
  readonly headSha: string;
  readonly headBranch: string;
  /** Branches of a pull request. */
  readonly headRef: string;
  readonly baseRef: string;
  readonly actor: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly inputs: Fields;
  readonly status: Status;
  readonly conclusion?: Conclusion;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly updatedAt: string;
  /** Why it could not begin: errors in the workflow file, or the cancellation by its concurrency group. */
  readonly annotations: readonly Annotation[];
}

/** One job of one attempt: a cell where it has a matrix. Its id is the id of its check run. */
export interface JobRecord {
  readonly id: number;
  readonly runId: number;
  readonly attempt: number;
  /** The job's id in the workflow file. */
  readonly key: string;
  readonly name: string;
  readonly matrix: Fields;
  readonly labels: readonly string[];
  readonly status: Status;
  readonly conclusion?: Conclusion;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly completedAt?: string;
  readonly steps: readonly StepRecord[];
  readonly annotations: readonly Annotation[];
  readonly outputs: Readonly<Record<string, string>>;
  /** A failure counts as success for the run and for the jobs that need this one. */
  readonly continueOnError: boolean;
  readonly summary: string;
  readonly environment?: { readonly name: string; readonly url?: string };
}

export interface StepRecord {
  readonly number: number;
  readonly name: string;
  readonly status: "queued" | "in_progress" | "completed";
  readonly conclusion?: Conclusion;
  readonly startedAt?: string;
  readonly completedAt?: string;
}

export interface Annotation {
  readonly level: "error" | "warning" | "notice";
  readonly message: string;
  readonly title?: string;
  readonly file?: string;
  readonly line?: number;
}

export interface ArtifactRecord {
  readonly id: number;
  readonly repository: string;
  readonly runId: number;
  readonly name: string;
  readonly bytes: number;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface CacheRecord {
  readonly id: number;
  readonly repository: string;
  readonly key: string;
  /** The paths it was made of: only the same ones find it. */
  readonly version: string;
  readonly createdAt: string;
}

interface WorkflowRecord {
  readonly id: number;
  readonly repository: string;
  readonly path: string;
  readonly createdAt: string;
  readonly runs: number;
}

/** What every part of Actions works with. */
export interface Office {
  readonly context: CloudContext;
  readonly github: GitHubForActions;
  readonly runnerEnv: Readonly<Record<string, string>>;
  readonly graceMilliseconds: GracePeriods;
  readonly runs: Collection<RunRecord>;
  readonly jobs: Collection<JobRecord>;
  readonly artifacts: Collection<ArtifactRecord>;
  readonly caches: Collection<CacheRecord>;
  readonly workflows: Collection<WorkflowRecord>;
  readonly timestamp: () => string;
  /** For what nobody waits for, like removing a job's folder; `stop()` does. */
  readonly inBackground: (work: Promise<unknown>) => void;
}

/** How long a cancelled process has after SIGINT, and then after SIGTERM. */
export interface GracePeriods {
  readonly interrupt: number;
  readonly terminate: number;
}

export function openOffice(
  options: Pick<Office, "context" | "github" | "runnerEnv" | "graceMilliseconds" | "inBackground">,
): Office {
  const { store } = options.context;
  return {
    ...options,
    runs: store.collection("actions.runs"),
    jobs: store.collection("actions.jobs"),
    artifacts: store.collection("actions.artifacts"),
    caches: store.collection("actions.caches"),
    workflows: store.collection("actions.workflows"),
    timestamp: () => options.context.now().toISOString(),
  };
}

/** The workflow of a path: its id, and how many runs it had. Made when it is first seen. */
export function workflowRecord(
  { workflows, context, timestamp }: Office,
  repository: string,
  path: string,
): WorkflowRecord {
  const key = `${repository}/${path}`;
  const known = workflows.get(key);
  const id = known?.id ?? context.ids.next("actions.workflow");
  return known ?? workflows.put(key, { id, repository, path, createdAt: timestamp(), runs: 0 });
}

export function nextRunNumber(office: Office, repository: string, path: string): number {
  workflowRecord(office, repository, path);
  return office.workflows.update(`${repository}/${path}`, (record) => ({ ...record, runs: record.runs + 1 })).runs;
}

/** Jobs of one attempt, in order of their making. */
export const jobsOf = ({ jobs }: Office, run: Pick<RunRecord, "id" | "attempt">): JobRecord[] =>
  jobs.list((job) => job.runId === run.id && job.attempt === run.attempt);

/** Takes away all that is known of a repository's runs, with their logs, artifacts and caches. */
export async function removeRecords(office: Office, repository: string): Promise<void> {
  const { runs, jobs, artifacts, caches, workflows, context } = office;
  const gone: string[] = [];
  const remove = <T extends { readonly id: number }>(
    all: Collection<T>,
    where: (each: T) => boolean,
    path?: (id: number) => string,
  ): void => {
    for (const { id } of all.list(where)) {
      all.delete(id);
      if (path) gone.push(join(context.folder, "actions", path(id)));
    }
  };
  const ids = new Set(runs.list((run) => run.repository === repository).map((run) => run.id));
  remove(
    jobs,
    (job) => ids.has(job.runId),
    (id) => `logs/${id}.log`,
  );
  remove(
    artifacts,
    (each) => each.repository === repository,
    (id) => `artifacts/${id}`,
  );
  remove(
    caches,
    (each) => each.repository === repository,
    (id) => `caches/${id}.tar`,
  );
  remove(runs, (run) => ids.has(run.id));
  for (const [key, workflow] of workflows.entries()) if (workflow.repository === repository) workflows.delete(key);
  await Promise.all(gone.map((path) => rm(path, { recursive: true, force: true })));
}
