/** GitHub: branches and their protection, environments, secrets; and the API that the workflow uses directly. */
import { defineProvider } from "@doge/engine";
import { actionsEnvironmentSecret } from "./actions-environment-secret.ts";
import { actionsSecret } from "./actions-secret.ts";
import { actionsVariable } from "./actions-variable.ts";
import { branch } from "./branch.ts";
import { branchProtection } from "./branch-protection.ts";
import { type GitHub, configure, providerSchema } from "./configure.ts";
import { repositoryData } from "./repository.ts";
import { repositoryEnvironment } from "./repository-environment.ts";

export {
  actionsEnvironmentSecret,
  actionsSecret,
  actionsVariable,
  branch,
  branchProtection,
  repositoryData,
  repositoryEnvironment,
};
export { createGitHub, type GitHubApi } from "./client.ts";
export type { CheckRun, CommitStatus, Conclusion, WorkflowJob, WorkflowRun } from "./client/checks.ts";
export type { GitHubOptions, Repo } from "./client/octokit.ts";
export type { Comment, Pull } from "./client/pulls.ts";
export type { Repository, User } from "./client/repositories.ts";
export type { GitHub };

export const github = defineProvider<GitHub>({
  name: "github",
  source: "integrations/github",
  version: "6.13.0",
  schema: providerSchema,
  resources: [
    actionsSecret,
    actionsEnvironmentSecret,
    actionsVariable,
    branch,
    branchProtection,
    repositoryEnvironment,
  ],
  dataSources: [repositoryData],
  configure,
});
