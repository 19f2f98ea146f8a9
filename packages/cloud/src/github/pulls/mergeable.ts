import { divergence } from "../git/history.ts";
import { mergeCommit } from "../git/merge.ts";
import type { Hub } from "../hub.ts";
import type { PullIssue, RepositoryDocument, Review } from "../model.ts";
import { checksOf, missingChecks, ruleFor } from "../protection.ts";
import { issueKey } from "../records.ts";

export interface MergeState {
  /** GitHub's `mergeable_state`. */
  readonly name: "draft" | "dirty" | "blocked" | "behind" | "unstable" | "clean";
  /** What branch protection still asks for, in GitHub's sentences. */
  readonly unmet: readonly string[];
}

/** GitHub as the committer of what it merges. */
export const webFlow = (date: string) => ({ name: "GitHub", email: "noreply@github.com", date });

/**
 * Looks again at what a pull request would merge: follows its branches, keeps `refs/pull/N/head` and the test
 * merge in `refs/pull/N/merge`. Answers with the pull request as it is now.
 */
export async function refreshPull(hub: Hub, repository: RepositoryDocument, issue: PullIssue): Promise<PullIssue> {
  const git = hub.git(repository);
  const { pull } = issue;
  const [base = pull.baseSha, head = pull.headSha] = await Promise.all([git.branch(pull.base), git.branch(pull.head)]);
  const fresh = pull.mergeSha !== null && base === pull.baseSha && head === pull.headSha;
  if (fresh) return issue;
  const date = hub.now();
  const merge = await mergeCommit(git, {
    base,
    head,
    message: `Merge ${head} into ${base}`,
    author: webFlow(date),
    committer: webFlow(date),
  });
  const pulls = `refs/pull/${issue.number}`;
  await git.updateRef(`${pulls}/head`, head);
  if (merge !== undefined) await git.updateRef(`${pulls}/merge`, merge);
  return updatePull(hub, repository, issue, {
    baseSha: base,
    headSha: head,
    mergeable: merge !== undefined,
    mergeSha: merge ?? pull.mergeSha,
  });
}

/** Changes the pull request's own part, on the newest document. */
export function updatePull(
  hub: Hub,
  repository: RepositoryDocument,
  issue: PullIssue,
  change: Partial<PullIssue["pull"]>,
  outer: Partial<Omit<PullIssue, "pull">> = {},
): PullIssue {
  const key = issueKey(repository, issue.number);
  return hub.records.issues.update(key, (current) => ({
    ...current,
    ...outer,
    pull: { ...issue.pull, ...current.pull, ...change },
  })) as PullIssue;
}

/** The last word of each reviewer: comments don't take an approval back. */
export function verdicts(hub: Hub, repository: RepositoryDocument, issue: PullIssue): Review[] {
  const last = new Map<string, Review>();
  const reviews = hub.records.reviews.list(
    (review) => review.repository === repository.id && review.pull === issue.number,
  );
  for (const review of reviews) {
    if (review.author !== issue.author && review.state !== "COMMENTED" && review.state !== "PENDING") {
      last.set(review.author, review);
    }
  }
  return [...last.values()].filter(({ author }) => hub.access.roleOf(author, repository) !== "read");
}

export async function mergeState(hub: Hub, repository: RepositoryDocument, issue: PullIssue): Promise<MergeState> {
  const { pull } = issue;
  const rule = ruleFor(hub, repository, pull.base);
  const unmet: string[] = [];
  let behind = false;
  if (rule) {
    const missing = missingChecks(hub, repository, rule, pull.headSha);
    if (missing !== undefined) unmet.push(missing);
    if (rule.requiresApprovingReviews) {
      const words = verdicts(hub, repository, issue);
      const approvals = words.filter(({ state }) => state === "APPROVED").length;
      const wanted = rule.requiredApprovingReviewCount ?? 1;
      if (words.some(({ state }) => state === "CHANGES_REQUESTED")) unmet.push("Changes have been requested.");
      if (approvals < wanted) {
        unmet.push(
          wanted === 1
            ? "At least 1 approving review is required by reviewers with write access."
            : `At least ${wanted} approving reviews are required by reviewers with write access.`,
        );
      }
    }
    if (rule.lockBranch) unmet.push("Cannot change this locked branch");
    if (rule.requiresStatusChecks && rule.requiresStrictStatusChecks) {
      behind = (await divergence(hub.git(repository), pull.baseSha, pull.headSha)).behind > 0;
      if (behind) unmet.push("Head branch is out of date. Review and try the merge again.");
    }
  }
  const checks = [...checksOf(hub, repository, pull.headSha).values()];
  const name = (): MergeState["name"] => {
    if (pull.draft) return "draft";
    if (!pull.mergeable) return "dirty";
    if (unmet.length > (behind ? 1 : 0)) return "blocked";
    if (behind) return "behind";
    return checks.some((state) => state !== "success") ? "unstable" : "clean";
  };
  return { name: name(), unmet };
}
