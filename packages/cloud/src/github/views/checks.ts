import { actionsBot } from "../access.ts";
import type { Commit } from "../git/history.ts";
import type { Hub } from "../hub.ts";
import type { CheckRun, CommitStatus, Deployment, DeploymentStatus, RepositoryDocument } from "../model.ts";
import { nodeId } from "../nodes.ts";
import { openPulls } from "../records.ts";
import { repositoryBody, repositoryPage, repositoryUrl } from "./repositories.ts";
import { simpleUser } from "./users.ts";

type Body = Record<string, unknown>;

/** The GitHub app whose check runs these are. */
function actionsApp(hub: Hub): Body {
  return {
    id: 15_368,
    slug: "github-actions",
    node_id: "MDM6QXBwMTUzNjg=",
    client_id: "Iv1.05c79e9ad1f6bdfa",
    owner: simpleUser(hub, actionsBot.login),
    name: "GitHub Actions",
    description: "Automate your workflow from idea to production",
    external_url: `${hub.server()}/features/actions`,
    html_url: `${hub.server()}/apps/github-actions`,
    created_at: actionsBot.createdAt,
    updated_at: actionsBot.createdAt,
    permissions: { actions: "write", checks: "write", contents: "write" },
    events: ["check_run", "push", "pull_request"],
  };
}

function pullsOf(hub: Hub, repository: RepositoryDocument, sha: string): Body[] {
  const repo = { id: repository.id, url: repositoryUrl(hub, repository), name: repository.name };
  return openPulls(hub.records, repository)
    .filter(({ pull }) => pull.headSha === sha)
    .map(({ number, pull }) => ({
      id: pull.id,
      number,
      url: `${repositoryUrl(hub, repository)}/pulls/${number}`,
      head: { ref: pull.head, sha: pull.headSha, repo },
      base: { ref: pull.base, sha: pull.baseSha, repo },
    }));
}

/** One suite per commit: all check runs are the same app's. */
const suiteId = (sha: string): number => Number.parseInt(sha.slice(0, 12), 16);

/** `check-run`. */
export function checkRunBody(hub: Hub, repository: RepositoryDocument, run: CheckRun): Body {
  const url = `${repositoryUrl(hub, repository)}/check-runs/${run.id}`;
  const page = `${repositoryPage(hub, repository)}/runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId("CR", repository.id, run.id),
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: run.detailsUrl ?? page,
    details_url: run.detailsUrl ?? page,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: suiteId(run.headSha) },
    app: actionsApp(hub),
    pull_requests: pullsOf(hub, repository, run.headSha),
  };
}

/** `check-suite`: all check runs of a commit. */
export function checkSuiteBody(
  hub: Hub,
  repository: RepositoryDocument,
  head: Commit,
  runs: readonly CheckRun[],
): Body {
  const id = suiteId(head.sha);
  const url = `${repositoryUrl(hub, repository)}/check-suites/${id}`;
  const done = runs.every(({ status }) => status === "completed");
  const failed = runs.find(({ conclusion }) => !/^(success|neutral|skipped)$/.test(conclusion ?? ""));
  return {
    id,
    node_id: nodeId("CS", repository.id, id),
    head_branch: openPulls(hub.records, repository).find(({ pull }) => pull.headSha === head.sha)?.pull.head ?? null,
    head_sha: head.sha,
    status: done ? "completed" : "in_progress",
    conclusion: done ? (failed?.conclusion ?? "success") : null,
    url,
    before: head.parents[0] ?? null,
    after: head.sha,
    pull_requests: pullsOf(hub, repository, head.sha),
    app: actionsApp(hub),
    repository: repositoryBody(hub, repository),
    created_at: runs[0]?.startedAt ?? null,
    updated_at: runs.at(-1)?.completedAt ?? runs[0]?.startedAt ?? null,
    head_commit: {
      id: head.sha,
      tree_id: head.tree,
      message: head.message,
      timestamp: head.committer.date,
      author: { name: head.author.name, email: head.author.email },
      committer: { name: head.committer.name, email: head.committer.email },
    },
    latest_check_runs_count: runs.length,
    check_runs_url: `${url}/check-runs`,
  };
}

/** `status`. */
export function statusBody(hub: Hub, repository: RepositoryDocument, status: CommitStatus): Body {
  const creator = simpleUser(hub, status.creator);
  return {
    url: `${repositoryUrl(hub, repository)}/statuses/${status.sha}`,
    avatar_url: creator["avatar_url"],
    id: status.id,
    node_id: nodeId("SC", repository.id, status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    creator,
  };
}

/** `deployment`. */
export function deploymentBody(hub: Hub, repository: RepositoryDocument, deployment: Deployment): Body {
  const url = `${repositoryUrl(hub, repository)}/deployments/${deployment.id}`;
  return {
    url,
    id: deployment.id,
    node_id: nodeId("DE", repository.id, deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: deployment.task,
    payload: deployment.payload,
    original_environment: deployment.environment,
    environment: deployment.environment,
    description: deployment.description,
    creator: simpleUser(hub, deployment.creator),
    created_at: deployment.createdAt,
    updated_at: deployment.updatedAt,
    statuses_url: `${url}/statuses`,
    repository_url: repositoryUrl(hub, repository),
    transient_environment: deployment.transient,
    production_environment: deployment.production,
  };
}

/** `deployment-status`. */
export function deploymentStatusBody(
  hub: Hub,
  repository: RepositoryDocument,
  deployment: Deployment,
  status: DeploymentStatus,
): Body {
  const url = `${repositoryUrl(hub, repository)}/deployments/${deployment.id}`;
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId("DES", repository.id, status.id),
    state: status.state,
    creator: simpleUser(hub, status.creator),
    description: status.description,
    environment: deployment.environment,
    target_url: status.logUrl,
    log_url: status.logUrl,
    environment_url: status.environmentUrl,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    deployment_url: url,
    repository_url: repositoryUrl(hub, repository),
  };
}
