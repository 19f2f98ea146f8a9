import { createHash } from "node:crypto";
import type { Commit } from "../git.ts";
import { fieldsOf, valueOf } from "../language/expressions.ts";
import type { ArtifactRecord, JobRecord, Office, RunRecord } from "../records.ts";
import { pullRequestOf } from "../triggers.ts";
import { jobPage } from "../runner/publish.ts";

type Json = Record<string, unknown>;

const nodeId = (kind: string, id: number): string => Buffer.from(`${kind}${id}`).toString("base64");
const api = ({ context }: Office, repository: string): string => `${context.url("github")}/api/v3/repos/${repository}`;
const web = ({ context }: Office, repository: string): string => `${context.url("github")}/${repository}`;

export const runPage = (office: Office, run: Pick<RunRecord, "id" | "repository">): string =>
  `${web(office, run.repository)}/actions/runs/${run.id}`;

export async function runShape(office: Office, run: RunRecord, commit: Commit | undefined): Promise<Json> {
  const root = api(office, run.repository);
  const url = `${root}/actions/runs/${run.id}`;
  const repository = await office.github.repositoryPayload(run.repository);
  const pull = pullRequestOf(run.payload);
  const actor = run.payload["sender"] ?? userShape(office, run.actor);
  return {
    id: run.id,
    name: run.workflow.name,
    node_id: nodeId("WorkflowRun", run.id),
    check_suite_id: run.id,
    check_suite_node_id: nodeId("CheckSuite", run.id),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: run.workflow.path,
    run_number: run.number,
    run_attempt: run.attempt,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion ?? null,
    workflow_id: run.workflow.id,
    url,
    html_url: runPage(office, run),
    pull_requests: pull ? [pullShape(office, run, pull)] : [],
    created_at: run.createdAt,
    updated_at: run.updatedAt,
    actor,
    triggering_actor: actor,
    run_started_at: run.startedAt,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${root}/check-suites/${run.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.attempt > 1 ? `${url}/attempts/${run.attempt - 1}` : null,
    workflow_url: `${root}/actions/workflows/${run.workflow.id}`,
    head_commit: commit ? { ...commit, treeId: undefined, tree_id: commit.treeId } : null,
    repository,
    head_repository: repository,
    head_repository_id: repository["id"],
    display_title: run.title,
    referenced_workflows: [],
  };
}

function pullShape(office: Office, run: RunRecord, pull: NonNullable<ReturnType<typeof pullRequestOf>>): Json {
  const { id, url } = fieldsOf(valueOf(run.payload["repository"]));
  const root = api(office, run.repository);
  const repo = { id: id ?? 0, url: url ?? root, name: run.repository.split("/")[1] };
  const side = ({ ref, sha }: { ref: string; sha: string }): Json => ({ ref, sha, repo });
  return {
    id: fieldsOf(valueOf(pull))["id"] ?? pull.number,
    number: pull.number,
    url: `${root}/pulls/${pull.number}`,
    head: side(pull.head),
    base: side(pull.base),
  };
}

export function jobShape(office: Office, run: RunRecord, job: JobRecord): Json {
  const root = api(office, run.repository);
  const begun = job.steps.length > 0;
  return {
    id: job.id,
    run_id: run.id,
    workflow_name: run.workflow.name,
    head_branch: run.headBranch,
    run_url: `${root}/actions/runs/${run.id}`,
    run_attempt: job.attempt,
    node_id: nodeId("CheckRun", job.id),
    head_sha: run.headSha,
    url: `${root}/actions/jobs/${job.id}`,
    html_url: jobPage(office, run, job),
    status: job.status,
    conclusion: job.conclusion ?? null,
    created_at: job.createdAt,
    started_at: job.startedAt,
    completed_at: job.completedAt ?? null,
    name: job.name,
    steps: job.steps.map((step) => ({
      name: step.name,
      status: step.status,
      conclusion: step.conclusion ?? null,
      number: step.number,
      started_at: step.startedAt ?? null,
      completed_at: step.completedAt ?? null,
    })),
    check_run_url: `${root}/check-runs/${job.id}`,
    labels: job.labels,
    runner_id: begun ? 1 : null,
    runner_name: begun ? "Local cloud" : null,
    runner_group_id: begun ? 1 : null,
    runner_group_name: begun ? "Local cloud" : null,
  };
}

export function workflowShape(
  office: Office,
  workflow: { readonly id: number; readonly repository: string; readonly path: string; readonly createdAt: string },
  name: string,
  branch: string,
): Json {
  const file = workflow.path.replace(/^.*\//, "");
  return {
    id: workflow.id,
    node_id: nodeId("Workflow", workflow.id),
    name,
    path: workflow.path,
    state: "active",
    created_at: workflow.createdAt,
    updated_at: workflow.createdAt,
    url: `${api(office, workflow.repository)}/actions/workflows/${workflow.id}`,
    html_url: `${web(office, workflow.repository)}/blob/${branch}/${workflow.path}`,
    badge_url: `${web(office, workflow.repository)}/actions/workflows/${file}/badge.svg`,
  };
}

export function artifactShape(office: Office, artifact: ArtifactRecord): Json {
  const url = `${api(office, artifact.repository)}/actions/artifacts/${artifact.id}`;
  return {
    id: artifact.id,
    node_id: nodeId("Artifact", artifact.id),
    name: artifact.name,
    size_in_bytes: artifact.bytes,
    url,
    archive_download_url: `${url}/zip`,
    expired: office.timestamp() > artifact.expiresAt,
    created_at: artifact.createdAt,
    expires_at: artifact.expiresAt,
    updated_at: artifact.createdAt,
    workflow_run: { id: artifact.runId },
  };
}

/** For an actor of whom the event brought no more than the login. */
function userShape({ context }: Office, login: string): Json {
  const server = context.url("github");
  const url = `${server}/api/v3/users/${login}`;
  const id = createHash("sha256").update(login).digest().readUInt32BE(0);
  return {
    login,
    id,
    node_id: nodeId("User", id),
    avatar_url: `${server}/${login}.png`,
    gravatar_id: "",
    url,
    html_url: `${server}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: "User",
    site_admin: false,
  };
}
