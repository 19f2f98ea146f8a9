import { ApiError, unprocessable } from "../errors.ts";
import { tellPull } from "../events.ts";
import { commits } from "../git/history.ts";
import { mergeCommit, rebase, squashCommit } from "../git/merge.ts";
import { zeroSha } from "../git/repository.ts";
import type { Hub, Place } from "../hub.ts";
import type { PullIssue } from "../model.ts";
import { bypasses, ruleFor } from "../protection.ts";
import { moveRef } from "../refs.ts";
import { personOf } from "../repositories.ts";
import { mergeState, refreshPull, updatePull, webFlow } from "./mergeable.ts";

export type MergeMethod = "merge" | "squash" | "rebase";

export interface MergeWish {
  readonly method: MergeMethod;
  readonly title?: string;
  readonly message?: string;
  /** The head that the client has seen. */
  readonly sha?: string;
}

const names = {
  merge: ["allowMergeCommit", "Merge commits are"],
  squash: ["allowSquashMerge", "Squash merges are"],
  rebase: ["allowRebaseMerge", "Rebase merges are"],
} as const;

/**
 * Merges, and answers with the commit that the base branch is at now. 405 for what can't or mustn't be merged, 409
 * where the head is not the one that the client has seen. Administrators stand above protection that does not
 * include them.
 */
export async function mergePull(hub: Hub, place: Place, stale: PullIssue, wish: MergeWish): Promise<string> {
  const { repository, viewer } = place;
  const issue = await refreshPull(hub, repository, stale);
  const { pull } = issue;
  if (issue.state === "closed") throw new ApiError(405, "Pull Request is not mergeable");
  if (wish.sha !== undefined && wish.sha !== pull.headSha) {
    throw new ApiError(409, "Head branch was modified. Review and try the merge again.");
  }
  if (pull.draft) throw new ApiError(405, "Pull Request is still a draft");
  if (!pull.mergeable) throw new ApiError(405, "Pull Request is not mergeable");
  const [setting, words] = names[wish.method];
  if (!repository[setting]) throw new ApiError(405, `${words} not allowed on this repository.`);
  const rule = ruleFor(hub, repository, pull.base);
  if (rule && !bypasses(hub, viewer, repository, rule)) {
    const [unmet] = (await mergeState(hub, repository, issue)).unmet;
    if (unmet !== undefined) throw new ApiError(405, unmet);
    if (rule.requiresLinearHistory && wish.method === "merge") {
      throw new ApiError(405, "Merge commits are not allowed on this branch.");
    }
  }

  const sha = await makeCommit(hub, place, issue, wish);
  if (sha === undefined) throw new ApiError(405, "Pull Request is not mergeable");
  const now = hub.now();
  const merged = { mergedAt: now, mergedBy: viewer.login, mergeSha: sha, baseSha: pull.baseSha };
  const closed = { state: "closed" as const, closedAt: now, closedBy: viewer.login, updatedAt: now };
  const move = { ref: `refs/heads/${pull.base}`, before: pull.baseSha, after: sha };
  await moveRef(hub, place, move, false, issue.number).catch((thrown: unknown) => {
    if (!(thrown instanceof ApiError) || thrown.status !== 409) throw thrown;
    throw new ApiError(405, "Base branch was modified. Review and try the merge again.");
  });
  const done = updatePull(hub, repository, issue, merged, closed);
  await tellPull(hub, viewer, repository, "closed", done);
  if (
    repository.deleteBranchOnMerge &&
    pull.head !== repository.defaultBranch &&
    !ruleFor(hub, repository, pull.head)
  ) {
    await moveRef(
      hub,
      place,
      { ref: `refs/heads/${pull.head}`, before: pull.headSha, after: zeroSha },
      true,
      issue.number,
    );
  }
  return sha;
}

async function makeCommit(
  hub: Hub,
  { repository, viewer }: Place,
  issue: PullIssue,
  wish: MergeWish,
): Promise<string | undefined> {
  const git = hub.git(repository);
  const { pull } = issue;
  const author = personOf(hub, viewer.login);
  const committer = webFlow(hub.now());
  const tips = { base: pull.baseSha, head: pull.headSha };
  const message = (title: string, body: string): string =>
    [wish.title ?? title, wish.message ?? body].filter((part) => part !== "").join("\n\n");
  if (wish.method === "rebase") return rebase(git, { ...tips, committer });
  if (wish.method === "squash") {
    const list = await commits(git, ["--reverse", `${pull.baseSha}..${pull.headSha}`]);
    const [only] = list;
    const [subject = "", ...rest] = list.length === 1 && only ? only.message.split("\n") : [];
    const title = list.length === 1 ? subject : issue.title;
    const body = list.length === 1 ? rest.join("\n").trim() : list.map((one) => `* ${one.message}`).join("\n\n");
    return squashCommit(git, { ...tips, message: message(`${title} (#${issue.number})`, body), author, committer });
  }
  const title = `Merge pull request #${issue.number} from ${repository.owner}/${pull.head}`;
  return mergeCommit(git, { ...tips, message: message(title, issue.title), author, committer });
}

/** Merges the base into the head, so that the pull request is up to date. 422 where it already is, or can't be. */
export async function updateBranch(
  hub: Hub,
  place: Place,
  stale: PullIssue,
  expected: string | undefined,
): Promise<void> {
  const { repository, viewer } = place;
  const issue = await refreshPull(hub, repository, stale);
  const { pull } = issue;
  if (expected !== undefined && expected !== pull.headSha) {
    throw unprocessable("expected head sha didn’t match current head ref.");
  }
  const git = hub.git(repository);
  if (await git.isAncestor(pull.baseSha, pull.headSha)) {
    throw unprocessable("There are no new commits on the base branch.");
  }
  const after = await mergeCommit(git, {
    base: pull.headSha,
    head: pull.baseSha,
    message: `Merge branch '${pull.base}' into ${pull.head}`,
    author: personOf(hub, viewer.login),
    committer: webFlow(hub.now()),
  });
  if (after === undefined) throw unprocessable("merge conflict between base and head");
  await moveRef(hub, place, { ref: `refs/heads/${pull.head}`, before: pull.headSha, after }, false);
}
