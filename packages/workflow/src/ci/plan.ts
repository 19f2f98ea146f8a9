import { diagnosticsOf } from "@doge/core";
import { checkImage } from "../deploy/image.ts";
import { monthlyCost } from "../executors/cost.ts";
import type { Project } from "../project.ts";
import { planWorkspace } from "../run-workspace.ts";
import { vendors } from "../vendors.ts";
import { planComment, type PlanReport, upsertComment } from "./comment.ts";
import { currentJob, writeSummary } from "./job.ts";

/**
 * `doge ci plan`, for a pull request to stage or main: builds the image, plans the infrastructure, comments.
 * A failure is commented too, and fails the check.
 */
export async function ciPlan(project: Project): Promise<{ readonly summary: string }> {
  const job = currentJob(project);
  const { owner, repository } = project.config.github;
  const context = {
    environment: job.environment,
    commit: job.commit,
    jobUrl: job.url,
    redactor: project.settings.redactor,
  };
  const publish = async (report: PlanReport): Promise<void> => {
    const body = planComment(report, context);
    await writeSummary(project, body);
    if (job.pullRequest !== undefined) {
      await upsertComment(vendors(project).github().comments, { owner, repo: repository }, job.pullRequest, body);
    }
  };
  try {
    const image = await checkImage(project, "HEAD");
    const planned = await planWorkspace(project, job.environment, {
      speculative: true,
      message: `pull request ${job.pullRequest ?? ""}`,
    });
    await publish({
      state: "planned",
      counts: planned.counts,
      changes: planned.changes,
      text: planned.text,
      ...(image ? { image } : {}),
      cost: monthlyCost(planned.json),
      ...(planned.url ? { runUrl: planned.url } : {}),
    });
    const { add, change, destroy } = planned.counts;
    return {
      summary: `${job.environment}: ${add} to add, ${change} to change, ${destroy} to destroy${image ? `; image ${image}` : ""}`,
    };
  } catch (thrown) {
    const reason = diagnosticsOf(thrown)
      .map((d) => [d.summary, d.detail, d.remedy].filter(Boolean).join("\n"))
      .join("\n\n");
    // The plan's own failure is what counts; one of the comment must not hide it.
    await publish({ state: "failed", reason }).catch(() => {});
    throw thrown;
  }
}
