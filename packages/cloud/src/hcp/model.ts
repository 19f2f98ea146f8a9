/** What HCP Terraform keeps, as rows of the local cloud's store. Blobs (archives, states, logs) are files. */
import { join } from "node:path";
import type { Collection } from "../kit/store.ts";
import type { CloudContext, TerraformRunner } from "../ports.ts";

export interface HcpOptions {
  /** Carries runs out; handed in, so that this stand-in shares no code with its clients. */
  readonly terraform: TerraformRunner;
  /** The one API token that is good here. */
  readonly token: string;
  /** The organization that stands in the addresses given to clients. Any other is there as soon as it is asked for. */
  readonly organization: string;
}

export type Hcp = HcpOptions & Collections & { readonly context: CloudContext; readonly folder: string };

export interface Collections {
  readonly projects: Collection<Project>;
  readonly workspaces: Collection<Workspace>;
  readonly variables: Collection<Variable>;
  readonly variableSets: Collection<VariableSet>;
  readonly configurations: Collection<ConfigurationVersion>;
  readonly runs: Collection<Run>;
  /** Id of a plan or an apply → its run. */
  readonly phases: Collection<{ readonly runId: string }>;
  readonly states: Collection<StateVersion>;
  /** Unguessable keys of URLs that carry no Authorization. */
  readonly links: Collection<Link>;
}

export interface Link {
  readonly purpose: "configuration" | "state" | "json-state" | "log";
  readonly id: string;
}

export interface Project {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly description?: string;
  readonly createdAt: string;
}

export interface Lock {
  readonly type: "users" | "runs";
  readonly id: string;
  readonly reason: string;
}

export interface Workspace {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  /** Settable attributes under the API's own names, `auto-apply`. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tagNames: readonly string[];
  readonly tagBindings: readonly { readonly key: string; readonly value: string }[];
  readonly remoteStateConsumers: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lock?: Lock;
  readonly currentRunId?: string;
  readonly latestRunId?: string;
  readonly stateVersionId?: string;
  readonly configurationVersionId?: string;
}

export interface Variable {
  readonly id: string;
  readonly owner: { readonly type: "workspaces" | "varsets"; readonly id: string };
  readonly key: string;
  readonly value: string;
  readonly description: string;
  readonly category: "terraform" | "env";
  readonly hcl: boolean;
  readonly sensitive: boolean;
  readonly versionId: string;
  readonly createdAt: string;
}

export interface VariableSet {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly description: string;
  readonly global: boolean;
  readonly priority: boolean;
  readonly workspaceIds: readonly string[];
  readonly projectIds: readonly string[];
  readonly updatedAt: string;
}

export interface ConfigurationVersion {
  readonly id: string;
  readonly workspaceId: string;
  readonly status: "pending" | "uploaded" | "errored";
  readonly speculative: boolean;
  readonly provisional: boolean;
  readonly autoQueueRuns: boolean;
  readonly uploadKey: string;
  readonly uploadedAt?: string;
}

export interface StateVersion {
  readonly id: string;
  readonly workspaceId: string;
  readonly runId?: string;
  readonly status: "pending" | "finalized";
  readonly serial: number;
  readonly lineage: string;
  readonly md5: string;
  readonly terraformVersion: string;
  readonly intermediate: boolean;
  readonly createdAt: string;
  readonly size: number;
  readonly stateKey: string;
  readonly jsonStateKey: string;
  readonly hasJsonState: boolean;
  /** Instances of managed resources. */
  readonly resourceCount: number;
  readonly outputs: readonly { readonly id: string; readonly name: string }[];
}

export type PhaseStatus = "pending" | "queued" | "running" | "finished" | "errored" | "canceled" | "unreachable";

/** A plan or an apply. */
export interface Phase {
  readonly id: string;
  readonly status: PhaseStatus;
  readonly timestamps: Readonly<Record<string, string>>;
  readonly logKey: string;
  readonly additions: number;
  readonly changes: number;
  readonly destructions: number;
}

export type RunStatus =
  | "pending"
  | "planning"
  | "planned"
  | "planned_and_finished"
  | "planned_and_saved"
  | "confirmed"
  | "apply_queued"
  | "applying"
  | "applied"
  | "errored"
  | "discarded"
  | "canceled";

export interface Run {
  readonly id: string;
  readonly workspaceId: string;
  readonly configurationVersionId: string;
  readonly status: RunStatus;
  readonly timestamps: Readonly<Record<string, string>>;
  readonly message: string;
  readonly createdAt: string;
  readonly hasChanges: boolean;
  readonly autoApply: boolean;
  readonly isDestroy: boolean;
  readonly planOnly: boolean;
  readonly savePlan: boolean;
  readonly refresh: boolean;
  readonly refreshOnly: boolean;
  readonly allowEmptyApply: boolean;
  readonly targetAddrs: readonly string[];
  readonly replaceAddrs: readonly string[];
  /** Values are HCL expressions. */
  readonly variables: readonly { readonly key: string; readonly value: string }[];
  readonly terraformVersion: string;
  readonly plan: Phase;
  readonly apply: Phase;
}

export const userId = "user-localcloudoperator";
export const userName = "local-cloud-operator";
export const defaultTerraformVersion = "1.11.4";

const finished: readonly RunStatus[] = ["planned_and_finished", "applied", "errored", "discarded", "canceled"];
export const isFinished = (run: Run): boolean => finished.includes(run.status);

/** Runs that hold neither the queue nor the lock while they plan. */
export const isDetached = (run: Run): boolean => run.planOnly || run.savePlan;

export function openHcp(context: CloudContext, options: HcpOptions): Hcp {
  const collection = <T extends object>(name: string): Collection<T> => context.store.collection<T>(`hcp.${name}`);
  const hcp: Hcp = {
    ...options,
    context,
    folder: join(context.folder, "hcp"),
    projects: collection("projects"),
    workspaces: collection("workspaces"),
    variables: collection("variables"),
    variableSets: collection("variableSets"),
    configurations: collection("configurations"),
    runs: collection("runs"),
    phases: collection("phases"),
    states: collection("states"),
    links: collection("links"),
  };
  defaultProject(hcp, options.organization);
  return hcp;
}

/** Every organization has one from its birth; it can't be deleted. */
export function defaultProject(hcp: Hcp, organization: string): Project {
  const existing = hcp.projects.list((project) => project.organization === organization)[0];
  if (existing) return existing;
  const id = hcp.context.ids.prefixed("prj");
  return hcp.projects.put(id, { id, organization, name: "Default Project", createdAt: timestamp(hcp) });
}

/** The organization of a workspace is that of its project. */
export const organizationOf = (hcp: Hcp, { projectId }: Pick<Workspace, "projectId">): string =>
  hcp.projects.get(projectId)?.organization ?? hcp.organization;

export const workspacesOf = (hcp: Hcp, organization: string): Workspace[] => {
  const projects = new Set(hcp.projects.list((project) => project.organization === organization).map(({ id }) => id));
  return hcp.workspaces.list(({ projectId }) => projects.has(projectId));
};

export const timestamp = (hcp: Hcp): string => hcp.context.now().toISOString();
export const url = (hcp: Hcp, path: string): string => `${hcp.context.url("hcp")}${path}`;
