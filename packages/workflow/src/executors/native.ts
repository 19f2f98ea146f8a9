import { DogeError, fail, hasErrors, type Secret, unwrap } from "@doge/core";
import {
  applyPlan,
  fileJournal,
  hasChanges,
  loadConfiguration,
  parseState,
  planRun,
  planSummary,
  planToJson,
  type ProviderContext,
  renderPlan,
  serializeState,
  type State,
} from "@doge/engine";
import type { TfeApi } from "@doge/providers/tfe";
import type { Project } from "../project.ts";
import { providers } from "../providers.ts";
import { ensureWorkspace } from "./ensure.ts";
import {
  type AppliedRun,
  changesOf,
  type Executor,
  type PlannedRun,
  type RunOptions,
  type WorkspaceDefinition,
} from "./executor.ts";
import { workspaceUrl } from "./urls.ts";

/** Runs here, with Doge's own engine; state and lock are in HCP Terraform, as for every other run. */
export function nativeExecutor(project: Project, tfe: TfeApi): Executor {
  const { emit, machine, folder } = project;

  return {
    name: "native",
    async plan(workspace: WorkspaceDefinition, options: RunOptions = {}): Promise<PlannedRun> {
      const { id } = await ensureWorkspace(project, tfe, workspace.name);
      // A plan to look at takes no lock: it changes nothing.
      const unlock = options.speculative ? async () => {} : await lock(workspace, id, options.message ?? "doge");
      try {
        return await planHere(workspace, id, options, unlock);
      } catch (thrown) {
        await unlock();
        throw thrown;
      }
    },
  };

  async function lock(workspace: WorkspaceDefinition, id: string, reason: string): Promise<() => Promise<void>> {
    if (!(await tfe.workspaces.lock(id, reason))) {
      fail({
        code: "workspace-locked",
        summary: "The workspace is locked",
        detail: `${workspace.fullName}: another run is under way, or one was killed and left its lock.`,
        address: workspace.name,
        remedy: `If no run is under way, unlock it: ${workspaceUrl(project, workspace.fullName)} → Settings → Locking, or doge unlock ${workspace.name}.`,
      });
    }
    return () => tfe.workspaces.unlock(id);
  }

  async function planHere(
    workspace: WorkspaceDefinition,
    id: string,
    options: RunOptions,
    unlock: () => Promise<void>,
  ): Promise<PlannedRun> {
    const current = await tfe.stateVersions.current(id);
    const state = current ? unwrap(parseState(await tfe.stateVersions.download(current))) : undefined;
    const configuration = unwrap(
      loadConfiguration(Object.entries(workspace.documents).map(([file, content]) => ({ file, content }))),
    );
    const journal = fileJournal({ files: machine.files, folder: `${folder}/.doge/journal/${workspace.name}` });
    const context: ProviderContext = {
      http: machine.http,
      clock: machine.clock,
      emit,
      env: machine.env,
      ...(options.signal ? { signal: options.signal } : {}),
    };
    const plan = unwrap(
      await planRun({
        configuration,
        variables: Object.fromEntries(
          Object.entries(workspace.variables).map(([name, value]: [string, Secret]) => [
            name,
            { value: value.reveal() },
          ]),
        ),
        state,
        providers,
        context,
        journal,
        mode: options.destroy ? "destroy" : options.refreshOnly ? "refresh-only" : "normal",
        ...(options.targets?.length ? { targets: options.targets } : {}),
        ...(options.replace?.length ? { replace: options.replace } : {}),
      }),
    );
    const counts = planSummary(plan);
    emit({ type: "run.planned", workspace: workspace.name, ...counts });

    const apply = async (): Promise<AppliedRun> => {
      const started = machine.clock.now().getTime();
      const result = await applyPlan({
        plan,
        providers,
        context,
        journal,
        store: {
          save: async (next: State) => {
            await tfe.stateVersions.create(id, {
              content: serializeState(next),
              serial: next.serial,
              lineage: next.lineage,
            });
          },
        },
      });
      if (hasErrors(result.diagnostics)) throw new DogeError(result.diagnostics);
      const done = { add: result.add, change: result.change, destroy: result.destroy };
      emit({
        type: "run.applied",
        workspace: workspace.name,
        ...done,
        milliseconds: machine.clock.now().getTime() - started,
      });
      return { workspace: workspace.name, counts: done, url: workspaceUrl(project, workspace.fullName) };
    };
    return {
      workspace: workspace.name,
      destroy: options.destroy ?? false,
      counts,
      hasChanges: hasChanges(plan),
      changes: changesOf(planToJson(plan)),
      text: renderPlan(plan),
      url: workspaceUrl(project, workspace.fullName),
      apply: () => apply().finally(unlock),
      discard: unlock,
    };
  }
}
