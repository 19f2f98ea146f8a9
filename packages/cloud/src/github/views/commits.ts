import type { Commit, FileChange } from "../git/history.ts";
import type { Hub } from "../hub.ts";
import type { RepositoryDocument } from "../model.ts";
import { namedNodeId } from "../nodes.ts";
import { repositoryPage, repositoryUrl } from "./repositories.ts";
import { simpleUser } from "./users.ts";

type Body = Record<string, unknown>;

export const unverified = { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null };

/** The account behind a commit's address, as GitHub links it; null for strangers. */
function userOf(hub: Hub, email: string): Body | null {
  const login = /^(?:\d+\+)?([\w-]+(?:\[bot\])?)@users\.noreply\.github\.com$/.exec(email)?.[1];
  return login && hub.access.account(login) ? simpleUser(hub, login) : null;
}

/** `commit`, as lists carry it. */
export function commitBody(hub: Hub, repository: RepositoryDocument, commit: Commit): Body {
  const url = repositoryUrl(hub, repository);
  const page = repositoryPage(hub, repository);
  return {
    url: `${url}/commits/${commit.sha}`,
    sha: commit.sha,
    node_id: namedNodeId("C", repository.id, commit.sha),
    html_url: `${page}/commit/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      url: `${url}/git/commits/${commit.sha}`,
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      comment_count: 0,
      verification: unverified,
    },
    author: userOf(hub, commit.author.email),
    committer: userOf(hub, commit.committer.email),
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/commits/${sha}`,
      html_url: `${page}/commit/${sha}`,
    })),
  };
}

/** `git-commit`, of the git database. */
export function gitCommitBody(hub: Hub, repository: RepositoryDocument, commit: Commit): Body {
  const url = repositoryUrl(hub, repository);
  const page = repositoryPage(hub, repository);
  return {
    sha: commit.sha,
    node_id: namedNodeId("C", repository.id, commit.sha),
    url: `${url}/git/commits/${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    message: commit.message,
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/git/commits/${sha}`,
      html_url: `${page}/commit/${sha}`,
    })),
    verification: unverified,
  };
}

/** `diff-entry`. */
export function diffEntry(hub: Hub, repository: RepositoryDocument, change: FileChange, ref: string): Body {
  const path = change.filename.split("/").map(encodeURIComponent).join("/");
  const page = repositoryPage(hub, repository);
  return {
    sha: change.sha,
    filename: change.filename,
    status: change.status,
    additions: change.additions,
    deletions: change.deletions,
    changes: change.additions + change.deletions,
    blob_url: `${page}/blob/${ref}/${path}`,
    raw_url: `${page}/raw/${ref}/${path}`,
    contents_url: `${repositoryUrl(hub, repository)}/contents/${path}?ref=${ref}`,
    ...(change.patch !== undefined && { patch: change.patch }),
    ...(change.previous !== undefined && { previous_filename: change.previous }),
  };
}

/** A commit in a push event. */
export function pushedCommit(
  hub: Hub,
  repository: RepositoryDocument,
  commit: Commit,
  files: readonly FileChange[],
): Body {
  const names = (...statuses: readonly FileChange["status"][]): string[] =>
    files.filter(({ status }) => statuses.includes(status)).map(({ filename }) => filename);
  const person = ({ name, email, date }: Commit["author"]): Body => ({ name, email, date });
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${repositoryPage(hub, repository)}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: names("added", "copied", "renamed"),
    removed: [
      ...names("removed"),
      ...files.flatMap(({ previous, status }) => (status === "renamed" && previous ? [previous] : [])),
    ],
    modified: names("modified", "changed"),
  };
}
