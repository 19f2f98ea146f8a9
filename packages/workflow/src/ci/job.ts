import { fail } from "@doge/core";
import type { Project } from "../project.ts";
import { environmentOfBranch, type EnvironmentName } from "../workspaces/names.ts";

/** What GitHub tells a job about itself, by its documented environment variables. */
export interface Job {
  readonly event: string;
  readonly environment: EnvironmentName;
  readonly commit: string;
  /** The pull request that the job runs for. */
  readonly pullRequest?: number;
  readonly url?: string;
  readonly actor: string;
}

/** Reads the job's variables; a command for CI that runs elsewhere says so. */
export function currentJob(project: Project): Job {
  requireSharedState(project);
  const { env } = project.settings;
  const event = env["GITHUB_EVENT_NAME"];
  const commit = env["GITHUB_SHA"];
  const branch = event === "pull_request" ? env["GITHUB_BASE_REF"] : env["GITHUB_REF_NAME"];
  if (!event || !commit || !branch) {
    fail({
      code: "not-in-actions",
      summary: "This command belongs into a GitHub Actions job",
      detail: "GITHUB_EVENT_NAME, GITHUB_SHA or GITHUB_REF_NAME is not set.",
      remedy: "On your machine use doge plan stage or doge deploy stage instead.",
    });
  }
  const environment = environmentOfBranch(branch);
  if (!environment) {
    fail({
      code: "no-environment",
      summary: "No environment belongs to this branch",
      detail: `Branch ${branch}; stage deploys to stage, main to prod.`,
      remedy: "Correct the branches of the workflow file.",
    });
  }
  const number = /^refs\/pull\/(\d+)\//.exec(env["GITHUB_REF"] ?? "")?.[1];
  const url = jobUrl(env);
  return {
    event,
    environment,
    commit,
    actor: env["GITHUB_ACTOR"] ?? "unknown",
    ...(number ? { pullRequest: Number(number) } : {}),
    ...(url ? { url } : {}),
  };
}

/** The page of the run that this is a job of; undefined outside of one. */
export function jobUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  return server && repository && run ? `${server}/${repository}/actions/runs/${run}` : undefined;
}

/** A job has a disk of its own: what lies in a folder of somebody's machine is not there. */
export function requireSharedState({ config }: Project): void {
  const { state } = config;
  if (state.backend !== "folder") return;
  fail({
    code: "ci-state-folder",
    summary: "The states are in a folder, which a job does not have",
    detail: `state.backend is "folder" (${state.folder}).`,
    address: "state.backend",
    remedy:
      'Set state.backend to "spaces" or "hcp", and move each state there: doge state pull WORKSPACE before, doge state push WORKSPACE FILE after.',
  });
}

/** Appends to the job's summary page, where there is one. */
export async function writeSummary(project: Project, markdown: string): Promise<void> {
  const path = project.settings.env["GITHUB_STEP_SUMMARY"];
  if (!path) return;
  const before = (await project.machine.files.read(path)) ?? "";
  await project.machine.files.write(path, `${before}${markdown}\n`);
}
