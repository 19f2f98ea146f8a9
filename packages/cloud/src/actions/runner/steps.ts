import { resolve } from "node:path";
import {
  evaluate,
  evaluateText,
  evaluateTexts,
  holds,
  textOf,
  type Fields,
  type Scope,
  type Token,
  type Value,
} from "../language/expressions.ts";
import type { RunDefaults, WorkflowStep } from "../language/workflow.ts";
import type { Conclusion } from "../records.ts";
import { runAction, type ActionCall } from "../uses/index.ts";
import { openCommandFiles } from "./command-files.ts";
import { applyCommandFiles, stepEnvironment } from "./effects.ts";
import { hashFilesIn } from "./hash-files.ts";
import { runScript } from "./shell.ts";
import { StepFailure, type JobSession, type StepResult } from "./session.ts";

/** A list of steps with a `steps` context of its own: those of a job, or of a composite action. */
export interface StepList {
  readonly steps: readonly WorkflowStep[];
  /** Undefined for the job's own. */
  readonly action?: { readonly path: string };
  readonly inputs: Fields;
  /** `env` of the step that uses the composite action. */
  readonly env: Readonly<Record<string, string>>;
  /** Undefined for the job's own steps: they obey the session's signals. */
  readonly cancel?: AbortSignal;
  readonly results: Record<string, StepResult>;
  readonly defaults: readonly RunDefaults[];
  readonly observe: (
    index: number,
    state: { status: "in_progress" | "completed"; name: string; conclusion?: Conclusion },
  ) => void;
}

interface Progress {
  failed: boolean;
}

/** Runs steps in order. Resolves to false where one failed; the steps' own errors are in the log. */
export async function runSteps(session: JobSession, list: StepList): Promise<boolean> {
  const progress: Progress = { failed: false };
  for (const [index, step] of list.steps.entries()) {
    if (session.kill.aborted) return false;
    const { outputs, outcome, conclusion } = await runStep(session, list, step, index, progress);
    if (step.id !== undefined) list.results[step.id] = { outputs, outcome, conclusion };
    if (conclusion === "failure") progress.failed = true;
    if (session.cancel.aborted) session.status = "cancelled";
    else if (conclusion === "failure" && !list.action) session.status = "failure";
  }
  return !progress.failed;
}

async function runStep(
  session: JobSession,
  list: StepList,
  step: WorkflowStep,
  index: number,
  progress: Progress,
): Promise<StepResult> {
  const scope = scopeOf(session, list, step.id ?? `__step_${index + 1}`, session.env, progress);
  const outputs: Record<string, string> = {};
  let name = nameOf(step, scope);
  let outcome: Conclusion = "success";
  let forgiven = false;
  const begunAfterCancellation = session.cancel.aborted;
  try {
    if (!holds(step.condition, scope)) {
      list.observe(index, { status: "completed", name, conclusion: "skipped" });
      return { outputs, outcome: "skipped", conclusion: "skipped" };
    }
    list.observe(index, { status: "in_progress", name });
    const env = { ...list.env, ...evaluateTexts(step.env, scope) };
    const inner = scopeOf(session, list, step.id ?? `__step_${index + 1}`, { ...session.env, ...env }, progress);
    name = nameOf(step, inner);
    forgiven = evaluate(step.continueOnError, inner) === true;
    await withTimeLimit(session, list, evaluate(step.timeoutMinutes, inner), name, (cancel) =>
      carryOut(session, list, step, { scope: inner, env, outputs, cancel, name }),
    );
  } catch (thrown) {
    outcome = session.cancel.aborted && !begunAfterCancellation ? "cancelled" : "failure";
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    session.log.write(outcome === "cancelled" ? "##[error]The operation was canceled." : `##[error]${message}`);
    if (outcome === "failure") session.annotate({ level: "error", message });
  }
  const conclusion = outcome === "failure" && forgiven ? "success" : outcome;
  list.observe(index, { status: "completed", name, conclusion });
  return { outputs, outcome, conclusion };
}

interface Conduct {
  readonly scope: Scope;
  readonly env: Readonly<Record<string, string>>;
  readonly outputs: Record<string, string>;
  readonly cancel: AbortSignal;
  readonly name: string;
}

async function carryOut(session: JobSession, list: StepList, step: WorkflowStep, conduct: Conduct): Promise<void> {
  const { scope, env, outputs, cancel, name } = conduct;
  if (step.gap) throw new StepFailure(`The local cloud does not have \`${step.gap}\` steps.`);
  const files = await openCommandFiles(session.folders.temp);
  const state: Record<string, string> = {};
  try {
    const variables = { ...files.variables, ...(list.action && { GITHUB_ACTION_PATH: list.action.path }) };
    if (step.run) {
      const folder = firstText([step.workingDirectory, ...list.defaults.map((each) => each.workingDirectory)], scope);
      await runScript(session, {
        text: evaluateText(step.run, scope),
        shell: firstText([step.shell, ...list.defaults.map((each) => each.shell)], scope),
        cwd: folder === undefined ? session.folders.workspace : resolve(session.folders.workspace, folder),
        env: stepEnvironment(session, env, { ...variables, GITHUB_ACTION: step.id ?? "__run" }),
        shown: { ...session.env, ...env },
        cancel,
      });
    } else {
      const call: ActionCall = {
        session,
        reference: step.uses ?? "",
        name,
        inputs: evaluateTexts(step.with, scope),
        env,
        variables,
        scope,
        outputs,
        state,
        cancel,
        runSteps: (steps) => runSteps(session, steps),
      };
      await runAction(call);
    }
  } finally {
    const written = await applyCommandFiles(session, files);
    Object.assign(outputs, written.outputs);
    Object.assign(state, written.state);
  }
}

const firstText = (tokens: readonly (Token | undefined)[], scope: Scope): string | undefined => {
  const token = tokens.find((each) => each !== undefined);
  return token && evaluateText(token, scope);
};

async function withTimeLimit(
  session: JobSession,
  list: StepList,
  minutes: Value,
  name: string,
  work: (cancel: AbortSignal) => Promise<void>,
): Promise<void> {
  // What begins after a cancellation (`if: always()`) is not cut off by it.
  const around = list.cancel ?? (session.cancel.aborted ? session.kill : session.cancel);
  const limit = Number(minutes ?? 0);
  if (!(limit > 0)) return work(around);
  const clock = AbortSignal.timeout(limit * 60_000);
  try {
    await work(AbortSignal.any([around, clock]));
  } catch (thrown) {
    if (clock.aborted) throw new StepFailure(`The action '${name}' has timed out after ${limit} minutes.`);
    throw thrown;
  }
}

function scopeOf(
  session: JobSession,
  list: StepList,
  action: string,
  env: Readonly<Record<string, string>>,
  progress: Progress,
): Scope {
  const cancelled = session.cancel.aborted;
  const failed = list.action ? progress.failed : session.status === "failure";
  return {
    contexts: {
      ...session.contexts,
      ...(list.action && { secrets: {} }),
      inputs: list.inputs,
      env,
      job: { status: session.status },
      steps: list.results as unknown as Value,
      github: {
        ...session.github,
        token: session.token,
        action,
        ...(list.action && { action_path: list.action.path, action_status: failed ? "failure" : "success" }),
      },
    },
    status: { success: !failed && !cancelled, failure: failed && !cancelled, cancelled },
    hashFiles: hashFilesIn(session.folders.workspace),
  };
}

/** As GitHub shows a step that has no name. */
export function nameOf(step: WorkflowStep, scope: Scope): string {
  try {
    if (step.name) return textOf(evaluate(step.name, scope));
    if (step.uses !== undefined) return `Run ${step.uses}`;
    return `Run ${evaluateText(step.run, scope).trim().split("\n", 1)[0] ?? ""}`;
  } catch {
    return step.uses === undefined ? "Run" : `Run ${step.uses}`;
  }
}
