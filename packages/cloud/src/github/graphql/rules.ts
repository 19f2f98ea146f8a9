import type { Hub } from "../hub.ts";
import type { ProtectionRule, RepositoryDocument } from "../model.ts";
import { GraphqlError } from "./errors.ts";

export type RuleInput = Partial<
  Omit<ProtectionRule, "id" | "repository" | "creator"> & { requiredStatusChecks: { context: string }[] | null }
>;

type Rule = Omit<ProtectionRule, "id" | "repository" | "creator" | "pattern">;

/** What GitHub takes for what a new rule does not say. */
const defaults: Rule = {
  allowsDeletions: false,
  allowsForcePushes: false,
  blocksCreations: false,
  dismissesStaleReviews: false,
  isAdminEnforced: false,
  lockAllowsFetchAndMerge: false,
  lockBranch: false,
  requireLastPushApproval: false,
  requiredApprovingReviewCount: null,
  requiredDeploymentEnvironments: [],
  requiredStatusCheckContexts: [],
  requiresApprovingReviews: false,
  requiresCodeOwnerReviews: false,
  requiresCommitSignatures: false,
  requiresConversationResolution: false,
  requiresDeployments: false,
  requiresLinearHistory: false,
  requiresStatusChecks: false,
  requiresStrictStatusChecks: true,
  restrictsPushes: false,
  restrictsReviewDismissals: false,
  bypassForcePushActorIds: [],
  bypassPullRequestActorIds: [],
  pushActorIds: [],
  reviewDismissalActorIds: [],
};

/** The given fields over the old ones; null means "not given", as in GraphQL inputs of GitHub. */
function merged(old: Rule, input: RuleInput): Rule {
  const { requiredStatusChecks, ...fields } = input;
  const known = Object.keys(defaults);
  const given = Object.entries(fields).filter(
    ([name, value]) => known.includes(name) && value !== undefined && value !== null,
  );
  const rule: Rule = {
    ...old,
    ...Object.fromEntries(given),
    ...(requiredStatusChecks && { requiredStatusCheckContexts: requiredStatusChecks.map(({ context }) => context) }),
  };
  if (!rule.requiresApprovingReviews) return { ...rule, requiredApprovingReviewCount: null };
  const count = rule.requiredApprovingReviewCount ?? 1;
  if (count < 0 || count > 6) {
    throw new GraphqlError("UNPROCESSABLE", "Required approving review count must be between 0 and 6");
  }
  return { ...rule, requiredApprovingReviewCount: count };
}

function refuseTwins(hub: Hub, repository: number, pattern: string, id?: number): void {
  const twin = hub.records.rules.list((rule) => rule.repository === repository && rule.pattern === pattern)[0];
  if (twin && twin.id !== id) {
    throw new GraphqlError("UNPROCESSABLE", `Name already protected: ${pattern}`);
  }
}

export function createRule(
  hub: Hub,
  repository: RepositoryDocument,
  creator: string,
  pattern: string,
  input: RuleInput,
): ProtectionRule {
  if (pattern.trim() === "") throw new GraphqlError("UNPROCESSABLE", "Pattern can't be blank");
  refuseTwins(hub, repository.id, pattern);
  const id = hub.context.ids.next("github.branch-protection-rules");
  return hub.records.rules.put(id, { ...merged(defaults, input), id, repository: repository.id, creator, pattern });
}

export function updateRule(hub: Hub, old: ProtectionRule, input: RuleInput): ProtectionRule {
  const pattern = input.pattern ?? old.pattern;
  refuseTwins(hub, old.repository, pattern, old.id);
  return hub.records.rules.put(old.id, { ...old, ...merged(old, input), pattern });
}
