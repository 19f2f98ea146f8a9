import { unprocessable, validationFailed, type FieldError } from "../errors.ts";
import { tellPull } from "../events.ts";
import { divergence } from "../git/history.ts";
import type { Hub, Place } from "../hub.ts";
import type { Issue, PullIssue, RepositoryDocument } from "../model.ts";
import { issueKey, openPulls } from "../records.ts";
import { refreshPull } from "./mergeable.ts";

export interface NewIssue {
  readonly title: string;
  readonly body: string | null;
  readonly labels?: readonly string[];
  readonly assignees?: readonly string[];
}

export const longestBody = 65_536;

export function checkBody(resource: string, body: string | null | undefined): void {
  if (body && body.length > longestBody) {
    throw validationFailed({
      resource,
      code: "unprocessable",
      field: "data",
      message: `Body is too long (maximum is ${longestBody} characters)`,
    });
  }
}

/** The next number of a repository: issues and pull requests share them. */
export function newIssue(hub: Hub, { repository, viewer }: Place, wanted: NewIssue): Issue {
  checkBody("Issue", wanted.body);
  const number = hub.context.ids.next(`github.issues/${repository.id}`);
  const now = hub.now();
  return {
    id: hub.context.ids.next("github.issues"),
    repository: repository.id,
    number,
    title: wanted.title,
    body: wanted.body,
    author: viewer.login,
    state: "open",
    stateReason: null,
    locked: false,
    labels: wanted.labels ?? [],
    assignees: wanted.assignees ?? [],
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    closedBy: null,
  };
}

/** Opens a pull request and tells Actions. 422 for branches that are not there or have nothing between them. */
export async function createPull(
  hub: Hub,
  place: Place,
  wanted: NewIssue & { readonly head: string; readonly base: string; readonly draft: boolean },
): Promise<PullIssue> {
  const { repository, viewer } = place;
  const git = hub.git(repository);
  const head = ownBranch(repository, wanted.head);
  const [headSha, baseSha] = await Promise.all([
    head === undefined ? undefined : git.branch(head),
    git.branch(wanted.base),
  ]);
  const invalid = (field: string): FieldError => ({ resource: "PullRequest", field, code: "invalid" });
  if (head === undefined || headSha === undefined) throw validationFailed(invalid("head"));
  if (baseSha === undefined) throw validationFailed(invalid("base"));
  const custom = (message: string) => validationFailed({ resource: "PullRequest", code: "custom", message });
  if (openPulls(hub.records, repository).some(({ pull }) => pull.head === head && pull.base === wanted.base)) {
    throw custom(`A pull request already exists for ${repository.owner}:${head}.`);
  }
  if ((await git.mergeBase(baseSha, headSha)) === undefined) {
    throw custom(`The ${head} branch has no history in common with ${wanted.base}`);
  }
  if ((await divergence(git, baseSha, headSha)).ahead === 0)
    throw custom(`No commits between ${wanted.base} and ${head}`);

  const issue: PullIssue = {
    ...newIssue(hub, place, wanted),
    pull: {
      id: hub.context.ids.next("github.pulls"),
      head,
      headSha,
      base: wanted.base,
      baseSha,
      draft: wanted.draft,
      mergedAt: null,
      mergedBy: null,
      mergeSha: null,
      mergeable: false,
      requestedReviewers: [],
    },
  };
  hub.records.issues.put(issueKey(repository, issue.number), issue);
  const opened = await refreshPull(hub, repository, issue);
  await tellPull(hub, viewer, repository, "opened", opened);
  return opened;
}

/** `owner:branch` of this repository, or a branch alone; undefined for someone else's. */
export function ownBranch(repository: RepositoryDocument, head: string): string | undefined {
  const [owner = "", branch] = head.split(/:(.*)/s, 2);
  if (branch === undefined) return head;
  return owner.toLowerCase() === repository.owner.toLowerCase() ? branch : undefined;
}

/** Opens what was closed. 422 where its branch is gone or it was merged. */
export async function reopenPull(hub: Hub, { repository, viewer }: Place, issue: PullIssue): Promise<void> {
  const git = hub.git(repository);
  const [head, base] = await Promise.all([git.branch(issue.pull.head), git.branch(issue.pull.base)]);
  if (issue.pull.mergedAt !== null || head === undefined || base === undefined) {
    throw unprocessable("state cannot be changed. The pull request was merged or one of its branches is gone.");
  }
  const key = issueKey(repository, issue.number);
  hub.records.issues.update(key, (current) => ({ ...current, state: "open", closedAt: null, closedBy: null }));
  const opened = await refreshPull(hub, repository, hub.records.issues.get(key) as PullIssue);
  await tellPull(hub, viewer, repository, "reopened", opened);
}
