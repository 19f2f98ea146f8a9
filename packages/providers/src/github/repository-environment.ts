import { type Attributes, defineResource } from "@doge/engine";
import { blocksOf, complete, flag, number, required, sameWhenEmpty } from "../shared/attributes.ts";
import { computedNumber, computedString, identity, onOff } from "../shared/schema.ts";
import type { Environment, EnvironmentRequest } from "./client/secrets.ts";
import { type GitHub, idPart } from "./configure.ts";

const ids = { type: ["set", "number"], optional: true } as const;
const choice = { type: "bool", required: true } as const;

const schema = {
  description: "A place that workflows deploy to: who may, from where, and with which secrets.",
  attributes: {
    id: computedString,
    repository: identity,
    repository_id: computedNumber,
    environment: identity,
    can_admins_bypass: onOff(true),
    prevent_self_review: onOff(false),
    wait_timer: { type: "number", optional: true, same: sameWhenEmpty, description: "Minutes." },
  },
  blocks: {
    reviewers: {
      nesting: "list",
      maxItems: 1,
      block: { attributes: { teams: ids, users: ids } },
    },
    deployment_branch_policy: {
      nesting: "list",
      maxItems: 1,
      block: { attributes: { protected_branches: choice, custom_branch_policies: choice } },
    },
  },
} as const;

async function state(github: GitHub, seen: Environment, known: Attributes): Promise<Attributes> {
  const repository = required(known, "repository");
  const environment = required(known, "environment");
  const rules = seen.protection_rules ?? [];
  const review = rules.find((rule) => rule.type === "required_reviewers");
  const reviewers = (kind: string) =>
    (review?.reviewers ?? [])
      .filter((r) => r.type === kind)
      .flatMap((r) => r.reviewer?.id ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  return complete(schema, {
    id: `${idPart(repository)}:${idPart(environment)}`,
    repository,
    repository_id: known["repository_id"] ?? (await github.repository(repository)).id,
    environment,
    can_admins_bypass: seen.can_admins_bypass ?? true,
    prevent_self_review: review?.prevent_self_review ?? false,
    wait_timer: rules.find((rule) => rule.type === "wait_timer")?.wait_timer ?? null,
    reviewers: review ? [{ teams: reviewers("Team"), users: reviewers("User") }] : [],
    deployment_branch_policy: seen.deployment_branch_policy
      ? [
          {
            protected_branches: seen.deployment_branch_policy.protected_branches,
            custom_branch_policies: seen.deployment_branch_policy.custom_branch_policies,
          },
        ]
      : [],
  });
}

/**
 * Names a rule only where it is wanted, or was there: plans without protection rules refuse even the
 * mention of them.
 */
function request(config: Attributes, prior: Attributes): EnvironmentRequest {
  const wait = number(config, "wait_timer") ?? 0;
  const selfReview = flag(config, "prevent_self_review") ?? false;
  const bypass = flag(config, "can_admins_bypass") ?? true;
  const reviewers = reviewersOf(config);
  const policy = blocksOf(config, "deployment_branch_policy")[0];
  return {
    ...(wait > 0 || number(prior, "wait_timer") ? { wait_timer: wait } : {}),
    ...(selfReview || flag(prior, "prevent_self_review") ? { prevent_self_review: selfReview } : {}),
    ...(!bypass || flag(prior, "can_admins_bypass") === false ? { can_admins_bypass: bypass } : {}),
    ...(reviewers || reviewersOf(prior) ? { reviewers: reviewers ?? null } : {}),
    deployment_branch_policy: policy
      ? {
          protected_branches: flag(policy, "protected_branches") ?? false,
          custom_branch_policies: flag(policy, "custom_branch_policies") ?? false,
        }
      : null,
  };
}

function reviewersOf(attributes: Attributes): EnvironmentRequest["reviewers"] | undefined {
  const block = blocksOf(attributes, "reviewers")[0];
  if (!block) return undefined;
  const of = (type: "User" | "Team", name: string) => ((block[name] ?? []) as number[]).map((id) => ({ type, id }));
  return [...of("Team", "teams"), ...of("User", "users")];
}

async function observe(github: GitHub, known: Attributes): Promise<Attributes | undefined> {
  const at = github.at(required(known, "repository"));
  const seen = await github.api.environments.get(at, required(known, "environment"));
  return seen && state(github, seen, known);
}

export const repositoryEnvironment = defineResource<GitHub>()({
  type: "github_repository_environment",
  schemaVersion: 1,
  schema,
  read: observe,
  find: (github, { config }) => observe(github, config),

  // GitHub has one request for both, and makes an environment by itself when a workflow names one: there is
  // no telling a foreign one, and the official provider does not try.
  async reconcile(github, { config, prior, created }) {
    const at = github.at(required(config, "repository"));
    const seen = await github.api.environments.put(at, required(config, "environment"), request(config, prior ?? {}));
    const made = await state(github, seen, config);
    await created(made);
    return made;
  },

  remove: ({ api, at }, prior) =>
    api.environments.delete(at(required(prior, "repository")), required(prior, "environment")),

  importState(id) {
    const [repository = "", environment = ""] = id.split(":");
    return { id, repository, environment: environment.replaceAll("??", ":") };
  },
});
