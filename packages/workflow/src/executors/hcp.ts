import { DogeError, error, fail, unwrap } from "@doge/core";
import { loadConfiguration, type VariableValue } from "@doge/engine";
import { endedRuns, failedRuns, type Phase, related, type Run, type TfeApi } from "@doge/providers/tfe";
import type { Project } from "../project.ts";
import { packFiles } from "./archive.ts";
import { ensureWorkspace } from "../state/ensure.ts";
import { ownRuns } from "./own-runs.ts";
import { runUrl } from "./urls.ts";
import {
  type AppliedRun,
  changesOf,
  type Counts,
  type Executor,
  type PlannedRun,
  type RunOptions,
  type WorkspaceDefinition,
} from "./executor.ts";

const POLL_MILLISECONDS = 300;
/** Turns of polling in the queue before somebody is told why. */
const WAITING_TURNS = 7;
/** Runs that hold their workspace no more, or not yet. */
const idle = new Set([...endedRuns, "planned_and_saved"]);
const planEnded = new Set(["planned", "planned_and_saved", "cost_estimated", "policy_checked", ...endedRuns]);

interface Waiting {
  readonly id: string;
  readonly workspace: WorkspaceDefinition;
  readonly signal: AbortSignal | undefined;
}

/** Runs in HCP Terraform: configuration uploaded, run there, logs streamed back. */
export function hcpExecutor(project: Project, tfe: TfeApi): Executor {
  const { emit, machine } = project;

  const runOf = async (id: string): Promise<Run> =>
    (await tfe.runs.get(id)) ??
    fail({ code: "run-gone", summary: "The run is gone", detail: id, remedy: "Run the same command again." });

  /** Waits for one of these states; an interrupt stops the run. */
  async function until({ id, workspace, signal }: Waiting, done: ReadonlySet<string>): Promise<Run> {
    let told: string | undefined;
    for (let turn = 0; ; turn++) {
      const run = await runOf(id);
      if (done.has(run.attributes.status)) return run;
      if (run.attributes.status === "pending" && turn % WAITING_TURNS === WAITING_TURNS - 1) {
        const blocker = await runBefore(run);
        if (blocker && blocker.id !== told) {
          told = blocker.id;
          emit({
            type: "step.progress",
            step: `workspace.${workspace.name}`,
            message: `${workspace.name} waits for a run before it (${blocker.attributes.status}): ${runUrl(project, workspace.fullName, blocker.id)}`,
          });
        }
      }
      if (signal?.aborted) {
        await tfe.runs.stop(id, "interrupted");
        throw new DogeError([
          error({
            code: "interrupted",
            summary: "The run was cancelled",
            detail: id,
            remedy: "Run the same command again.",
          }),
        ]);
      }
      await machine.clock.sleep(POLL_MILLISECONDS);
    }
  }

  /** The run that holds the workspace while a later one is pending. */
  async function runBefore(run: Run): Promise<Run | undefined> {
    const all = await tfe.runs.list(related(run, "workspace") ?? "");
    return all.findLast((r) => r.id !== run.id && !r.attributes["plan-only"] && !idle.has(r.attributes.status));
  }

  async function follow(workspace: string, log: AsyncGenerator<string>): Promise<string> {
    let text = "";
    for await (const chunk of log) {
      text += chunk;
      emit({ type: "run.log", workspace, text: chunk });
    }
    return text;
  }

  async function upload(workspaceId: string, workspace: WorkspaceDefinition, speculative: boolean): Promise<string> {
    const version = await tfe.configurationVersions.create(workspaceId, { speculative });
    await tfe.configurationVersions.upload(version, await packFiles({ ...workspace.files, ...workspace.documents }));
    for (let turn = 0; turn < 150; turn++) {
      const status = (await tfe.configurationVersions.get(version.id))?.attributes.status;
      if (status === "uploaded") return version.id;
      if (status === "errored" || status === undefined) break;
      await machine.clock.sleep(200);
    }
    return fail({
      code: "upload-failed",
      summary: "HCP Terraform did not take the configuration",
      detail: version.id,
      remedy: "Run this again.",
    });
  }

  return {
    name: "hcp",
    async plan(workspace: WorkspaceDefinition, options: RunOptions = {}): Promise<PlannedRun> {
      const { id: workspaceId } = await ensureWorkspace(project, tfe, workspace.name);
      // Plans to look at and plans to keep hold no workspace.
      const holds = !options.speculative && !options.keep;
      const own = ownRuns(project, tfe, workspace.name);
      if (holds) await own.recover(workspaceId);
      const configurationVersion = await upload(workspaceId, workspace, options.speculative ?? false);
      if (holds) await own.begin(configurationVersion);
      const created = await tfe.runs.create({
        workspace: workspaceId,
        configurationVersion,
        message: options.message ?? "doge",
        destroy: options.destroy ?? false,
        planOnly: options.speculative ?? false,
        savePlan: options.keep ?? false,
        refresh: options.refresh ?? true,
        refreshOnly: options.refreshOnly ?? false,
        ...(options.variables ? { variables: await hclVariables(workspace, options.variables) } : {}),
        ...(options.targets?.length ? { targets: options.targets } : {}),
        ...(options.replace?.length ? { replace: options.replace } : {}),
      });
      const url = runUrl(project, workspace.fullName, created.id);
      emit({ type: "run.created", workspace: workspace.name, run: created.id, url });

      const planId = related(created, "plan") ?? related(await runOf(created.id), "plan") ?? "";
      const [text, run] = await Promise.all([
        follow(workspace.name, tfe.plans.log(planId)),
        until({ id: created.id, workspace, signal: options.signal }, planEnded),
      ]);
      const plan = await tfe.plans.get(planId);
      if (failedRuns.has(run.attributes.status) || plan?.attributes.status !== "finished")
        return failed(workspace, url, text);
      const counts = countsOf(plan);
      emit({ type: "run.planned", workspace: workspace.name, ...counts });

      const described = { run, counts, json: await tfe.plans.json(planId), text: planText(text) };
      return describe(workspace, options, described, () => own.end(configurationVersion));
    },

    async resume(workspace, saved, options = {}) {
      const run = await runOf(saved);
      if (run.attributes.status !== "planned_and_saved") {
        return fail({
          code: "plan-stale",
          summary: "Saved plan is stale",
          detail: `Run ${saved} in HCP Terraform is ${run.attributes.status}.`,
          address: workspace.name,
          remedy: "Plan again.",
        });
      }
      const planId = related(run, "plan") ?? "";
      const [json, counts] = [await tfe.plans.json(planId), countsOf(await tfe.plans.get(planId))];
      const destroying = { ...options, destroy: run.attributes["is-destroy"] ?? false };
      return describe(workspace, destroying, { run, counts, json, text: "" });
    },
  };

  function describe(
    workspace: WorkspaceDefinition,
    options: RunOptions,
    planned: { readonly run: Run; readonly counts: Counts; readonly json: unknown; readonly text: string },
    onEnd: () => Promise<void> = async () => {},
  ): PlannedRun {
    const { id } = planned.run;
    const url = runUrl(project, workspace.fullName, id);
    return {
      workspace: workspace.name,
      destroy: options.destroy ?? false,
      counts: planned.counts,
      hasChanges: planned.run.attributes["has-changes"],
      changes: changesOf(planned.json ?? {}),
      text: planned.text,
      json: planned.json,
      url,
      async apply() {
        const applied = await apply(id, workspace, url, options.signal);
        await onEnd();
        return applied;
      },
      async discard() {
        await tfe.runs.stop(id);
        await onEnd();
      },
      // HCP Terraform keeps the plan itself.
      // oxlint-disable-next-line require-await
      save: async () => id,
    };
  }

  async function apply(
    id: string,
    workspace: WorkspaceDefinition,
    url: string,
    signal: AbortSignal | undefined,
  ): Promise<AppliedRun> {
    const started = machine.clock.now().getTime();
    await tfe.runs.apply(id);
    const applyId = related(await runOf(id), "apply") ?? "";
    const [text, run] = await Promise.all([
      follow(workspace.name, tfe.applies.log(applyId)),
      until({ id, workspace, signal }, endedRuns),
    ]);
    if (run.attributes.status !== "applied") return failed(workspace, url, text);
    const counts = countsOf(await tfe.applies.get(applyId));
    emit({
      type: "run.applied",
      workspace: workspace.name,
      ...counts,
      milliseconds: machine.clock.now().getTime() - started,
    });
    return { workspace: workspace.name, counts, url };
  }
}

/**
 * As HCP takes them: expressions of HCL, which JSON is but for template marks. Text is what the variable's type makes of
 * it.
 */
async function hclVariables(
  workspace: WorkspaceDefinition,
  variables: Readonly<Record<string, VariableValue>>,
): Promise<readonly { readonly key: string; readonly value: string }[]> {
  const sources = Object.entries(workspace.documents).map(([file, content]) => ({ file, content }));
  const declared = unwrap(await loadConfiguration(sources)).variables;
  return Object.entries(variables).map(([key, one]) => {
    if ("expression" in one) return { key, value: one.expression };
    if ("text" in one && declared.get(key)?.literal === false) return { key, value: one.text };
    return { key, value: JSON.stringify("text" in one ? one.text : one.value).replaceAll(/([$%])\{/g, "$1$1{") };
  });
}

const countsOf = (phase: Phase | undefined): Counts => ({
  add: phase?.attributes["resource-additions"] ?? 0,
  change: phase?.attributes["resource-changes"] ?? 0,
  destroy: phase?.attributes["resource-destructions"] ?? 0,
});

/** The failed run's own words are the diagnosis. */
function failed(workspace: WorkspaceDefinition, url: string, log: string): never {
  const at = log.search(/^(│ )?Error: /m);
  const detail = (at >= 0 ? log.slice(at) : log).trim().split("\n").slice(0, 40).join("\n");
  return fail({
    code: "run-failed",
    summary: "The run failed in HCP Terraform",
    detail: detail || "The run ended without a log.",
    address: workspace.name,
    remedy: `The whole log: ${url}`,
  });
}

/** What Terraform says before the plan proper (versions, refresh) is noise in a comment. */
function planText(log: string): string {
  const marks = [
    /^Terraform used the selected providers/m,
    /^No changes\./m,
    /^Note: Objects have changed outside/m,
    /^An earlier run was interrupted/m,
    /^Resource actions are indicated/m,
    /^(?:Terraform|Doge) will perform/m,
    /^Changes to Outputs:/m,
  ];
  const starts = marks.map((mark) => log.search(mark)).filter((at) => at >= 0);
  return starts.length > 0 ? log.slice(Math.min(...starts)) : log;
}
