import type { Attributes } from "@doge/engine";
import { blocksOf, complete, flag, number, required, sameWhenEmpty, sorted, strings } from "../shared/attributes.ts";
import { computedString, identity, onOff, requiredString, stringSet } from "../shared/schema.ts";
import type { Actors, ProtectionRule, Settings } from "./client/protections.ts";

const names = { type: stringSet, optional: true, same: sameWhenEmpty } as const;
const choice = { type: "bool", optional: true, same: sameWhenEmpty } as const;

export const protectionSchema = {
  description: "Rules for the branches of a pattern.",
  attributes: {
    id: computedString,
    repository_id: { ...identity, description: "Name or node id." },
    pattern: requiredString,
    enforce_admins: onOff(false),
    allows_deletions: onOff(false),
    allows_force_pushes: onOff(false),
    lock_branch: onOff(false),
    require_signed_commits: onOff(false),
    required_linear_history: onOff(false),
    require_conversation_resolution: onOff(false),
    force_push_bypassers: names,
  },
  blocks: {
    required_status_checks: {
      nesting: "list",
      maxItems: 1,
      block: {
        attributes: {
          strict: { ...choice, description: "The branch must be up to date." },
          contexts: { ...names, description: "Names of the checks." },
        },
      },
    },
    required_pull_request_reviews: {
      nesting: "list",
      maxItems: 1,
      block: {
        attributes: {
          required_approving_review_count: { type: "number", optional: true, default: 1 },
          require_code_owner_reviews: choice,
          dismiss_stale_reviews: choice,
          restrict_dismissals: choice,
          dismissal_restrictions: names,
          pull_request_bypassers: names,
          require_last_push_approval: onOff(false),
        },
      },
    },
    restrict_pushes: {
      nesting: "list",
      maxItems: 1,
      block: { attributes: { blocks_creations: onOff(true), push_allowances: names } },
    },
  },
} as const;

const reviewsOf = (attributes: Attributes): Attributes | undefined =>
  blocksOf(attributes, "required_pull_request_reviews")[0];
const checksOf = (attributes: Attributes): Attributes | undefined => blocksOf(attributes, "required_status_checks")[0];
const pushesOf = (attributes: Attributes): Attributes | undefined => blocksOf(attributes, "restrict_pushes")[0];

/** Actors by name, as the configuration has them. */
export const actorNames = (config: Attributes) => ({
  reviewDismissalActorIds: strings(reviewsOf(config) ?? {}, "dismissal_restrictions"),
  bypassPullRequestActorIds: strings(reviewsOf(config) ?? {}, "pull_request_bypassers"),
  pushActorIds: strings(pushesOf(config) ?? {}, "push_allowances"),
  bypassForcePushActorIds: strings(config, "force_push_bypassers"),
});

export function protectionSettings(config: Attributes): Settings & { readonly pattern: string } {
  const reviews = reviewsOf(config);
  const checks = checksOf(config);
  const pushes = pushesOf(config);
  const named = actorNames(config);
  const on = (attributes: Attributes | undefined, name: string): boolean =>
    (attributes !== undefined && flag(attributes, name)) || false;
  return {
    pattern: required(config, "pattern"),
    allowsDeletions: on(config, "allows_deletions"),
    // Whoever may force anyway is named: everybody else may not.
    allowsForcePushes: named.bypassForcePushActorIds.length > 0 ? false : on(config, "allows_force_pushes"),
    blocksCreations: on(pushes, "blocks_creations"),
    dismissesStaleReviews: on(reviews, "dismiss_stale_reviews"),
    isAdminEnforced: on(config, "enforce_admins"),
    lockBranch: on(config, "lock_branch"),
    requireLastPushApproval: on(reviews, "require_last_push_approval"),
    requiredApprovingReviewCount: reviews ? (number(reviews, "required_approving_review_count") ?? 1) : 0,
    requiredStatusCheckContexts: sorted(strings(checks ?? {}, "contexts")),
    requiresApprovingReviews: reviews !== undefined,
    requiresCodeOwnerReviews: on(reviews, "require_code_owner_reviews"),
    requiresCommitSignatures: on(config, "require_signed_commits"),
    requiresConversationResolution: on(config, "require_conversation_resolution"),
    requiresLinearHistory: on(config, "required_linear_history"),
    requiresStatusChecks: checks !== undefined,
    requiresStrictStatusChecks: on(checks, "strict"),
    restrictsPushes: pushes !== undefined,
    restrictsReviewDismissals: named.reviewDismissalActorIds.length > 0 || on(reviews, "restrict_dismissals"),
  };
}

/** `known`: configuration or state, whose spelling of the repository and of actors is kept. */
export function protectionState(rule: ProtectionRule, known: Attributes, owner: string): Attributes {
  const named = actorNames(known);
  const actors = (seen: Actors | null | undefined, spelled: readonly string[]): string[] | null => {
    const found = (seen?.nodes ?? []).flatMap(({ actor }) => {
      if (!actor) return [];
      if (spelled.includes(actor.id)) return [actor.id];
      if (actor.__typename === "Team") return [`${owner}/${actor.slug}`];
      return [actor.__typename === "User" ? `/${actor.login}` : actor.id];
    });
    return found.length > 0 ? sorted(found) : null;
  };
  return complete(protectionSchema, {
    id: rule.id,
    repository_id: known["repository_id"] ?? rule.repository.id,
    pattern: rule.pattern,
    enforce_admins: rule.isAdminEnforced,
    allows_deletions: rule.allowsDeletions,
    allows_force_pushes: rule.allowsForcePushes,
    lock_branch: rule.lockBranch ?? false,
    require_signed_commits: rule.requiresCommitSignatures,
    required_linear_history: rule.requiresLinearHistory,
    require_conversation_resolution: rule.requiresConversationResolution,
    force_push_bypassers: actors(rule.bypassForcePushAllowances, named.bypassForcePushActorIds),
    required_status_checks: rule.requiresStatusChecks
      ? [
          {
            strict: rule.requiresStrictStatusChecks,
            contexts: sorted(rule.requiredStatusCheckContexts ?? []),
          },
        ]
      : [],
    required_pull_request_reviews: rule.requiresApprovingReviews
      ? [
          {
            required_approving_review_count: rule.requiredApprovingReviewCount ?? 0,
            require_code_owner_reviews: rule.requiresCodeOwnerReviews,
            dismiss_stale_reviews: rule.dismissesStaleReviews,
            restrict_dismissals: rule.restrictsReviewDismissals,
            dismissal_restrictions: actors(rule.reviewDismissalAllowances, named.reviewDismissalActorIds),
            pull_request_bypassers: actors(rule.bypassPullRequestAllowances, named.bypassPullRequestActorIds),
            require_last_push_approval: rule.requireLastPushApproval ?? false,
          },
        ]
      : [],
    restrict_pushes: rule.restrictsPushes
      ? [
          {
            blocks_creations: rule.blocksCreations,
            push_allowances: actors(rule.pushAllowances, named.pushActorIds),
          },
        ]
      : [],
  });
}
