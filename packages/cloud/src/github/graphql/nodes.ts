import type { GitHubIdentity } from "../../ports.ts";
import type { Hub } from "../hub.ts";
import type { Account, ProtectionRule, PullIssue, RepositoryDocument } from "../model.ts";
import { namedNodeId, nodeId, parseNodeId } from "../nodes.ts";
import { matches, ruleFor } from "../protection.ts";
import { mergeState } from "../pulls/mergeable.ts";
import { findRepository, fullName, isPull, issueKey } from "../records.ts";
import { repositoryPage } from "../views/repositories.ts";
import { accountNodeId } from "../views/users.ts";

/** A value of the schema: plain fields, and functions for what takes arguments or work. */
export type Value = Record<string, unknown>;

export interface Asker {
  readonly hub: Hub;
  readonly viewer: GitHubIdentity;
}

export function accountValue(asker: Asker, account: Account): Value {
  const { hub, viewer } = asker;
  return {
    __typename: account.type,
    id: accountNodeId(account),
    databaseId: account.id,
    login: account.login,
    name: account.login,
    url: `${hub.server()}/${account.login}`,
    avatarUrl: `${hub.server()}/avatars/${account.id}`,
    isViewer: account.login === viewer.login,
    viewerCanCreateRepositories: true,
    repository: ({ name }: { name: string }) => repositoryByName(asker, account.login, name),
    team: null,
  };
}

export function accountByLogin(asker: Asker, login: string): Value | undefined {
  const account = asker.hub.access.account(login);
  return account && accountValue(asker, account);
}

export function repositoryByName(asker: Asker, owner: string, name: string): Value | undefined {
  const repository = findRepository(asker.hub.records, owner, name);
  const seen = repository && asker.hub.access.may(asker.viewer, repository, "metadata", "read");
  return seen ? repositoryValue(asker, repository) : undefined;
}

const permissions = { admin: "ADMIN", write: "WRITE", read: "READ" } as const;

export function repositoryValue(asker: Asker, repository: RepositoryDocument): Value {
  const { hub, viewer } = asker;
  const page = repositoryPage(hub, repository);
  const role = hub.access.roleOf(viewer.login, repository);
  return {
    __typename: "Repository",
    id: nodeId("R", repository.id),
    databaseId: repository.id,
    name: repository.name,
    nameWithOwner: fullName(repository),
    owner: () => accountByLogin(asker, repository.owner),
    url: page,
    sshUrl: `git@${new URL(page).host}:${fullName(repository)}.git`,
    description: repository.description,
    homepageUrl: repository.homepage,
    isPrivate: repository.private,
    isArchived: repository.archived,
    isEmpty: async () => (await hub.git(repository).refs("refs/heads/")).length === 0,
    isFork: false,
    isInOrganization: hub.access.account(repository.owner)?.type === "Organization",
    visibility: repository.private ? "PRIVATE" : "PUBLIC",
    hasIssuesEnabled: repository.hasIssues,
    hasWikiEnabled: repository.hasWiki,
    hasProjectsEnabled: repository.hasProjects,
    mergeCommitAllowed: repository.allowMergeCommit,
    squashMergeAllowed: repository.allowSquashMerge,
    rebaseMergeAllowed: repository.allowRebaseMerge,
    deleteBranchOnMerge: repository.deleteBranchOnMerge,
    viewerPermission: role && permissions[role],
    createdAt: repository.createdAt,
    updatedAt: repository.updatedAt,
    pushedAt: repository.pushedAt,
    defaultBranchRef: () => refValue(asker, repository, `refs/heads/${repository.defaultBranch}`),
    ref: ({ qualifiedName }: { qualifiedName: string }) =>
      refValue(asker, repository, qualifiedName.startsWith("refs/") ? qualifiedName : `refs/heads/${qualifiedName}`),
    branchProtectionRules: (page: PageArguments) => {
      if (!hub.access.may(viewer, repository, "administration", "write")) return connection([], page);
      const rules = hub.records.rules.list((rule) => rule.repository === repository.id);
      return connection(
        rules.map((rule) => ruleValue(asker, rule)),
        page,
      );
    },
    pullRequest: ({ number }: { number: number }) => {
      const issue = hub.records.issues.get(issueKey(repository, number));
      return isPull(issue) ? pullValue(asker, repository, issue) : null;
    },
    parent: null,
  };
}

async function refValue(asker: Asker, repository: RepositoryDocument, name: string): Promise<Value | undefined> {
  const ref = await asker.hub.git(repository).ref(name);
  if (!ref) return undefined;
  const [, prefix = "", short = ""] = /^(refs\/[^/]+\/)(.+)$/.exec(ref.ref) ?? [];
  const rule = prefix === "refs/heads/" ? ruleFor(asker.hub, repository, short) : undefined;
  return {
    __typename: "Ref",
    id: namedNodeId("REF", repository.id, ref.ref),
    name: short,
    prefix,
    target: { __typename: "Commit", id: namedNodeId("C", repository.id, ref.sha), oid: ref.sha },
    branchProtectionRule: rule && ruleValue(asker, rule),
    repository: () => repositoryValue(asker, repository),
  };
}

function pullValue(asker: Asker, repository: RepositoryDocument, issue: PullIssue): Value {
  const { pull } = issue;
  const open = issue.state === "open";
  return {
    __typename: "PullRequest",
    id: nodeId("PR", repository.id, pull.id),
    databaseId: pull.id,
    number: issue.number,
    title: issue.title,
    body: issue.body ?? "",
    url: `${repositoryPage(asker.hub, repository)}/pull/${issue.number}`,
    state: pull.mergedAt === null ? issue.state.toUpperCase() : "MERGED",
    isDraft: pull.draft,
    merged: pull.mergedAt !== null,
    mergeable: open ? (pull.mergeable ? "MERGEABLE" : "CONFLICTING") : "UNKNOWN",
    mergeStateStatus: async () =>
      open ? (await mergeState(asker.hub, repository, issue)).name.toUpperCase() : "UNKNOWN",
    baseRefName: pull.base,
    headRefName: pull.head,
    headRefOid: pull.headSha,
    author: () => accountByLogin(asker, issue.author),
  };
}

export function ruleValue(asker: Asker, rule: ProtectionRule): Value {
  const { hub } = asker;
  const repository = hub.records.repositories.get(rule.repository);
  const allowances = (kind: string, ids: readonly string[]) => (page: PageArguments) =>
    connection(
      ids.map((id) => ({ __typename: kind, id: `${kind}_${id}`, actor: nodeValue(asker, id) ?? null })),
      page,
    );
  return {
    __typename: "BranchProtectionRule",
    ...rule,
    id: nodeId("BPR", rule.repository, rule.id),
    databaseId: rule.id,
    repository: () => repository && repositoryValue(asker, repository),
    creator: () => accountByLogin(asker, rule.creator),
    requiredStatusChecks: rule.requiredStatusCheckContexts.map((context) => ({ context, app: null })),
    pushAllowances: allowances("PushAllowance", rule.pushActorIds),
    reviewDismissalAllowances: allowances("ReviewDismissalAllowance", rule.reviewDismissalActorIds),
    bypassForcePushAllowances: allowances("BypassForcePushAllowance", rule.bypassForcePushActorIds),
    bypassPullRequestAllowances: allowances("BypassPullRequestAllowance", rule.bypassPullRequestActorIds),
    matchingRefs: async (page: PageArguments) => {
      if (!repository) return connection([], page);
      const refs = await hub.git(repository).refs("refs/heads/");
      const matching = refs.filter(({ ref }) => matches(rule.pattern, ref.slice("refs/heads/".length)));
      return connection(await Promise.all(matching.map(({ ref }) => refValue(asker, repository, ref))), page);
    },
  };
}

/** The rule behind a node id, for those who may change it. */
export function ruleOf({ hub, viewer }: Asker, id: string): ProtectionRule | undefined {
  const { kind, ids } = parseNodeId(id) ?? {};
  const rule = kind === "BPR" ? hub.records.rules.get(ids?.[1] ?? 0) : undefined;
  const repository = rule && hub.records.repositories.get(rule.repository);
  if (!repository || rule.repository !== ids?.[0]) return undefined;
  return hub.access.may(viewer, repository, "administration", "write") ? rule : undefined;
}

/** Whatever a node id names, if the viewer may see it. */
export function nodeValue(asker: Asker, id: string): Value | undefined {
  const { hub, viewer } = asker;
  const parsed = parseNodeId(id);
  const [first = 0, second = 0] = parsed?.ids ?? [];
  if (parsed?.kind === "U" || parsed?.kind === "O") {
    const account = hub.records.accounts.list((candidate) => candidate.id === first)[0];
    return account && accountNodeId(account) === id ? accountValue(asker, account) : undefined;
  }
  if (parsed?.kind === "BPR") {
    const rule = ruleOf(asker, id);
    return rule && ruleValue(asker, rule);
  }
  const repository = hub.records.repositories.get(first);
  if (!repository || !hub.access.may(viewer, repository, "metadata", "read")) return undefined;
  if (parsed?.kind === "R") return repositoryValue(asker, repository);
  if (parsed?.kind === "PR") {
    const issue = hub.records.issues.list((issue) => issue.repository === first && issue.pull?.id === second)[0];
    return isPull(issue) ? pullValue(asker, repository, issue) : undefined;
  }
  return undefined;
}

interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

/** A page of a list; cursors are positions. */
function connection(all: readonly unknown[], { first, after }: PageArguments): Value {
  const cursor = (position: number): string => Buffer.from(`cursor:v2:${position}`).toString("base64");
  const start = after ? Number(Buffer.from(after, "base64").toString().split(":").at(-1)) || 0 : 0;
  const nodes = all.slice(start, start + (first ?? 100));
  const end = start + nodes.length;
  return {
    nodes,
    totalCount: all.length,
    pageInfo: {
      hasNextPage: end < all.length,
      hasPreviousPage: start > 0,
      startCursor: nodes.length > 0 ? cursor(start + 1) : null,
      endCursor: nodes.length > 0 ? cursor(end) : null,
    },
  };
}
