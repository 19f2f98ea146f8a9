import type { JobRecord, Office, RunRecord } from "../records.ts";

/** The page of a job, where its log is. */
export const jobPage = (
  { context }: Office,
  run: Pick<RunRecord, "repository" | "id">,
  job: Pick<JobRecord, "id">,
): string => `${context.url("github")}/${run.repository}/actions/runs/${run.id}/job/${job.id}`;

/** Tells GitHub how a job stands: its check run, which branch protection asks for. */
export async function publishCheck(office: Office, run: RunRecord, job: JobRecord): Promise<void> {
  try {
    await office.github.checkRun(run.repository, {
      id: job.id,
      name: job.name,
      headSha: run.headSha,
      status: job.status === "pending" ? "queued" : job.status,
      ...(job.conclusion && { conclusion: job.conclusion }),
      detailsUrl: jobPage(office, run, job),
      startedAt: job.startedAt,
      ...(job.completedAt && { completedAt: job.completedAt }),
    });
  } catch (thrown) {
    // The repository may be gone by now; the job's own record stands.
    office.context.log("github", `actions: no check run for ${run.repository} job ${job.id}: ${String(thrown)}`);
  }
}

/** Changes a job's record and tells GitHub. */
export async function changeJob(
  office: Office,
  run: RunRecord,
  id: number,
  change: (job: JobRecord) => JobRecord,
): Promise<JobRecord> {
  const job = office.jobs.update(id, change);
  await publishCheck(office, run, job);
  return job;
}
