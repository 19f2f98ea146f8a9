import { type Diagnostic, diagnosticsOf, DogeError } from "@doge/core";
import { onEnvironment } from "../deploy/connect.ts";
import { deployEnvironment } from "../deploy/deploy.ts";
import { withDroplets } from "../deploy/droplets.ts";
import { prepareImage } from "../deploy/image.ts";
import type { DeployResult } from "../deploy/receipt.ts";
import { environmentStatus } from "../deploy/status.ts";
import type { Project } from "../project.ts";
import { convergeWorkspace } from "../run-workspace.ts";
import { vendors } from "../vendors.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
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
  let deployed = false;
  try {
    const applied = await convergeWorkspace(project, job.environment, {
      message: `deploy of ${job.commit.slice(0, 7)} by ${job.actor}`,
    });
    const { environment } = job;
    const result = await withDroplets(project, async (droplets) =>
      deployEnvironment(project, droplets, environment, {
        image: await prepareImage(project, { ref: "HEAD", environment, droplets }),
        owner: job.actor,
        ...(job.url ? { runUrl: job.url } : {}),
      }),
    );
    const { add, change, destroy } = applied.counts;
    const infrastructure = `infrastructure: ${add} added, ${change} changed, ${destroy} destroyed`;
    const backups = await backupTrouble(project, job.environment);
    const alarms = backups.map(({ summary, detail }) => `⚠ ${summary}: ${detail}`);
    await publish(
      deployComment({ ok: true, url: result.url, lines: [...result.lines, infrastructure, ...alarms] }, context),
    );
    deployed = true;
    if (backups.length > 0) throw new DogeError(backups);
    return result;
  } catch (thrown) {
    if (deployed) throw thrown;
    const reason = diagnosticsOf(thrown)
      .map((d) => [d.summary, d.detail, d.remedy].filter(Boolean).join("\n"))
      .join("\n\n");
    // The deploy's own failure is what counts; one of the comment must not hide it.
    await publish(deployComment({ ok: false, reason }, context)).catch(() => {});
    throw thrown;
  }
}

/** A release that is live does not hide backups that fail: they turn the job red. */
async function backupTrouble(project: Project, environment: EnvironmentName): Promise<readonly Diagnostic[]> {
  const { findings } = await onEnvironment(project, environment, (host) =>
    environmentStatus(project, host, environment),
  );
  return findings.filter(({ severity, code }) => severity === "error" && code.startsWith("backup-"));
}

/** The pull request whose merge this push is. */
async function mergedPullRequest(project: Project, job: Job): Promise<number | undefined> {
  const { owner, repository } = project.config.github;
  const pulls = await vendors(project).github().pulls.list({ owner, repo: repository }, { state: "closed" });
  return pulls.find((pull) => pull.merge_commit_sha === job.commit)?.number;
}
