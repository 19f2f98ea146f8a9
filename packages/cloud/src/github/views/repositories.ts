import type { GitHubIdentity } from "../../ports.ts";
import type { Hub } from "../hub.ts";
import type { RepositoryDocument } from "../model.ts";
import { nodeId } from "../nodes.ts";
import { fullName } from "../records.ts";
import { simpleUser } from "./users.ts";

type Body = Record<string, unknown>;

export const repositoryUrl = (hub: Hub, repository: RepositoryDocument): string =>
  `${hub.api()}/repos/${fullName(repository)}`;
export const repositoryPage = (hub: Hub, repository: RepositoryDocument): string =>
  `${hub.server()}/${fullName(repository)}`;

/** `repository` and `minimal-repository`, as lists and other bodies carry it. */
export function repositoryBody(hub: Hub, repository: RepositoryDocument): Body {
  const url = repositoryUrl(hub, repository);
  const page = repositoryPage(hub, repository);
  const { host } = new URL(hub.server());
  const openIssues = hub.records.issues.list(
    (issue) => issue.repository === repository.id && issue.state === "open",
  ).length;
  return {
    id: repository.id,
    node_id: nodeId("R", repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.private,
    owner: simpleUser(hub, repository.owner),
    html_url: page,
    description: repository.description,
    fork: false,
    url,
    ...templates(url),
    git_url: `git://${host}/${fullName(repository)}.git`,
    ssh_url: `git@${host}:${fullName(repository)}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    mirror_url: null,
    homepage: repository.homepage,
    language: null,
    forks_count: 0,
    forks: 0,
    stargazers_count: 0,
    watchers_count: 0,
    watchers: 0,
    size: 0,
    default_branch: repository.defaultBranch,
    open_issues_count: openIssues,
    open_issues: openIssues,
    is_template: false,
    topics: repository.topics,
    has_issues: repository.hasIssues,
    has_projects: repository.hasProjects,
    has_wiki: repository.hasWiki,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    archived: repository.archived,
    disabled: false,
    visibility: repository.private ? "private" : "public",
    license: null,
    allow_forking: true,
    web_commit_signoff_required: false,
    created_at: repository.createdAt,
    updated_at: repository.updatedAt,
    pushed_at: repository.pushedAt,
  };
}

/** `full-repository`: what one alone is answered with. */
export function fullRepository(hub: Hub, repository: RepositoryDocument, viewer: GitHubIdentity | undefined): Body {
  const may = (area: "administration" | "contents", level: "read" | "write"): boolean =>
    hub.access.may(viewer, repository, area, level);
  const admin = may("administration", "write");
  const push = may("contents", "write");
  const { type } = hub.access.account(repository.owner) ?? { type: "User" };
  return {
    ...repositoryBody(hub, repository),
    permissions: { admin, maintain: admin, push, triage: push, pull: may("contents", "read") },
    ...(push && {
      allow_merge_commit: repository.allowMergeCommit,
      allow_squash_merge: repository.allowSquashMerge,
      allow_rebase_merge: repository.allowRebaseMerge,
      allow_auto_merge: repository.allowAutoMerge,
      allow_update_branch: repository.allowUpdateBranch,
      delete_branch_on_merge: repository.deleteBranchOnMerge,
      use_squash_pr_title_as_default: false,
      squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
      squash_merge_commit_message: "COMMIT_MESSAGES",
      merge_commit_title: "MERGE_MESSAGE",
      merge_commit_message: "PR_TITLE",
    }),
    ...(type === "Organization" && { organization: simpleUser(hub, repository.owner) }),
    network_count: 0,
    subscribers_count: 0,
  };
}

const templates = (url: string): Body => ({
  archive_url: `${url}/{archive_format}{/ref}`,
  assignees_url: `${url}/assignees{/user}`,
  blobs_url: `${url}/git/blobs{/sha}`,
  branches_url: `${url}/branches{/branch}`,
  collaborators_url: `${url}/collaborators{/collaborator}`,
  comments_url: `${url}/comments{/number}`,
  commits_url: `${url}/commits{/sha}`,
  compare_url: `${url}/compare/{base}...{head}`,
  contents_url: `${url}/contents/{+path}`,
  contributors_url: `${url}/contributors`,
  deployments_url: `${url}/deployments`,
  downloads_url: `${url}/downloads`,
  events_url: `${url}/events`,
  forks_url: `${url}/forks`,
  git_commits_url: `${url}/git/commits{/sha}`,
  git_refs_url: `${url}/git/refs{/sha}`,
  git_tags_url: `${url}/git/tags{/sha}`,
  hooks_url: `${url}/hooks`,
  issue_comment_url: `${url}/issues/comments{/number}`,
  issue_events_url: `${url}/issues/events{/number}`,
  issues_url: `${url}/issues{/number}`,
  keys_url: `${url}/keys{/key_id}`,
  labels_url: `${url}/labels{/name}`,
  languages_url: `${url}/languages`,
  merges_url: `${url}/merges`,
  milestones_url: `${url}/milestones{/number}`,
  notifications_url: `${url}/notifications{?since,all,participating}`,
  pulls_url: `${url}/pulls{/number}`,
  releases_url: `${url}/releases{/id}`,
  stargazers_url: `${url}/stargazers`,
  statuses_url: `${url}/statuses/{sha}`,
  subscribers_url: `${url}/subscribers`,
  subscription_url: `${url}/subscription`,
  tags_url: `${url}/tags`,
  teams_url: `${url}/teams`,
  trees_url: `${url}/git/trees{/sha}`,
});
