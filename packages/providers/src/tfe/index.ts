/** HCP Terraform: workspaces, variables and variable sets. */
import { defineProvider } from "@doge/engine";
import { type Tfe, configure, providerSchema } from "./configure.ts";
import { organizationData } from "./organization.ts";
import { variable } from "./variable.ts";
import { variableSet } from "./variable-set.ts";
import { workspace } from "./workspace.ts";
import { workspaceData } from "./workspace-data.ts";
import { workspaceVariableSet } from "./workspace-variable-set.ts";

export { organizationData, variable, variableSet, workspace, workspaceData, workspaceVariableSet };
export { createTfe, type TfeApi } from "./client.ts";
export { related } from "./client/jsonapi.ts";
export type { TfeOptions } from "./client/jsonapi.ts";
export type { ConfigurationVersion, Phase, Phases, Plans, Run, RunRequest } from "./client/runs.ts";
export type { StateOutput, StateVersion } from "./client/state-versions.ts";
export type { Owner, Variable, VariableAttributes, VariableSet } from "./client/variables.ts";
export type { Organization, Workspace, WorkspaceRequest } from "./client/workspaces.ts";
export { endedRuns, failedRuns } from "./client/runs.ts";
export { hcpStateStore } from "./state-store.ts";
export type { Tfe };

export const tfe = defineProvider<Tfe>({
  name: "tfe",
  source: "hashicorp/tfe",
  version: "0.80.0",
  schema: providerSchema,
  resources: [workspace, variable, variableSet, workspaceVariableSet],
  dataSources: [organizationData, workspaceData],
  configure,
});
