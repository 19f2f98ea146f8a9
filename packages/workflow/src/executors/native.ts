import { DogeError, hasErrors, type Secret, unwrap } from "@doge/core";
import {
  applyPlan,
  hasChanges,
  type Journal,
  type Lease,
  loadConfiguration,
  parsePlan,
  type Plan,
  planRun,
  planSummary,
  planToJson,
  type ProviderContext,
  renderPlan,
  serializePlan,
  type VariableValue,
} from "@doge/engine";
import type { Project } from "../project.ts";
import { providers } from "../providers.ts";
import { workspaceJournal } from "../state/journal.ts";
import { remoteStates } from "../state/remote-states.ts";
import { prepareState, stateStore } from "../state/store.ts";
import {
  type AppliedRun,
  changesOf,
  type Executor,
  type PlannedRun,
  type RunOptions,
  type WorkspaceDefinition,
} from "./executor.ts";
import { userFolder } from "../workspaces/define.ts";
import { workspaceUrl } from "./urls.ts";

/** Runs here, with Doge's own engine; the state is where the project keeps it, under a lease while this writes. */
export function nativeExecutor(project: Project): Executor {
  const { emit, machine, config } = project;

  return {
    name: "native",

    async plan(workspace, options = {}) {
      const { store } = await prepareState(project, workspace.name);
      // A plan to look at, or to keep, takes no lease: it changes nothing.
      if (options.speculative || options.keep)
        return describe(workspace, options, await planOn(workspace, options, await store.read()));
      const lease = await store.lock(options.message ?? "doge");
      try {
        return describe(workspace, options, await planOn(workspace, options, await lease.read(), lease), lease);
      } catch (thrown) {
        await lease.release();
        throw thrown;
      }
    },

    async resume(workspace, saved, options = {}) {
      const plan = unwrap(await parsePlan(saved, () => ({ ...secretVariables(workspace), ...options.variables })));
      const lease = await stateStore(project, workspace.name).lock(options.message ?? "doge");
      return describe(workspace, { ...options, destroy: plan.mode === "destroy" }, plan, lease);
    },
  };

  function contextOf(workspace: WorkspaceDefinition, options: RunOptions, lease: Lease | undefined): ProviderContext {
    const signals = [options.signal, lease?.lost].filter((one) => one !== undefined);
    const { http, clock, env } = machine;
    const files = machine.projectFiles(project.folder, userFolder(project.folder, workspace.name));
    const context = {
      http,
      clock,
      emit,
      env,
      files,
      ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}),
    };
    const { settings } = project;
    const access = { token: settings.token("TF_API_TOKEN"), address: settings.endpoint("TFE_ADDRESS") };
    return { ...context, remoteState: remoteStates(context, access) };
  }

  async function planOn(
    workspace: WorkspaceDefinition,
    options: RunOptions,
    state: Plan["prior"] | undefined,
    lease?: Lease,
  ): Promise<Plan> {
    const sources = Object.entries(workspace.documents).map(([file, content]) => ({ file, content }));
    return unwrap(
      await planRun({
        configuration: unwrap(await loadConfiguration(sources)),
        variables: { ...secretVariables(workspace), ...options.variables },
        state,
        providers,
        context: contextOf(workspace, options, lease),
        journal: await workspaceJournal(project, workspace.name),
        mode: options.destroy ? "destroy" : options.refreshOnly ? "refresh-only" : "normal",
        refresh: options.refresh ?? true,
        ...(options.parallelism ? { parallelism: options.parallelism } : {}),
        ...(options.targets?.length ? { targets: options.targets } : {}),
        ...(options.replace?.length ? { replace: options.replace } : {}),
      }),
    );
  }

  function describe(workspace: WorkspaceDefinition, options: RunOptions, plan: Plan, lease?: Lease): PlannedRun {
    const counts = planSummary(plan);
    emit({ type: "run.planned", workspace: workspace.name, ...counts });
    const json = planToJson(plan, { secrets: true });
    return {
      workspace: workspace.name,
      destroy: options.destroy ?? false,
      counts,
      hasChanges: hasChanges(plan),
      changes: changesOf(json),
      text: renderPlan(plan),
      json,
      ...urlOf(workspace),
      apply: () => apply(workspace, options, plan, lease).finally(() => lease?.release()),
      discard: async () => lease?.release(),
      // oxlint-disable-next-line require-await -- others ask their vendor
      save: async () => serializePlan(plan),
    };
  }

  async function apply(
    workspace: WorkspaceDefinition,
    options: RunOptions,
    plan: Plan,
    lease: Lease | undefined,
  ): Promise<AppliedRun> {
    if (lease === undefined) throw new Error("a plan without a lease is not applied");
    const started = machine.clock.now().getTime();
    const journal: Journal = await workspaceJournal(project, workspace.name);
    const state = await lease.read();
    const result = await applyPlan({
      plan,
      providers,
      context: contextOf(workspace, options, lease),
      journal,
      store: lease,
      // Where there is none yet, the plan made up a lineage of its own.
      ...(state ? { state } : {}),
      ...(options.parallelism ? { parallelism: options.parallelism } : {}),
    });
    if (hasErrors(result.diagnostics)) throw new DogeError(result.diagnostics);
    const done = { add: result.add, change: result.change, destroy: result.destroy };
    const milliseconds = machine.clock.now().getTime() - started;
    emit({ type: "run.applied", workspace: workspace.name, ...done, milliseconds });
    return { workspace: workspace.name, counts: done, ...urlOf(workspace) };
  }

  function urlOf(workspace: WorkspaceDefinition): { readonly url?: string } {
    return config.state.backend === "hcp" ? { url: workspaceUrl(project, workspace.fullName) } : {};
  }
}

const secretVariables = (workspace: WorkspaceDefinition): Record<string, VariableValue> =>
  Object.fromEntries(
    Object.entries(workspace.variables).map(([name, value]: [string, Secret]) => [name, { value: value.reveal() }]),
  );
