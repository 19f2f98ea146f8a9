/** The Doge workflow: a project's configuration, its five workspaces, executors, repository, CI and deploys. */
export { ciCheck, type CheckResult } from "./ci/check.ts";
export { ciDeploy } from "./ci/deploy.ts";
export { ciPlan } from "./ci/plan.ts";
export { ciWatch, isAlarm, type WatchResult } from "./ci/watch.ts";
export { defineProject, type ProjectConfig, type ProjectConfigInput } from "./config/schema.ts";
export { entriesOf, fieldProblem, projectJsonSchema, validateProject, type JsonSchema } from "./config/validate.ts";
export { choices, defaultOptions, type TemplateOptions } from "./create/options.ts";
export { projectFiles, type NewFile } from "./create/project-files.ts";
export { detectProject, type Facts } from "./create/adopt/detect.ts";
export { adoptedFiles, toolFolder } from "./create/adopt/files.ts";
export type { Template } from "./create/record.ts";
export { type TemplateUpdate, updateTemplate } from "./create/update.ts";
export { renderTemplate, withTool } from "./create/render.ts";
export { connectEnvironment } from "./deploy/connect.ts";
export { database } from "./deploy/database.ts";
export { deployEnvironment, rollbackEnvironment } from "./deploy/deploy.ts";
export { withDroplets } from "./deploy/droplets.ts";
export { prepareImage } from "./deploy/image.ts";
export { breakEnvironmentLease, environmentLease } from "./deploy/lease.ts";
export { environmentMaintenance } from "./deploy/maintenance.ts";
export { personOf } from "./deploy/person.ts";
export { type DeployResult } from "./deploy/receipt.ts";
export { environmentLogs } from "./deploy/logs.ts";
export { destroy, type DestroyResult } from "./destroy.ts";
export { type Check, doctor } from "./doctor.ts";
export { envDiff, type EnvDiff } from "./env/diff.ts";
export { envPush, type EnvPush } from "./env/push.ts";
export { finishRotation, rotated, type RotatedSecret, rotateSecrets, type Rotation } from "./env/rotate.ts";
export { costLine, type MonthlyCost, monthlyCost } from "./executors/cost.ts";
export type { PlannedChange, PlannedRun, RunOptions, WorkspaceRunOptions } from "./executors/executor.ts";
export { readPlan, type SavedPlan } from "./executors/saved-plan.ts";
export type { Project } from "./project.ts";
export { providers } from "./providers.ts";
export { createRepository, type RepositoryResult } from "./repository/create.ts";
export { applySaved, convergeWorkspace, planToFile, planWorkspace } from "./run-workspace.ts";
export { credentialsFile, loadSettings, Settings } from "./settings.ts";
export { editState, forceUnlock, pushState, readState, requireState, stateHolder } from "./state/edit.ts";
export { remoteStates } from "./state/remote-states.ts";
export { projectStatus, type ProjectStatus } from "./status.ts";
export { up, type UpResult } from "./up.ts";
export {
  cleanWorkspace,
  formatWorkspace,
  initWorkspace,
  updateWorkspace,
  validateWorkspace,
} from "./workspace-files.ts";
export {
  type EnvironmentName,
  environmentNames,
  isEnvironment,
  isWorkspace,
  type WorkspaceName,
  workspaceNames,
} from "./workspaces/names.ts";
