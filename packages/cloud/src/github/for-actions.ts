import type { GitHubForActions, GitHubIdentity } from "../ports.ts";
import { actionsBot } from "./access.ts";
import { addDeploymentStatus } from "./deployments.ts";
import { ensureEnvironment } from "./environments.ts";
import type { Hub } from "./hub.ts";
import type { RepositoryDocument } from "./model.ts";
import { matches, ruleFor } from "./protection.ts";
import { environmentScope, findEnvironment, findRepository, fullName, repositoryScope } from "./records.ts";
import { openSecrets, variablesIn } from "./secrets.ts";
import { fullRepository } from "./views/repositories.ts";

/** What jobs get from GitHub's back end rather than from its API. */
export function forActions(hub: Hub): GitHubForActions {
  const { records, access } = hub;
  const find = (name: string): RepositoryDocument => {
    const [owner = "", repo = ""] = name.split("/");
    const repository = findRepository(records, owner, repo);
    if (!repository) throw new Error(`no repository ${name}`);
    return repository;
  };
  /** The scopes that a job sees, the stronger last. */
  const scopes = (repository: RepositoryDocument, name: string | undefined): string[] => {
    const environment = name === undefined ? undefined : findEnvironment(records, repository, name);
    return [repositoryScope(repository), ...(environment ? [environmentScope(environment)] : [])];
  };

  return {
    repositoryPath: (repository) => hub.git(find(repository)).path,
    repositoryPayload: async (name) => {
      const repository = find(name);
      const viewer: GitHubIdentity = {
        login: actionsBot.login,
        scopes: ["contents:read"],
        repository: fullName(repository),
      };
      return fullRepository(hub, repository, viewer);
    },
    secrets: async (repository, environment) => {
      const found = await Promise.all(scopes(find(repository), environment).map((scope) => openSecrets(hub, scope)));
      return Object.assign({}, ...found) as Record<string, string>;
    },
    variables: async (repository, environment) => {
      const found = scopes(find(repository), environment).flatMap((scope) => variablesIn(hub, scope));
      return Object.fromEntries(found.map(({ name, value }) => [name, value]));
    },
    environment: async (name, environmentName, ref) => {
      const repository = find(name);
      const environment = findEnvironment(records, repository, environmentName);
      if (!environment) return undefined;
      const policy = environment.deploymentBranchPolicy;
      if (!policy) return { allowed: true };
      const [, kind, short = ""] = /^refs\/(heads|tags)\/(.+)$/.exec(ref) ?? [];
      if (policy.protected_branches)
        return { allowed: kind === "heads" && ruleFor(hub, repository, short) !== undefined };
      const type = kind === "tags" ? "tag" : "branch";
      // A pull request's merge ref is matched by its full name, as GitHub does.
      const subject = kind === undefined ? ref : short;
      return {
        allowed: environment.branchPolicies.some((rule) => rule.type === type && matches(rule.name, subject)),
      };
    },
    mintToken: async (repository, permissions) => access.mint(find(repository), permissions),
    revokeToken: async (token) => void access.revoke(token),

    checkRun: async (name, check) => {
      const repository = find(name);
      const old = records.checkRuns.get(check.id);
      const { id, headSha, status, detailsUrl } = check;
      records.checkRuns.put(id, {
        externalId: "",
        title: null,
        summary: null,
        text: null,
        annotations: [],
        ...old,
        id,
        repository: repository.id,
        name: check.name,
        headSha,
        status,
        detailsUrl,
        conclusion: check.conclusion ?? null,
        startedAt: check.startedAt ?? old?.startedAt ?? null,
        completedAt: check.completedAt ?? null,
      });
    },

    deployment: async (name, wanted) => {
      const repository = find(name);
      const now = hub.now();
      ensureEnvironment(hub, repository, wanted.environment);
      const deployment =
        records.deployments.get(wanted.id) ??
        records.deployments.put(wanted.id, {
          id: wanted.id,
          repository: repository.id,
          environment: wanted.environment,
          ref: wanted.ref.replace(/^refs\/(heads|tags)\//, ""),
          sha: wanted.sha,
          task: "deploy",
          payload: {},
          description: null,
          creator: actionsBot.login,
          transient: false,
          production: /^prod(uction)?$/i.test(wanted.environment),
          createdAt: now,
          updatedAt: now,
          statuses: [],
        });
      addDeploymentStatus(hub, deployment, {
        state: wanted.state,
        description: "",
        environmentUrl: wanted.url ?? "",
        logUrl: wanted.logUrl,
        creator: actionsBot.login,
        supersede: true,
      });
    },
  };
}
