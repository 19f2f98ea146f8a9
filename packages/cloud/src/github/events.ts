import type { GitHubIdentity, RepositoryEvent } from "../ports.ts";
import { changes, commits } from "./git/history.ts";
import { zeroSha } from "./git/repository.ts";
import type { Hub } from "./hub.ts";
import type { PullIssue, RepositoryDocument } from "./model.ts";
import { nodeId } from "./nodes.ts";
import type { RefChange } from "./protection.ts";
import { fullName } from "./records.ts";
import { pushedCommit } from "./views/commits.ts";
import { fullPull, simplePull } from "./views/pulls.ts";
import { repositoryBody, repositoryPage } from "./views/repositories.ts";
import { accountNodeId, simpleUser } from "./views/users.ts";

/** What comes with every event. */
function common(hub: Hub, repository: RepositoryDocument, viewer: GitHubIdentity): Record<string, unknown> {
  const owner = hub.access.account(repository.owner);
  return {
    repository: repositoryBody(hub, repository),
    sender: simpleUser(hub, viewer.login),
    ...(owner?.type === "Organization" && {
      organization: { login: owner.login, id: owner.id, node_id: accountNodeId(owner) },
    }),
  };
}

/** What a job does with its GITHUB_TOKEN starts no further runs, but for workflow_dispatch: else runs would run for ever. */
export function tell(
  hub: Hub,
  viewer: GitHubIdentity,
  repository: RepositoryDocument,
  event: Omit<RepositoryEvent, "repository" | "actor">,
): void {
  if (viewer.repository !== undefined && event.event !== "workflow_dispatch") return;
  const payload = { ...event.payload, ...common(hub, repository, viewer) };
  hub.actions().dispatch({ ...event, repository: fullName(repository), actor: viewer.login, payload });
}

const isBranch = (ref: string): boolean => ref.startsWith("refs/heads/");
const shortRef = (ref: string): string => ref.replace(/^refs\/(heads|tags)\//, "");

/** `push`, and `create` or `delete` where a ref came or went. */
export async function tellPush(
  hub: Hub,
  viewer: GitHubIdentity,
  repository: RepositoryDocument,
  { ref, before, after }: RefChange,
): Promise<void> {
  const git = hub.git(repository);
  const created = before === zeroSha;
  const refType = isBranch(ref) ? "branch" : "tag";
  if (after === zeroSha) {
    const sha = await git.branch(repository.defaultBranch);
    if (sha !== undefined) {
      tell(hub, viewer, repository, {
        event: "delete",
        ref: `refs/heads/${repository.defaultBranch}`,
        sha,
        payload: { ref: shortRef(ref), ref_type: refType, pusher_type: "user" },
      });
    }
    return;
  }
  const sha = (await git.resolve(after)) ?? after;
  if (created) {
    tell(hub, viewer, repository, {
      event: "create",
      ref,
      sha,
      payload: {
        ref: shortRef(ref),
        ref_type: refType,
        master_branch: repository.defaultBranch,
        description: repository.description,
        pusher_type: "user",
      },
    });
  }
  const forced = !created && !(await git.isAncestor(before, after));
  // A new branch brings what the default branch has not: GitHub lists no commit twice.
  const known = created ? ["--not", `--exclude=${shortRef(ref)}`, "--branches"] : [`^${before}`];
  const news = isBranch(ref) ? await commits(git, ["--reverse", "-2048", sha, ...known]) : [];
  const [head] = await commits(git, ["-1", sha]);
  const body = async (commit: (typeof news)[number]): Promise<Record<string, unknown>> =>
    pushedCommit(hub, repository, commit, await changes(git, commit.parents[0], commit.sha));
  // git runs a process per commit here; pushes of whole histories tell of the last twenty, as GitHub's timeline does.
  const listed = await Promise.all(news.slice(-20).map(body));
  tell(hub, viewer, repository, {
    event: "push",
    ref,
    sha,
    payload: {
      ref,
      before,
      after,
      created,
      deleted: false,
      forced,
      base_ref: null,
      compare: `${repositoryPage(hub, repository)}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
      commits: listed,
      head_commit: head ? await body(head) : null,
      pusher: { name: viewer.login, email: `${viewer.login}@users.noreply.github.com` },
    },
  });
}

export type PullAction =
  | "opened"
  | "synchronize"
  | "reopened"
  | "closed"
  | "edited"
  | "ready_for_review"
  | "converted_to_draft";

/** `pull_request`. As on GitHub, one that conflicts with its base runs nothing until it is mended. */
export async function tellPull(
  hub: Hub,
  viewer: GitHubIdentity,
  repository: RepositoryDocument,
  action: PullAction,
  issue: PullIssue,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const git = hub.git(repository);
  const ref = `refs/pull/${issue.number}/merge`;
  const sha = (await git.ref(ref))?.sha;
  if (sha === undefined || (issue.state === "open" && !issue.pull.mergeable)) return;
  const full = await fullPull(hub, repository, issue).catch(() => simplePull(hub, repository, issue));
  tell(hub, viewer, repository, {
    event: "pull_request",
    ref,
    sha,
    payload: { action, number: issue.number, pull_request: full, ...more },
  });
}

/** `workflow_dispatch`. */
export function tellDispatch(
  hub: Hub,
  viewer: GitHubIdentity,
  repository: RepositoryDocument,
  request: {
    readonly ref: string;
    readonly sha: string;
    readonly workflow: string;
    readonly inputs: Record<string, unknown>;
  },
): void {
  const { ref, sha, workflow, inputs } = request;
  tell(hub, viewer, repository, {
    event: "workflow_dispatch",
    ref,
    sha,
    workflow,
    payload: { inputs, ref, workflow: `.github/workflows/${workflow}`, workflow_node_id: nodeId("R", repository.id) },
  });
}
