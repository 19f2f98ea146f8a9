import { DogeError, hasErrors, type Secret, unwrap } from "@doge/core";
import { applyPlan, fileJournal, loadConfiguration, parseState, planRun, planSummary, planToJson, renderPlan, serializeState, type State } from "@doge/engine";
import type { Project } from "../project.ts";
import { providers } from "../providers.ts";
import type { Vendors } from "../vendors.ts";
import { ensureWorkspace } from "./ensure.ts";
import { type AppliedRun, changesOf, type Executor, noChanges, type PlannedRun, type RunOptions, type WorkspaceDefinition } from "./executor.ts";

type Tfe = ReturnType<Vendors["tfe"]>;

/** Runs here, with Doge's own engine; state and lock are in HCP Terraform, as for every other run. */
export function nativeExecutor(project: Project, tfe: Tfe): Executor {
  const { emit, machine, folder, settings, config } = project;

  return {
    name: "native",
    async plan(workspace: WorkspaceDefinition, options: RunOptions = {}): Promise<PlannedRun> {
      const { id } = await ensureWorkspace(project, tfe, workspace.name);
      // A plan to look at takes no lock: it changes nothing.
      const locked = options.speculative !== true;
      if (locked) await tfe.workspaces.lock(id, options.message ?? "doge");
      const unlock = async (): Promise<void> => {
        if (locked) await tfe.workspaces.unlock(id);
      };
      try {
        const planned = await planHere(workspace, id, options);
        return { ...planned, apply: () => planned.apply().finally(unlock), discard: unlock };
      } catch (thrown) {
        await unlock();
        throw thrown;
      }
    },
  };

  async function planHere(workspace: WorkspaceDefinition, id: string, options: RunOptions): Promise<PlannedRun> {
    const current = await tfe.states.current(id);
    const state = current ? unwrap(parseState(current.text)) : undefined;
    const configuration = unwrap(
      loadConfiguration(Object.entries(workspace.documents).map(([file, content]) => ({ file, content }))),
    );
    const journal = fileJournal({ files: machine.files, folder: `${folder}/.doge/journal/${workspace.name}` });
    const context = {
      http: machine.http,
      clock: machine.clock,
      emit,
      env: machine.env,
      ...(options.signal ? { signal: options.signal } : {}),
    };
    const variables = Object.fromEntries(Object.entries(workspace.variables).map(([name, value]: [string, Secret]) => [name, { value: value.reveal() }]));
    const outcome = await planRun({
      configuration,
      variables,
      state,
      providers,
      context,
      journal,
      mode: options.destroy ? "destroy" : options.refreshOnly ? "refresh-only" : "normal",
      ...(options.targets?.length ? { targets: options.targets } : {}),
      ...(options.replace?.length ? { replace: options.replace } : {}),
    });
    const plan = unwrap(outcome);
    const counts = planSummary(plan);
    emit({ type: "run.planned", workspace: workspace.name, ...counts });

    const url = `${settings.endpoint("TFE_ADDRESS")}/app/${config.hcp.organization}/workspaces/${workspace.fullName}`;
    const apply = async (): Promise<AppliedRun> => {
      const started = machine.clock.now().getTime();
      const result = await applyPlan({
        plan,
        providers,
        context,
        journal,
        store: { save: (next: State) => tfe.states.create(id, { text: serializeState(next), serial: next.serial, lineage: next.lineage }) },
      });
      if (hasErrors(result.diagnostics)) throw new DogeError(result.diagnostics);
      const done = { add: result.add, change: result.change, destroy: result.destroy };
      emit({ type: "run.applied", workspace: workspace.name, ...done, milliseconds: machine.clock.now().getTime() - started });
      return { workspace: workspace.name, counts: done, url };
    };
    return {
      workspace: workspace.name,
      destroy: options.destroy ?? false,
      counts,
      hasChanges: !noChanges(counts) || plan.outputsChanged,
      changes: changesOf(planToJson(plan)),
      text: renderPlan(plan),
      url,
      apply,
      discard: async () => {},
    };
  }
}

