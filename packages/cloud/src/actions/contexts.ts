import type { Office, RunRecord } from "./records.ts";
import { textOf, valueOf, type Fields, type Value } from "./language/expressions.ts";

export const shortRef = (ref: string): string => ref.replace(/^refs\/(heads|tags|pull)\//, "");

/** The `github` context as far as it is known before a job runs; the token is added by who has one. */
export async function githubContext({ context, github }: Office, run: RunRecord): Promise<Fields> {
  const { owner, id } = (await github.repositoryPayload(run.repository)) as {
    id?: number;
    owner?: { login?: string; id?: number };
  };
  const sender = run.payload["sender"] as { id?: number } | undefined;
  const server = context.url("github");
  return {
    actor: run.actor,
    actor_id: String(sender?.id ?? ""),
    api_url: `${server}/api/v3`,
    base_ref: run.baseRef,
    event: valueOf(run.payload),
    event_name: run.event,
    graphql_url: `${server}/api/graphql`,
    head_ref: run.headRef,
    ref: run.ref,
    ref_name: shortRef(run.ref),
    ref_protected: false,
    ref_type: run.ref.startsWith("refs/tags/") ? "tag" : "branch",
    repository: run.repository,
    repository_id: String(id ?? ""),
    repository_owner: run.repository.split("/")[0] ?? "",
    repository_owner_id: String(owner?.id ?? ""),
    repositoryUrl: `${server}/${run.repository}.git`,
    retention_days: "90",
    run_attempt: String(run.attempt),
    run_id: String(run.id),
    run_number: String(run.number),
    secret_source: "Actions",
    server_url: server,
    sha: run.sha,
    triggering_actor: run.actor,
    workflow: run.workflow.name,
    workflow_ref: `${run.repository}/${run.workflow.path}@${run.ref}`,
    workflow_sha: run.sha,
  };
}

/** Environment variables that GitHub makes of the `github` context. */
export function githubVariables(github: Fields): Record<string, string> {
  const names = [
    "action",
    "action_path",
    "action_ref",
    "action_repository",
    "actor",
    "actor_id",
    "api_url",
    "base_ref",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
  ];
  return Object.fromEntries(
    names
      .filter((name) => github[name] !== undefined)
      .map((name) => [`GITHUB_${name.toUpperCase()}`, textOf(github[name] ?? null)]),
  );
}

/** Permissions of a job's token: GitHub's restricted default, or what the nearest `permissions` says. */
export function tokenPermissions(declared: Value): Record<string, "read" | "write" | "none"> {
  if (declared === null) return { contents: "read", metadata: "read", packages: "read" };
  if (declared === "read-all" || declared === "write-all") {
    const level = declared === "read-all" ? "read" : "write";
    return { ...Object.fromEntries(permissionNames.map((name) => [name, level])), metadata: "read" };
  }
  return {
    ...Object.fromEntries(permissionNames.map((name) => [name, "none"])),
    ...(declared as Record<string, "read" | "write" | "none">),
    metadata: "read",
  };
}

const permissionNames = [
  "actions",
  "attestations",
  "checks",
  "contents",
  "deployments",
  "discussions",
  "issues",
  "packages",
  "pages",
  "pull-requests",
  "repository-projects",
  "security-events",
  "statuses",
];
