import { diagnosticsOf } from "@doge/core";
import { deployEnvironment, prepareImage } from "../deploy/deploy.ts";
import type { DeployResult } from "../deploy/receipt.ts";
import type { Project } from "../project.ts";
import { convergeWorkspace } from "../run-workspace.ts";
import { vendors } from "../vendors.ts";
import { deployComment, upsertComment } from "./comment.ts";
import { currentJob, type Job, writeSummary } from "./job.ts";

/** `doge ci deploy`, for a push to stage or main: applies the infrastructure, ships the commit, comments. */
export async function ciDeploy(project: Project): Promise<DeployResult> {
  const job = currentJob(project);
  const context = {
    environment: job.environment,
    commit: job.commit,
    jobUrl: job.url,
    redactor: project.settings.redactor,
  };
  const publish = async (body: string): Promise<void> => {
    await writeSummary(project, body);
    const number = await mergedPullRequest(project, job);
    const { owner, repository } = project.config.github;
    if (number !== undefined)
      await upsertComment(vendors(project).github().comments, { owner, repo: repository }, number, body);
  };
  try {
    const applied = await convergeWorkspace(project, job.environment, {
      message: `deploy of ${job.commit.slice(0, 7)} by ${job.actor}`,
    });
    const image = await prepareImage(project, { ref: "HEAD" });
    const result = await deployEnvironment(project, job.environment, {
      image,
      owner: job.actor,
      ...(job.url ? { runUrl: job.url } : {}),
    });
    const { add, change, destroy } = applied.counts;
    const infrastructure = `infrastructure: ${add} added, ${change} changed, ${destroy} destroyed`;
    await publish(deployComment({ ok: true, url: result.url, lines: [...result.lines, infrastructure] }, context));
    return result;
  } catch (thrown) {
    const reason = diagnosticsOf(thrown)
      .map((d) => [d.summary, d.detail, d.remedy].filter(Boolean).join("\n"))
      .join("\n\n");
    // The deploy's own failure is what counts; one of the comment must not hide it.
    await publish(deployComment({ ok: false, reason }, context)).catch(() => {});
    throw thrown;
  }
}

/** The pull request whose merge this push is. */
async function mergedPullRequest(project: Project, job: Job): Promise<number | undefined> {
  const { owner, repository } = project.config.github;
  const pulls = await vendors(project).github().pulls.list({ owner, repo: repository }, { state: "closed" });
  return pulls.find((pull) => pull.merge_commit_sha === job.commit)?.number;
}
