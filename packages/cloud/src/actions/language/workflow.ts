import type { EventsConfig } from "@actions/workflow-parser/model/workflow-template";
import { isBasicExpression, isMapping, isSequence, literalOf, type Token } from "./expressions.ts";
import { silent, workflowParser } from "./parser.ts";

/** A workflow file, checked by GitHub's schema. Tokens are evaluated when their turn comes. */
export interface Workflow {
  readonly name: string;
  readonly runName: Token | undefined;
  readonly events: EventsConfig;
  readonly env: Token | undefined;
  readonly concurrency: Token | undefined;
  readonly permissions: Token | undefined;
  readonly defaults: RunDefaults;
  readonly jobs: readonly WorkflowJob[];
}

export interface RunDefaults {
  readonly shell: Token | undefined;
  readonly workingDirectory: Token | undefined;
}

export interface WorkflowJob {
  readonly key: string;
  readonly name: Token | undefined;
  readonly needs: readonly string[];
  /** An expression, with a status function in it: GitHub adds `success() && (…)` where there is none. */
  readonly condition: string;
  readonly env: Token | undefined;
  readonly outputs: Token | undefined;
  readonly environment: Token | undefined;
  readonly concurrency: Token | undefined;
  readonly strategy: Token | undefined;
  readonly runsOn: Token | undefined;
  readonly permissions: Token | undefined;
  readonly timeoutMinutes: Token | undefined;
  readonly continueOnError: Token | undefined;
  readonly defaults: RunDefaults;
  readonly steps: readonly WorkflowStep[];
  /** What this job asks for and the local cloud does not have, in words. */
  readonly gap: string | undefined;
}

export interface WorkflowStep {
  readonly id: string | undefined;
  readonly name: Token | undefined;
  readonly condition: string;
  readonly env: Token | undefined;
  readonly with: Token | undefined;
  readonly run: Token | undefined;
  readonly uses: string | undefined;
  readonly shell: Token | undefined;
  readonly workingDirectory: Token | undefined;
  readonly timeoutMinutes: Token | undefined;
  readonly continueOnError: Token | undefined;
  readonly gap: string | undefined;
}

export type Parsed<T> =
  | { readonly value: T; readonly errors: readonly [] }
  | { readonly value?: undefined; readonly errors: readonly string[] };

/** Reads a workflow file; or says what is wrong with it, with line and column. `path` names it in errors. */
export async function parseWorkflowFile(path: string, content: string): Promise<Parsed<Workflow>> {
  const { parseWorkflow, convertWorkflowTemplate } = await workflowParser();
  const { context, value: root } = parseWorkflow({ name: path, content }, silent);
  if (!root) return { errors: messages(context) };
  const template = await convertWorkflowTemplate(context, root);
  if (context.errors.count > 0 || !isMapping(root)) return { errors: messages(context) };

  const jobTokens = child(root, "jobs");
  return {
    errors: [],
    value: {
      name: textOrUndefined(child(root, "name")) ?? path,
      runName: child(root, "run-name"),
      events: template.events,
      env: child(root, "env"),
      concurrency: child(root, "concurrency"),
      permissions: child(root, "permissions"),
      defaults: runDefaults(root),
      jobs: template.jobs.map((job) =>
        jobOf(job.id.value, child(jobTokens, job.id.value), {
          needs: (job.needs ?? []).map((need) => need.value),
          condition: job.if.expression,
          steps: job.type === "job" ? job.steps.map((step) => ("if" in step ? step.if?.expression : undefined)) : [],
        }),
      ),
    },
  };
}

function jobOf(
  key: string,
  token: Token | undefined,
  converted: { needs: readonly string[]; condition: string; steps: readonly (string | undefined)[] },
): WorkflowJob {
  return {
    key,
    name: child(token, "name"),
    needs: converted.needs,
    condition: converted.condition,
    env: child(token, "env"),
    outputs: child(token, "outputs"),
    environment: child(token, "environment"),
    concurrency: child(token, "concurrency"),
    strategy: child(token, "strategy"),
    runsOn: child(token, "runs-on"),
    permissions: child(token, "permissions"),
    timeoutMinutes: child(token, "timeout-minutes"),
    continueOnError: child(token, "continue-on-error"),
    defaults: runDefaults(token),
    steps: stepsOf(child(token, "steps"), converted.steps),
    gap: jobGap(token),
  };
}

function jobGap(token: Token | undefined): string | undefined {
  if (child(token, "uses")) return "reusable workflows (`jobs.<id>.uses`)";
  if (child(token, "services")) return "service containers (`services:`)";
  if (child(token, "container")) return "job containers (`container:`)";
  return undefined;
}

/** Steps of a job or of a composite action; `conditions` as GitHub's converter made them, in the same order. */
export function stepsOf(token: Token | undefined, conditions: readonly (string | undefined)[]): WorkflowStep[] {
  if (!isSequence(token)) return [];
  return [...token].map((step, index) => ({
    id: textOrUndefined(child(step, "id")),
    name: child(step, "name"),
    condition: conditions[index] ?? "success()",
    env: child(step, "env"),
    with: child(step, "with"),
    run: child(step, "run"),
    uses: textOrUndefined(child(step, "uses")),
    shell: child(step, "shell"),
    workingDirectory: child(step, "working-directory"),
    timeoutMinutes: child(step, "timeout-minutes"),
    continueOnError: child(step, "continue-on-error"),
    gap: ["background", "wait", "wait-all", "cancel", "parallel"].find((key) => child(step, key)),
  }));
}

function runDefaults(token: Token | undefined): RunDefaults {
  const run = child(child(token, "defaults"), "run");
  return { shell: child(run, "shell"), workingDirectory: child(run, "working-directory") };
}

/** The value under a key; keys of workflow files are literals where this is asked. */
export const child = (token: Token | undefined, key: string): Token | undefined =>
  isMapping(token) ? token.find(key) : undefined;

export const textOrUndefined = (token: Token | undefined): string | undefined =>
  token === undefined || isBasicExpression(token) ? undefined : String(literalOf(token));

export const messages = (context: { errors: { getErrors(): { message: string }[] } }): string[] =>
  context.errors.getErrors().map((each) => each.message);
