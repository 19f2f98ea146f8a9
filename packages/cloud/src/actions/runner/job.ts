import { rm } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { evaluateTexts, holds, type Fields, type Scope } from "../language/expressions.ts";
import type { Annotation, Conclusion, JobRecord, Office, StepRecord } from "../records.ts";
import { beginDeployment, environmentUrl, type Deployment } from "./environment.ts";
import { JobLog } from "./log.ts";
import { Masker } from "./masker.ts";
import { signalGroup } from "./process.ts";
import { changeJob } from "./publish.ts";
import { openSession } from "./open.ts";
import { jobFolder, logFile, type JobOrder } from "./order.ts";
import type { JobSession, StepResult } from "./session.ts";
import { nameOf, runSteps } from "./steps.ts";

/** Runs a job to its end, whatever happens in it. What it did stands in its record, its log and its check run. */
export async function runJob(office: Office, order: JobOrder): Promise<JobRecord> {
  const { run, id } = order;
  const masker = new Masker();
  const log = new JobLog(logFile(office, id), masker, office.context.now);
  const annotations: Annotation[] = [];
  const annotate = (annotation: Annotation): void => {
    const masked = { ...annotation, message: masker.mask(annotation.message) };
    annotations.push(masked);
    office.jobs.update(id, (job) => ({ ...job, annotations: [...annotations] }));
  };
  await changeJob(office, run, id, (job) => ({ ...job, status: "in_progress", startedAt: office.timestamp() }));

  const recorder = stepRecorder(office, id, masker);
  let session: JobSession | undefined;
  let deployment: Deployment | undefined;
  let conclusion: Conclusion = "failure";
  let ended: { outputs: Record<string, string>; url: string | undefined } = { outputs: {}, url: undefined };
  try {
    recorder.begin(1, "Set up job");
    const opened = await openSession(office, order, { masker, log, annotate });
    session = opened.session;
    if (opened.environment !== undefined) {
      deployment = await beginDeployment(office, run, id, opened.environment);
    }
    recorder.end(1, "success");
    const results: Record<string, StepResult> = {};
    await runOwnSteps(session, order, results, recorder);
    await runPosts(session, recorder, order.job.steps.length + 2);
    ended = finish(session, order, results);
    conclusion = session.status;
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    log.write(`##[error]${message}`);
    annotate({ level: "error", message });
    recorder.end(1, "failure");
    conclusion = order.cancel.aborted || order.kill.aborted ? "cancelled" : "failure";
  }
  if (conclusion === "cancelled" && typeof order.cancel.reason === "string") {
    annotate({ level: "error", message: order.cancel.reason });
  }
  if (order.kill.aborted) {
    conclusion = "cancelled";
    annotate({ level: "error", message: "The local cloud was stopped while this job ran." });
  }
  await deployment?.end(conclusion, ended.url).catch((thrown: unknown) => office.context.log("github", String(thrown)));
  if (session) await cleanUp(office, session, recorder);
  log.close();
  office.inBackground(rm(jobFolder(office, id), { recursive: true, force: true, maxRetries: 3 }));
  return changeJob(office, run, id, (job) => ({
    ...job,
    status: "completed",
    conclusion,
    completedAt: office.timestamp(),
    outputs: ended.outputs,
    ...(job.environment && ended.url !== undefined && { environment: { ...job.environment, url: ended.url } }),
  }));
}

async function runOwnSteps(
  session: JobSession,
  { job, contexts }: JobOrder,
  results: Record<string, StepResult>,
  recorder: StepRecorder,
): Promise<void> {
  for (const [index, step] of job.steps.entries())
    recorder.expect(index + 2, nameOf(step, { contexts: session.contexts }));
  await runSteps(session, {
    steps: job.steps,
    inputs: contexts.inputs,
    env: {},
    results,
    defaults: session.defaults,
    observe(index, { status, name, conclusion }) {
      if (status === "in_progress") recorder.begin(index + 2, name);
      else recorder.end(index + 2, conclusion ?? "success", name);
    },
  });
}

async function runPosts(session: JobSession, recorder: StepRecorder, firstNumber: number): Promise<void> {
  let number = firstNumber;
  for (const post of session.posts.splice(0).toReversed()) {
    if (session.kill.aborted) return;
    recorder.begin(number, post.name);
    const failed = session.status === "failure";
    const cancelled = session.status === "cancelled";
    try {
      const status = { success: !failed && !cancelled, failure: failed, cancelled };
      if (holds(post.condition, { contexts: session.contexts, status })) {
        session.log.write(`##[group]${post.name}\n##[endgroup]`);
        await post.run(session.kill);
        recorder.end(number, "success");
      } else recorder.end(number, "skipped");
    } catch (thrown) {
      session.log.write(`##[error]${(thrown as Error).message}`);
      if (session.status === "success") session.status = "failure";
      recorder.end(number, "failure");
    }
    number++;
  }
  recorder.begin(number, "Complete job");
}

/** The job's outputs, without those that hold a secret, and its environment's URL. */
function finish(
  session: JobSession,
  { job, contexts }: JobOrder,
  results: Record<string, StepResult>,
): { outputs: Record<string, string>; url: string | undefined } {
  const scope: Scope = {
    contexts: {
      ...session.contexts,
      env: { ...session.env },
      inputs: contexts.inputs,
      job: { status: session.status },
      steps: results as unknown as Fields,
    },
  };
  const outputs = Object.fromEntries(
    Object.entries(evaluateTexts(job.outputs, scope)).filter(([name, value]) => {
      if (!session.masker.sees(value)) return true;
      session.log.write(`##[warning]Skip output '${name}' since it may contain secret.`);
      return false;
    }),
  );
  return { outputs, url: environmentUrl(job.environment, scope) };
}

async function cleanUp(office: Office, session: JobSession, recorder: StepRecorder): Promise<void> {
  for (const group of session.leftovers) {
    session.log.write(`Cleaning up orphan processes: process group ${group}`);
    signalGroup(group, "SIGTERM");
  }
  if (session.leftovers.size > 0) {
    await wait(Math.min(500, office.graceMilliseconds.terminate));
    for (const group of session.leftovers) signalGroup(group, "SIGKILL");
  }
  await office.github
    .revokeToken(session.token)
    .catch((thrown: unknown) => office.context.log("github", String(thrown)));
  recorder.complete();
}

interface StepRecorder {
  expect(number: number, name: string): void;
  begin(number: number, name: string): void;
  end(number: number, conclusion: Conclusion, name?: string): void;
  /** Ends what is still open, as successful. */
  complete(): void;
}

function stepRecorder({ jobs, timestamp }: Office, id: number, masker: Masker): StepRecorder {
  const steps = new Map<number, StepRecord>();
  const put = (step: StepRecord): void => {
    steps.set(step.number, { ...step, name: masker.mask(step.name) });
    jobs.update(id, (job) => ({ ...job, steps: [...steps.values()].sort((a, b) => a.number - b.number) }));
  };
  return {
    expect: (number, name) => put({ number, name, status: "queued" }),
    begin: (number, name) => put({ number, name, status: "in_progress", startedAt: timestamp() }),
    end(number, conclusion, name) {
      const open = steps.get(number);
      if (open?.status === "completed") return;
      const at = timestamp();
      put({
        number,
        name: name ?? open?.name ?? "",
        status: "completed",
        conclusion,
        startedAt: open?.startedAt ?? at,
        completedAt: at,
      });
    },
    complete() {
      for (const step of steps.values()) if (step.status === "in_progress") this.end(step.number, "success");
    },
  };
}
