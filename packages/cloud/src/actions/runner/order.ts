import { join } from "node:path";
import type { Fields } from "../language/expressions.ts";
import type { Workflow, WorkflowJob } from "../language/workflow.ts";
import type { Office, RunRecord } from "../records.ts";

/** One job to be run: a cell of the matrix where there is one. */
export interface JobOrder {
  readonly run: RunRecord;
  readonly workflow: Workflow;
  readonly job: WorkflowJob;
  readonly id: number;
  readonly contexts: {
    readonly github: Fields;
    readonly needs: Fields;
    readonly matrix: Fields | null;
    readonly strategy: Fields;
    readonly inputs: Fields;
  };
  readonly cancel: AbortSignal;
  readonly kill: AbortSignal;
}

export const logFile = (office: Office, jobId: number): string =>
  join(office.context.folder, "actions", "logs", `${jobId}.log`);
export const jobFolder = (office: Office, jobId: number): string =>
  join(office.context.folder, "actions", "jobs", String(jobId));
