import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { githubVariables, tokenPermissions } from "../contexts.ts";
import {
  evaluate,
  evaluateTexts,
  fieldsOf,
  textOf,
  type Fields,
  type Scope,
  type Value,
} from "../language/expressions.ts";
import type { Annotation, Office } from "../records.ts";
import { checkEnvironment, environmentName } from "./environment.ts";

import type { JobLog } from "./log.ts";
import { jobFolder, type JobOrder } from "./order.ts";
import { machineEnvironment, runnerArch, runnerOs } from "./machine.ts";
import type { Masker } from "./masker.ts";
import { StepFailure, type JobFolders, type JobSession } from "./session.ts";

const runnerName = "Local cloud";
const defaultTimeoutMinutes = 360;

interface OpeningRecord {
  readonly masker: Masker;
  readonly log: JobLog;
  readonly annotate: (annotation: Annotation) => void;
}

/** Prepares all that the steps of a job need. Throws StepFailure, in words for the job's log, where it can't. */
export async function openSession(
  office: Office,
  order: JobOrder,
  record: OpeningRecord,
): Promise<{ readonly session: JobSession; readonly environment: string | undefined }> {
  const { run, workflow, job } = order;
  const { github, needs, matrix, strategy, inputs } = order.contexts;
  const { masker, log } = record;
  log.write(`Runner: the local cloud, ${runnerOs} ${runnerArch}, Node ${process.version}`);
  if (job.gap) throw new StepFailure(`The local cloud does not have ${job.gap}.`);

  const early: Scope = { contexts: { github, needs, matrix, strategy, inputs } };
  acceptLabels(evaluate(job.runsOn, early));
  const variables = await office.github.variables(run.repository, undefined);
  const environment = environmentName(job.environment, { contexts: { ...early.contexts, vars: variables } });
  if (environment !== undefined) {
    office.jobs.update(order.id, (each) => ({ ...each, environment: { name: environment } }));
    await checkEnvironment(office, run, environment);
  }
  const [secrets, vars] = await Promise.all([
    office.github.secrets(run.repository, environment),
    environment === undefined ? variables : office.github.variables(run.repository, environment),
  ]);
  for (const secret of Object.values(secrets)) masker.add(secret);
  const permissions = tokenPermissions(evaluate(job.permissions ?? workflow.permissions, early));
  const token = await office.github.mintToken(run.repository, permissions);
  masker.add(token);
  const granted = Object.entries(permissions).filter(([, level]) => level !== "none");
  log.group(
    "GITHUB_TOKEN Permissions",
    granted.map(([name, level]) => `${name}: ${level}`),
  );

  try {
    return { session: await sessionOf(office, order, record, { secrets, vars, token }), environment };
  } catch (thrown) {
    await office.github.revokeToken(token);
    throw thrown;
  }
}

async function sessionOf(
  office: Office,
  order: JobOrder,
  { masker, log, annotate }: OpeningRecord,
  { secrets, vars, token }: { readonly secrets: Fields; readonly vars: Fields; readonly token: string },
): Promise<JobSession> {
  const { run, workflow, job } = order;
  const { github, needs, matrix, strategy, inputs } = order.contexts;
  const folders = await makeFolders(office, order.id, run.repository);
  const eventPath = join(folders.temp, "_github_workflow", "event.json");
  await mkdir(join(folders.temp, "_github_workflow"), { recursive: true });
  await writeFile(eventPath, JSON.stringify(run.payload, undefined, 2));
  const ownGithub: Fields = { ...github, event_path: eventPath, job: job.key, workspace: folders.workspace };
  const contexts: Record<string, Value> = {
    github: { ...ownGithub, token },
    needs,
    matrix,
    strategy,
    inputs,
    vars,
    // GitHub spells its own one in lower case; names know no case in expressions.
    secrets: { ...secrets, github_token: token },
    runner: runnerContext(folders),
  };
  const env = evaluateTexts(workflow.env, { contexts });
  Object.assign(env, evaluateTexts(job.env, { contexts }));

  const minutes = Number(evaluate(job.timeoutMinutes, { contexts }) ?? defaultTimeoutMinutes);
  const clock = AbortSignal.timeout(minutes * 60_000);
  clock.addEventListener("abort", () => {
    annotate({ level: "error", message: `The job has exceeded the maximum execution time of ${minutes} minutes.` });
  });
  return {
    office,
    run,
    jobId: order.id,
    folders,
    masker,
    log,
    machineEnv: { ...machineEnvironment(), ...office.runnerEnv, HOME: folders.home },
    fixedEnv: {
      CI: "true",
      GITHUB_ACTIONS: "true",
      ...githubVariables(ownGithub),
      RUNNER_ARCH: runnerArch,
      RUNNER_ENVIRONMENT: "github-hosted",
      RUNNER_NAME: runnerName,
      RUNNER_OS: runnerOs,
      RUNNER_TEMP: folders.temp,
      RUNNER_TOOL_CACHE: folders.tools,
      RUNNER_WORKSPACE: join(folders.workspace, ".."),
    },
    env,
    path: [],
    contexts,
    github: ownGithub,
    defaults: [job.defaults, workflow.defaults],
    token,
    debug: (secrets["ACTIONS_STEP_DEBUG"] ?? vars["ACTIONS_STEP_DEBUG"]) === "true",
    status: order.cancel.aborted ? "cancelled" : "success",
    posts: [],
    leftovers: new Set(),
    cancel: AbortSignal.any([order.cancel, clock]),
    kill: order.kill,
    annotate,
    summarize: (markdown) => office.jobs.update(order.id, (each) => ({ ...each, summary: each.summary + markdown })),
  };
}

/** `runs-on` as labels; `{ group, labels }` too. */
export function labelsOf(runsOn: Value): string[] {
  if (Array.isArray(runsOn)) return runsOn.map((label: Value) => textOf(label));
  if (typeof runsOn === "object" && runsOn !== null) return labelsOf(fieldsOf(runsOn)["labels"] ?? []);
  return [textOf(runsOn)];
}

function acceptLabels(runsOn: Value): void {
  const labels = labelsOf(runsOn);
  if (labels.length === 0 || !labels.every((label) => label.startsWith("ubuntu-"))) {
    throw new StepFailure(
      `No runner has the labels ${labels.join(", ") || "(none)"}: the local cloud has only ubuntu-* runners, on this machine.`,
    );
  }
}

async function makeFolders(office: Office, jobId: number, repository: string): Promise<JobFolders> {
  const root = jobFolder(office, jobId);
  const name = repository.split("/")[1] ?? "work";
  const folders: JobFolders = {
    root,
    workspace: join(root, "work", name, name),
    temp: join(root, "work", "_temp"),
    home: join(root, "home"),
    tools: join(office.context.folder, "actions", "tools"),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 });
  return folders;
}

const runnerContext = (folders: JobFolders): Fields => ({
  arch: runnerArch,
  debug: "",
  environment: "github-hosted",
  name: runnerName,
  os: runnerOs,
  temp: folders.temp,
  tool_cache: folders.tools,
  workspace: join(folders.workspace, ".."),
});
