import type { ResourceAction, Secret } from "@doge/core";
import type { VariableValue } from "@doge/engine";
import type { WorkspaceName } from "../workspaces/names.ts";

/** A workspace as a run needs it. */
export interface WorkspaceDefinition {
  readonly name: WorkspaceName;
  /** Name in HCP Terraform: `<slug>-<name>`. */
  readonly fullName: string;
  /** Where its runs happen: its own machine for what only this machine has, or HCP. */
  readonly execution: "remote" | "local";
  /** Terraform JSON documents by file name: ours as `main.tf.json`, the user's own beside it. */
  readonly documents: Readonly<Record<string, string>>;
  /** What else lies beside the user's documents, for `file` and `templatefile`: by path from the working directory. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Values of variables that are given here and not kept in HCP. */
  readonly variables: Readonly<Record<string, Secret>>;
}

export interface RunOptions {
  readonly destroy?: boolean;
  readonly refreshOnly?: boolean;
  readonly targets?: readonly string[];
  readonly replace?: readonly string[];
  /** Never applied: a plan to look at. */
  readonly speculative?: boolean;
  /** To be saved, and applied by a later command. */
  readonly keep?: boolean;
  /** False: believe the state, ask no vendor. */
  readonly refresh?: boolean;
  /** Given with this run; they win over the workspace's own. */
  readonly variables?: Readonly<Record<string, VariableValue>>;
  /** Calls at once; 10 unless told. HCP Terraform decides for itself. */
  readonly parallelism?: number;
  /** Shown in HCP's list of runs. */
  readonly message?: string;
  readonly signal?: AbortSignal;
}

/** An object that is there already, to be managed from now on. */
export interface Import {
  readonly to: string;
  readonly id: string;
}

export interface WorkspaceRunOptions extends RunOptions {
  readonly imports?: readonly Import[];
}

export interface Counts {
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
}

export interface PlannedChange {
  readonly address: string;
  readonly action: ResourceAction;
}

/** What a run would change. The same shape from every executor, so that views and comments need only one. */
export interface PlannedRun {
  readonly workspace: WorkspaceName;
  readonly destroy: boolean;
  readonly counts: Counts;
  readonly hasChanges: boolean;
  readonly changes: readonly PlannedChange[];
  /** For people, as Terraform shows it; sensitive values masked. */
  readonly text: string;
  /** Where to read on, where the executor has a page for it. */
  readonly url?: string;
  /** The plan in Terraform's JSON format 1.2; undefined where the executor may not read it. */
  readonly json: unknown;
  /** What `resume` needs to take this plan up again. Holds secrets. */
  save(): Promise<string>;
  /** Carries out exactly this plan. Throws DogeError; what was done until then is in the state. */
  apply(): Promise<AppliedRun>;
  /** Lets go of a plan that will not be applied: unlocks the workspace. */
  discard(): Promise<void>;
}

export interface AppliedRun {
  readonly workspace: WorkspaceName;
  readonly counts: Counts;
  readonly url?: string;
}

/** Carries runs out. */
export interface Executor {
  readonly name: "hcp" | "native" | "terraform";
  /** Throws DogeError where the plan fails. */
  plan(workspace: WorkspaceDefinition, options?: RunOptions): Promise<PlannedRun>;
  /** Takes up what `save` returned, in another process. Throws DogeError where it can't be applied any more. */
  resume(workspace: WorkspaceDefinition, saved: string, options?: RunOptions): Promise<PlannedRun>;
}

/** Changes that a plan counts, from Terraform's plan JSON 1.2 (`resource_changes`). */
export function changesOf(planJson: unknown): readonly PlannedChange[] {
  const document = planJson as {
    readonly resource_changes?: readonly { address: string; mode?: string; change: { actions: readonly string[] } }[];
  };
  return (document.resource_changes ?? [])
    .map(({ address, change }) => ({ address, action: actionOf(change.actions) }))
    .filter(({ action }) => action !== "no-op" && action !== "read");
}

function actionOf(actions: readonly string[]): ResourceAction {
  if (actions.length === 2) return "replace";
  const [action] = actions;
  return action === "create" || action === "update" || action === "delete" || action === "read" || action === "forget"
    ? action
    : "no-op";
}
