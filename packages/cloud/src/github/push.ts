import type { GitHubIdentity } from "../ports.ts";
import { tellPull, tellPush } from "./events.ts";
import { zeroSha } from "./git/repository.ts";
import type { Hub } from "./hub.ts";
import type { PullIssue, RepositoryDocument } from "./model.ts";
import type { RefChange } from "./protection.ts";
import { refreshPull, updatePull } from "./pulls/mergeable.ts";
import { ruleFor } from "./protection.ts";
import { openPulls } from "./records.ts";

const branchOf = (ref: string): string | undefined => /^refs\/heads\/(.+)$/.exec(ref)?.[1];

/**
 * Everything that follows from refs having moved, however they did: default branch, pull requests, events.
 * `merging` is the pull request whose merge moved the base; it is taken care of by the merge.
 */
export async function refsMoved(
  hub: Hub,
  viewer: GitHubIdentity,
  id: number,
  moves: readonly RefChange[],
  merging?: number,
): Promise<void> {
  if (moves.length === 0) return;
  const repository = await settleDefaultBranch(
    hub,
    hub.records.repositories.update(id, (current) => ({ ...current, pushedAt: hub.now() })),
    moves,
  );
  for (const move of moves) await tellPush(hub, viewer, repository, move);
  for (const issue of openPulls(hub.records, repository)) {
    if (issue.number !== merging) await followPull(hub, viewer, repository, issue, moves);
  }
}

/** The branch that is pushed first becomes the default branch; of several, the one that was expected. */
async function settleDefaultBranch(
  hub: Hub,
  repository: RepositoryDocument,
  moves: readonly RefChange[],
): Promise<RepositoryDocument> {
  const git = hub.git(repository);
  if ((await git.branch(repository.defaultBranch)) !== undefined) return repository;
  const pushed = moves.filter(({ after }) => after !== zeroSha).flatMap(({ ref }) => branchOf(ref) ?? []);
  const defaultBranch = ["main", "master"].find((name) => pushed.includes(name)) ?? pushed[0];
  if (defaultBranch === undefined) return repository;
  await git.setHead(defaultBranch);
  return hub.records.repositories.update(repository.id, (current) => ({ ...current, defaultBranch }));
}

async function followPull(
  hub: Hub,
  viewer: GitHubIdentity,
  repository: RepositoryDocument,
  issue: PullIssue,
  moves: readonly RefChange[],
): Promise<void> {
  const { pull } = issue;
  const moved = (branch: string): RefChange | undefined => moves.find(({ ref }) => ref === `refs/heads/${branch}`);
  const [head, base] = [moved(pull.head), moved(pull.base)];
  if (!head && !base) return;
  if (head?.after === zeroSha || base?.after === zeroSha) {
    await tellPull(hub, viewer, repository, "closed", closePull(hub, viewer, repository, issue));
    return;
  }
  if (base && (await hub.git(repository).isAncestor(head?.after ?? pull.headSha, base.after))) {
    const now = hub.now();
    const merged = { mergedAt: now, mergedBy: viewer.login, mergeSha: base.after };
    const closed = updatePull(hub, repository, issue, merged, closing(viewer, now));
    await tellPull(hub, viewer, repository, "closed", closed);
    return;
  }
  const fresh = await refreshPull(hub, repository, issue);
  if (!head) return;
  if (ruleFor(hub, repository, pull.base)?.dismissesStaleReviews) dismissApprovals(hub, repository, issue);
  const { before, after } = head;
  await tellPull(hub, viewer, repository, "synchronize", fresh, { before, after });
}

const closing = (viewer: GitHubIdentity, now: string) => ({
  state: "closed" as const,
  closedAt: now,
  closedBy: viewer.login,
  updatedAt: now,
});

export function closePull(
  hub: Hub,
  viewer: GitHubIdentity,
  repository: RepositoryDocument,
  issue: PullIssue,
): PullIssue {
  return updatePull(hub, repository, issue, {}, closing(viewer, hub.now()));
}

function dismissApprovals(hub: Hub, repository: RepositoryDocument, issue: PullIssue): void {
  for (const [key, review] of hub.records.reviews.entries()) {
    if (review.repository === repository.id && review.pull === issue.number && review.state === "APPROVED") {
      hub.records.reviews.put(key, { ...review, state: "DISMISSED" });
    }
  }
}
