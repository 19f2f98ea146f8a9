import type { Hono } from "hono";
import { saveEnvironment } from "../environments.ts";
import { notFound, unprocessable } from "../errors.ts";
import type { Hub } from "../hub.ts";
import type { BranchPolicy, EnvironmentDocument, RepositoryDocument } from "../model.ts";
import { nodeId } from "../nodes.ts";
import { deleteEnvironment, findEnvironment } from "../records.ts";
import { repositoryPage, repositoryUrl } from "../views/repositories.ts";
import { simpleUser } from "../views/users.ts";
import {
  enter,
  idOf,
  inputOf,
  oneOf,
  optional,
  page,
  param,
  requiredText,
  routes,
  type Call,
  type Env,
  type Input,
} from "./route.ts";

/** Environments and their deployment branch policies. */
export function environmentRoutes(hub: Hub): Hono<Env> {
  const app = routes();
  const list = "/repos/:owner/:repo/environments";
  const one = `${list}/:environment_name`;

  app.get(list, (c) => {
    const { repository } = enter(hub, c, "actions");
    const found = hub.records.environments.list((environment) => environment.repository === repository.id);
    return page(hub, c, found, (environment) => environmentBody(hub, repository, environment), "environments");
  });
  app.get(one, (c) => {
    const { repository } = enter(hub, c, "actions");
    return c.json(environmentBody(hub, repository, environmentOf(hub, c, repository)));
  });
  app.put(one, async (c) => {
    const { repository } = enter(hub, c, "environments", "write");
    const environment = putEnvironment(hub, repository, param(c, "environment_name"), await inputOf(c));
    return c.json(environmentBody(hub, repository, environment));
  });
  app.delete(one, (c) => {
    const { repository } = enter(hub, c, "environments", "write");
    const environment = environmentOf(hub, c, repository);
    hub.context.store.transaction(() => deleteEnvironment(hub.records, environment));
    return c.body(null, 204);
  });

  policyRoutes(hub, app, `${one}/deployment-branch-policies`);
  return app;
}

function policyRoutes(hub: Hub, app: Hono<Env>, base: string): void {
  const one = `${base}/:branch_policy_id`;
  const change = (environment: EnvironmentDocument, branchPolicies: readonly BranchPolicy[]): void => {
    hub.records.environments.put(environment.id, { ...environment, branchPolicies, updatedAt: hub.now() });
  };
  const policyOf = (c: Call, environment: EnvironmentDocument): BranchPolicy => {
    const id = idOf(c, "branch_policy_id");
    const policy = environment.branchPolicies.find((candidate) => candidate.id === id);
    if (!policy) throw notFound();
    return policy;
  };
  const body = (repository: RepositoryDocument, policy: BranchPolicy) => ({
    id: policy.id,
    node_id: nodeId("GABP", repository.id, policy.id),
    name: policy.name,
    type: policy.type,
  });

  app.get(base, (c) => {
    const { repository } = enter(hub, c, "actions");
    const { branchPolicies } = environmentOf(hub, c, repository);
    return page(hub, c, branchPolicies, (policy) => body(repository, policy), "branch_policies");
  });
  app.post(base, async (c) => {
    const { repository } = enter(hub, c, "environments", "write");
    const environment = environmentOf(hub, c, repository);
    if (!environment.deploymentBranchPolicy?.custom_branch_policies) throw notFound();
    const input = await inputOf(c);
    const name = requiredText(input, "name");
    const known = environment.branchPolicies.find((policy) => policy.name === name);
    if (known) return c.json(body(repository, known));
    const type = oneOf(input, "type", ["branch", "tag"]) ?? "branch";
    const policy = { id: hub.context.ids.next("github.branch-policies"), name, type };
    change(environment, [...environment.branchPolicies, policy]);
    return c.json(body(repository, policy));
  });
  app.get(one, (c) => {
    const { repository } = enter(hub, c, "actions");
    return c.json(body(repository, policyOf(c, environmentOf(hub, c, repository))));
  });
  app.put(one, async (c) => {
    const { repository } = enter(hub, c, "environments", "write");
    const environment = environmentOf(hub, c, repository);
    const policy = { ...policyOf(c, environment), name: requiredText(await inputOf(c), "name") };
    change(
      environment,
      environment.branchPolicies.map((candidate) => (candidate.id === policy.id ? policy : candidate)),
    );
    return c.json(body(repository, policy));
  });
  app.delete(one, (c) => {
    const { repository } = enter(hub, c, "environments", "write");
    const environment = environmentOf(hub, c, repository);
    const policy = policyOf(c, environment);
    change(
      environment,
      environment.branchPolicies.filter(({ id }) => id !== policy.id),
    );
    return c.body(null, 204);
  });
}

function environmentOf(hub: Hub, c: Call, repository: RepositoryDocument): EnvironmentDocument {
  const environment = findEnvironment(hub.records, repository, param(c, "environment_name"));
  if (!environment) throw notFound();
  return environment;
}

/** What is not given returns to its default, as on GitHub. */
function putEnvironment(hub: Hub, repository: RepositoryDocument, name: string, input: Input): EnvironmentDocument {
  const waitTimer = optional.integer(input, "wait_timer") ?? 0;
  if (waitTimer < 0 || waitTimer > 43_200) throw unprocessable("wait_timer must be between 0 and 43200 minutes");
  const policy = optional.object(input, "deployment_branch_policy");
  const protectedBranches = policy && (optional.boolean(policy, "protected_branches") ?? false);
  const customPolicies = policy && (optional.boolean(policy, "custom_branch_policies") ?? false);
  if (policy && protectedBranches === customPolicies) {
    throw unprocessable("protected_branches and custom_branch_policies cannot have the same value");
  }
  const reviewers = (Array.isArray(input["reviewers"]) ? (input["reviewers"] as Input[]) : []).map((reviewer) => ({
    type: oneOf(reviewer, "type", ["User", "Team"]) ?? ("User" as const),
    id: optional.integer(reviewer, "id") ?? 0,
  }));
  return saveEnvironment(hub, repository, name, {
    waitTimer,
    preventSelfReview: optional.boolean(input, "prevent_self_review") ?? false,
    reviewers,
    deploymentBranchPolicy: policy
      ? { protected_branches: protectedBranches ?? false, custom_branch_policies: customPolicies ?? false }
      : null,
  });
}

/** `environment`. */
function environmentBody(
  hub: Hub,
  repository: RepositoryDocument,
  environment: EnvironmentDocument,
): Record<string, unknown> {
  const { id, name, waitTimer, reviewers } = environment;
  const rule = (offset: number, type: string) => ({
    id: id * 10 + offset,
    node_id: nodeId("EN", repository.id, id * 10 + offset),
    type,
  });
  const accounts = hub.records.accounts.list();
  const reviewer = ({ type, id }: EnvironmentDocument["reviewers"][number]) => {
    const login = accounts.find((account) => account.id === id)?.login ?? "ghost";
    return { type, reviewer: simpleUser(hub, login) };
  };
  return {
    id,
    node_id: nodeId("EN", repository.id, id),
    name,
    url: `${repositoryUrl(hub, repository)}/environments/${encodeURIComponent(name)}`,
    html_url: `${repositoryPage(hub, repository)}/deployments/activity_log?environments_filter=${encodeURIComponent(name)}`,
    created_at: environment.createdAt,
    updated_at: environment.updatedAt,
    can_admins_bypass: true,
    protection_rules: [
      ...(waitTimer > 0 ? [{ ...rule(1, "wait_timer"), wait_timer: waitTimer }] : []),
      ...(reviewers.length > 0
        ? [
            {
              ...rule(2, "required_reviewers"),
              prevent_self_review: environment.preventSelfReview,
              reviewers: reviewers.map(reviewer),
            },
          ]
        : []),
      ...(environment.deploymentBranchPolicy ? [rule(3, "branch_policy")] : []),
    ],
    deployment_branch_policy: environment.deploymentBranchPolicy,
  };
}
