import type { Fields, Value } from "../language/expressions.ts";
import type { RunDefaults } from "../language/workflow.ts";
import type { Annotation, Conclusion, Office, RunRecord } from "../records.ts";
import type { JobLog } from "./log.ts";
import type { Masker } from "./masker.ts";

/** A job under way: what its steps share and change. */
export interface JobSession {
  readonly office: Office;
  readonly run: RunRecord;
  readonly jobId: number;
  readonly folders: JobFolders;
  readonly masker: Masker;
  readonly log: JobLog;
  /** Of the machine and of the cloud; a workflow may set others over it. */
  readonly machineEnv: Readonly<Record<string, string>>;
  /** `GITHUB_*`, `RUNNER_*`, `CI`: a workflow can't change them. */
  readonly fixedEnv: Readonly<Record<string, string>>;
  /** The `env` context of the job: of the workflow, of the job, and what steps put into GITHUB_ENV. */
  readonly env: Record<string, string>;
  /** Put before PATH; the first is searched first. */
  readonly path: string[];
  /** All contexts that stay the same for every step. */
  readonly contexts: Readonly<Record<string, Value>>;
  readonly github: Fields;
  readonly defaults: readonly RunDefaults[];
  readonly token: string;
  readonly debug: boolean;
  status: "success" | "failure" | "cancelled";
  /** Ran at the end of the job, the last first. */
  readonly posts: PostStep[];
  /** Process groups that steps left in the background. */
  readonly leftovers: Set<number>;
  /** A person, a newer run or the time limit ends the job; steps with `always()` still run. */
  readonly cancel: AbortSignal;
  /** The cloud stops: everything ends. */
  readonly kill: AbortSignal;
  readonly annotate: (annotation: Annotation) => void;
  readonly summarize: (markdown: string) => void;
}

export interface JobFolders {
  /** All of the job; removed when it ends. */
  readonly root: string;
  readonly workspace: string;
  readonly temp: string;
  readonly home: string;
  readonly tools: string;
}

export interface PostStep {
  readonly name: string;
  readonly condition: string;
  run(signal: AbortSignal): Promise<void>;
}

/** Ends a step as failed; its message is the `##[error]` line. */
export class StepFailure extends Error {
  override readonly name = "StepFailure";
}

/** One step's standing in the `steps` context. */
export interface StepResult {
  readonly outputs: Readonly<Record<string, string>>;
  /** Before `continue-on-error`. */
  readonly outcome: Conclusion;
  /** After it. */
  readonly conclusion: Conclusion;
}
