import { changes, divergence } from "../git/history.ts";
import type { Hub } from "../hub.ts";
import type { Comment, Issue, PullIssue, RepositoryDocument, Review } from "../model.ts";
import { nodeId } from "../nodes.ts";
import { mergeState } from "../pulls/mergeable.ts";
import { repositoryBody, repositoryPage, repositoryUrl } from "./repositories.ts";
import { simpleUser } from "./users.ts";

type Body = Record<string, unknown>;

export const userOrNull = (hub: Hub, login: string | null): Body | null =>
  login === null ? null : simpleUser(hub, login);

/** How GitHub calls an author beside what they wrote. */
export function association(hub: Hub, repository: RepositoryDocument, login: string): string {
  if (login === repository.owner) return "OWNER";
  if (login in repository.collaborators) return "COLLABORATOR";
  return hub.access.roleOf(login, repository) === "read" ? "NONE" : "MEMBER";
}

export function labelBody(hub: Hub, repository: RepositoryDocument, name: string): Body {
  const label = hub.records.labels.list(
    (candidate) => candidate.repository === repository.id && candidate.name === name,
  )[0];
  return {
    id: label?.id ?? 0,
    node_id: nodeId("LA", repository.id, label?.id ?? 0),
    url: `${repositoryUrl(hub, repository)}/labels/${encodeURIComponent(name)}`,
    name,
    color: label?.color ?? "ededed",
    default: false,
    description: label?.description ?? null,
  };
}

function commentCount(hub: Hub, issue: Issue): number {
  return hub.records.comments.list(
    ({ repository, issue: number }) => repository === issue.repository && number === issue.number,
  ).length;
}

const people = (hub: Hub, logins: readonly string[]): Body[] => logins.map((login) => simpleUser(hub, login));

/** `issue`; pull requests are issues too. */
export function issueBody(hub: Hub, repository: RepositoryDocument, issue: Issue): Body {
  const url = `${repositoryUrl(hub, repository)}/issues/${issue.number}`;
  const page = `${repositoryPage(hub, repository)}/${issue.pull ? "pull" : "issues"}/${issue.number}`;
  return {
    id: issue.id,
    node_id: nodeId(issue.pull ? "PR" : "I", repository.id, issue.pull?.id ?? issue.id),
    url,
    repository_url: repositoryUrl(hub, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    html_url: page,
    number: issue.number,
    state: issue.state,
    state_reason: issue.stateReason,
    title: issue.title,
    body: issue.body,
    user: simpleUser(hub, issue.author),
    labels: issue.labels.map((name) => labelBody(hub, repository, name)),
    assignee: userOrNull(hub, issue.assignees[0] ?? null),
    assignees: people(hub, issue.assignees),
    milestone: null,
    locked: issue.locked,
    active_lock_reason: null,
    comments: commentCount(hub, issue),
    closed_at: issue.closedAt,
    closed_by: userOrNull(hub, issue.closedBy),
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    author_association: association(hub, repository, issue.author),
    ...(issue.pull && {
      draft: issue.pull.draft,
      pull_request: {
        url: `${repositoryUrl(hub, repository)}/pulls/${issue.number}`,
        html_url: page,
        diff_url: `${page}.diff`,
        patch_url: `${page}.patch`,
        merged_at: issue.pull.mergedAt,
      },
    }),
  };
}

/** `pull-request-simple`, as lists carry it. */
export function simplePull(hub: Hub, repository: RepositoryDocument, issue: PullIssue): Body {
  const { pull } = issue;
  const api = repositoryUrl(hub, repository);
  const url = `${api}/pulls/${issue.number}`;
  const page = `${repositoryPage(hub, repository)}/pull/${issue.number}`;
  const branch = (ref: string, sha: string): Body => ({
    label: `${repository.owner}:${ref}`,
    ref,
    sha,
    user: simpleUser(hub, repository.owner),
    repo: repositoryBody(hub, repository),
  });
  const links = {
    self: url,
    html: page,
    issue: `${api}/issues/${issue.number}`,
    comments: `${api}/issues/${issue.number}/comments`,
    review_comments: `${url}/comments`,
    review_comment: `${api}/pulls/comments{/number}`,
    commits: `${url}/commits`,
    statuses: `${api}/statuses/${pull.headSha}`,
  };
  return {
    url,
    id: pull.id,
    node_id: nodeId("PR", repository.id, pull.id),
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: links.issue,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    number: issue.number,
    state: issue.state,
    locked: issue.locked,
    title: issue.title,
    user: simpleUser(hub, issue.author),
    body: issue.body,
    labels: issue.labels.map((name) => labelBody(hub, repository, name)),
    milestone: null,
    active_lock_reason: null,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeSha,
    assignee: userOrNull(hub, issue.assignees[0] ?? null),
    assignees: people(hub, issue.assignees),
    requested_reviewers: people(hub, pull.requestedReviewers),
    requested_teams: [],
    head: branch(pull.head, pull.headSha),
    base: branch(pull.base, pull.baseSha),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    author_association: association(hub, repository, issue.author),
    auto_merge: null,
    draft: pull.draft,
  };
}

/** `pull-request`: with its mergeability and counts. */
export async function fullPull(hub: Hub, repository: RepositoryDocument, issue: PullIssue): Promise<Body> {
  const { pull } = issue;
  const git = hub.git(repository);
  const fork = (await git.mergeBase(pull.baseSha, pull.headSha)) ?? pull.baseSha;
  const [{ ahead }, files, state] = await Promise.all([
    divergence(git, pull.baseSha, pull.headSha),
    changes(git, fork, pull.headSha),
    mergeState(hub, repository, issue),
  ]);
  const sum = (key: "additions" | "deletions"): number => files.reduce((total, file) => total + file[key], 0);
  const open = issue.state === "open";
  return {
    ...simplePull(hub, repository, issue),
    merged: pull.mergedAt !== null,
    mergeable: open ? pull.mergeable : null,
    rebaseable: open ? pull.mergeable : null,
    mergeable_state: open ? state.name : "unknown",
    merged_by: userOrNull(hub, pull.mergedBy),
    comments: commentCount(hub, issue),
    review_comments: 0,
    maintainer_can_modify: false,
    commits: ahead,
    additions: sum("additions"),
    deletions: sum("deletions"),
    changed_files: files.length,
  };
}

/** `issue-comment`. */
export function commentBody(hub: Hub, repository: RepositoryDocument, comment: Comment): Body {
  const url = `${repositoryUrl(hub, repository)}/issues`;
  const issue = hub.records.issues.get(`${repository.id}/${comment.issue}`);
  return {
    id: comment.id,
    node_id: nodeId("IC", repository.id, comment.id),
    url: `${url}/comments/${comment.id}`,
    html_url: `${repositoryPage(hub, repository)}/${issue?.pull ? "pull" : "issues"}/${comment.issue}#issuecomment-${comment.id}`,
    issue_url: `${url}/${comment.issue}`,
    body: comment.body,
    user: simpleUser(hub, comment.author),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: association(hub, repository, comment.author),
  };
}

/** `pull-request-review`. */
export function reviewBody(hub: Hub, repository: RepositoryDocument, review: Review): Body {
  const page = `${repositoryPage(hub, repository)}/pull/${review.pull}#pullrequestreview-${review.id}`;
  const url = `${repositoryUrl(hub, repository)}/pulls/${review.pull}`;
  return {
    id: review.id,
    node_id: nodeId("PRR", repository.id, review.id),
    user: simpleUser(hub, review.author),
    body: review.body,
    state: review.state,
    html_url: page,
    pull_request_url: url,
    _links: { html: { href: page }, pull_request: { href: url } },
    submitted_at: review.submittedAt,
    commit_id: review.commit,
    author_association: association(hub, repository, review.author),
  };
}
