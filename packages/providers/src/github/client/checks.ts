import { ifFound } from "../../shared/errors.ts";
import type { GitHubTransport, Repo } from "./octokit.ts";

export type Conclusion = "success" | "failure" | "neutral" | "cancelled" | "skipped" | "timed_out" | "action_required";

export interface CheckRun {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly html_url: string | null;
}

export interface CheckOutput {
  readonly title: string;
  /** At most 65,535 characters. */
  readonly summary: string;
}

/** Only tokens of GitHub Apps (that of a workflow among them) may write check runs; others use statuses. */
export interface Checks {
  list(at: Repo, ref: string): Promise<CheckRun[]>;
  create(
    at: Repo,
    check: { readonly name: string; readonly sha: string; readonly output?: CheckOutput },
  ): Promise<CheckRun>;
  finish(at: Repo, id: number, conclusion: Conclusion, output?: CheckOutput): Promise<CheckRun>;
}

export function checks({ rest, all }: GitHubTransport): Checks {
  return {
    list: (at, ref) =>
      all<CheckRun>(async (page) => {
        const { data, headers } = await rest("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
          ...at,
          ref,
          per_page: 100,
          page,
        });
        return { data: data.check_runs as CheckRun[], headers };
      }),
    create: async (at, { name, sha, output }) =>
      (
        await rest("POST /repos/{owner}/{repo}/check-runs", {
          ...at,
          name,
          head_sha: sha,
          status: "in_progress",
          ...(output ? { output } : {}),
        })
      ).data as CheckRun,
    finish: async (at, check_run_id, conclusion, output) =>
      (
        await rest("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
          ...at,
          check_run_id,
          status: "completed",
          conclusion,
          ...(output ? { output } : {}),
        })
      ).data as CheckRun,
  };
}

export interface CommitStatus {
  readonly state: "error" | "failure" | "pending" | "success";
  readonly context: string;
  /** At most 140 characters. */
  readonly description?: string;
  readonly target_url?: string;
}

export interface Statuses {
  create(at: Repo, sha: string, status: CommitStatus): Promise<void>;
  /** The newest status of each context, and all of them taken together. */
  combined(at: Repo, ref: string): Promise<{ readonly state: string; readonly statuses: readonly CommitStatus[] }>;
}

export function statuses({ rest }: GitHubTransport): Statuses {
  return {
    create: async (at, sha, status) =>
      void (await rest("POST /repos/{owner}/{repo}/statuses/{sha}", { ...at, sha, ...status })),
    combined: async (at, ref) => {
      const { data } = await rest("GET /repos/{owner}/{repo}/commits/{ref}/status", { ...at, ref, per_page: 100 });
      return { state: data.state, statuses: data.statuses as unknown as CommitStatus[] };
    },
  };
}

export interface WorkflowRun {
  readonly id: number;
  readonly name?: string | null;
  readonly status: string | null;
  readonly conclusion: string | null;
  readonly event: string;
  readonly head_branch: string | null;
  readonly head_sha: string;
  readonly html_url: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface WorkflowJob {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly html_url: string | null;
}

export interface WorkflowRuns {
  list(
    at: Repo,
    filter?: { readonly branch?: string; readonly head_sha?: string; readonly event?: string },
  ): Promise<WorkflowRun[]>;
  get(at: Repo, id: number): Promise<WorkflowRun | undefined>;
  jobs(at: Repo, id: number): Promise<WorkflowJob[]>;
  /** A job's whole log; undefined before it has one. */
  log(at: Repo, job: number): Promise<string | undefined>;
  cancel(at: Repo, id: number): Promise<void>;
  /** `workflow`: its file's name. */
  dispatch(at: Repo, workflow: string, ref: string, inputs?: Readonly<Record<string, string>>): Promise<void>;
}

export function workflowRuns({ rest, all }: GitHubTransport): WorkflowRuns {
  return {
    list: (at, filter = {}) =>
      all<WorkflowRun>(async (page) => {
        const { data, headers } = await rest("GET /repos/{owner}/{repo}/actions/runs", {
          ...at,
          ...filter,
          per_page: 100,
          page,
        });
        return { data: data.workflow_runs as WorkflowRun[], headers };
      }),
    get: (at, run_id) =>
      ifFound(
        rest("GET /repos/{owner}/{repo}/actions/runs/{run_id}", { ...at, run_id }).then(
          ({ data }) => data as WorkflowRun,
        ),
      ),
    jobs: (at, run_id) =>
      all<WorkflowJob>(async (page) => {
        const { data, headers } = await rest("GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs", {
          ...at,
          run_id,
          per_page: 100,
          page,
        });
        return { data: data.jobs as WorkflowJob[], headers };
      }),
    log: async (at, job_id) => {
      const answer = await ifFound(rest("GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs", { ...at, job_id }));
      return answer && String(answer.data);
    },
    cancel: async (at, run_id) =>
      void (await rest("POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel", { ...at, run_id })),
    dispatch: async (at, workflow_id, ref, inputs = {}) =>
      void (await rest("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
        ...at,
        workflow_id,
        ref,
        inputs,
      })),
  };
}

export interface PackageVersion {
  readonly id: number;
  /** The digest of a container image. */
  readonly name: string;
  readonly tags: readonly string[];
  readonly created_at: string;
}

/** Container images in GitHub's registry. */
export interface Packages {
  versions(owner: { readonly login: string; readonly organization: boolean }, image: string): Promise<PackageVersion[]>;
  /** Removes the image with all its versions; one that is gone already is no error. */
  delete(owner: { readonly login: string; readonly organization: boolean }, image: string): Promise<void>;
}

export function packages({ rest, all }: GitHubTransport): Packages {
  const kind = { package_type: "container" } as const;
  return {
    versions: async ({ login, organization }, package_name) => {
      const found = await ifFound(
        all<Version>(async (page) => {
          const common = { ...kind, package_name, per_page: 100, page };
          const answer = organization
            ? await rest("GET /orgs/{org}/packages/{package_type}/{package_name}/versions", { ...common, org: login })
            : await rest("GET /users/{username}/packages/{package_type}/{package_name}/versions", {
                ...common,
                username: login,
              });
          return answer;
        }),
      );
      return (found ?? []).map(({ id, name, created_at, metadata }) => ({
        id,
        name,
        created_at,
        tags: metadata?.container?.tags ?? [],
      }));
    },
    delete: async ({ login, organization }, package_name) =>
      void (await ifFound(
        organization
          ? rest("DELETE /orgs/{org}/packages/{package_type}/{package_name}", { ...kind, package_name, org: login })
          : rest("DELETE /users/{username}/packages/{package_type}/{package_name}", {
              ...kind,
              package_name,
              username: login,
            }),
      )),
  };
}

interface Version {
  readonly id: number;
  readonly name: string;
  readonly created_at: string;
  readonly metadata?: { readonly container?: { readonly tags?: readonly string[] } };
}
