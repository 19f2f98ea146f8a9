import {
  type Checks,
  type Packages,
  type Statuses,
  type WorkflowRuns,
  checks,
  packages,
  statuses,
  workflowRuns,
} from "./client/checks.ts";
import { type Issues, issues } from "./client/issues.ts";
import { type GitHubOptions, transport } from "./client/octokit.ts";
import { type Protections, protections } from "./client/protections.ts";
import { type Comments, type Pulls, comments, pulls } from "./client/pulls.ts";
import { type Refs, type Repositories, type Users, refs, repositories, users } from "./client/repositories.ts";
import {
  type ActionsVariables,
  type Environments,
  type Secrets,
  actionsVariables,
  environments,
  secrets,
} from "./client/secrets.ts";

/** GitHub's API, noun by noun. "Not there" is undefined; everything else that fails is an ApiError. */
export interface GitHubApi {
  readonly users: Users;
  readonly repositories: Repositories;
  readonly refs: Refs;
  readonly protections: Protections;
  readonly secrets: Secrets;
  readonly variables: ActionsVariables;
  readonly environments: Environments;
  readonly pulls: Pulls;
  readonly issues: Issues;
  readonly comments: Comments;
  readonly checks: Checks;
  readonly statuses: Statuses;
  readonly workflowRuns: WorkflowRuns;
  readonly packages: Packages;
}

export function createGitHub(options: GitHubOptions): GitHubApi {
  const github = transport(options);
  return {
    users: users(github),
    repositories: repositories(github),
    refs: refs(github),
    protections: protections(github),
    secrets: secrets(github),
    variables: actionsVariables(github),
    environments: environments(github),
    pulls: pulls(github),
    issues: issues(github),
    comments: comments(github),
    checks: checks(github),
    statuses: statuses(github),
    workflowRuns: workflowRuns(github),
    packages: packages(github),
  };
}
