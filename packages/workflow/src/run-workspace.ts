import { DogeError, step } from "@doge/core";
import type {
  AppliedRun,
  Counts,
  PlannedRun,
  RunOptions,
  WorkspaceDefinition,
  WorkspaceRunOptions,
} from "./executors/executor.ts";
import { executorFor } from "./executors/choose.ts";
import { type SavedPlan, savePlan, takeUpPlan } from "./executors/saved-plan.ts";
import type { Project } from "./project.ts";
import { asInProject, defineWorkspace } from "./workspaces/define.ts";
import type { WorkspaceName } from "./workspaces/names.ts";

/** Plans one workspace with the executor that it belongs to. */
export async function planWorkspace(
  project: Project,
  name: WorkspaceName,
  options: WorkspaceRunOptions = {},
): Promise<PlannedRun> {
  const workspace = await definedWith(project, name, options);
  return inProject(workspace, () =>
    executorFor(project, workspace).plan(workspace, { signal: project.signal, ...options }),
  );
}

/** Plans one workspace and saves the plan, for `applySaved` in another process. */
export async function planToFile(
  project: Project,
  name: WorkspaceName,
  path: string,
  options: WorkspaceRunOptions = {},
): Promise<PlannedRun> {
  const workspace = await definedWith(project, name, options);
  const executor = executorFor(project, workspace);
  const planned = await inProject(workspace, () =>
    executor.plan(workspace, { signal: project.signal, ...options, keep: true }),
  );
  await savePlan(project, path, workspace, options, { executor: executor.name, planned });
  return planned;
}

/** Takes a saved plan up: exactly what it shows is applied, or a diagnostic names what moved since. */
export async function applySaved(project: Project, saved: SavedPlan, options: RunOptions = {}): Promise<PlannedRun> {
  const asIs = { ...project, config: { ...project.config, executor: saved.configured } };
  const workspace = await definedWith(asIs, saved.workspace, saved.options);
  const executor = executorFor(asIs, workspace);
  return takeUpPlan(saved, executor, workspace, { signal: project.signal, ...options });
}

/** What is wrong in a user's file is said of the file where it lies. */
async function inProject<T>({ name, documents }: WorkspaceDefinition, plan: () => Promise<T>): Promise<T> {
  try {
    return await plan();
  } catch (thrown) {
    if (!(thrown instanceof DogeError) || !thrown.diagnostics.some(({ range }) => range)) throw thrown;
    throw new DogeError(
      thrown.diagnostics.map((one) => asInProject(name, documents, one)),
      { cause: thrown },
    );
  }
}

/** The workspace, with import blocks for what was asked to be taken over. */
async function definedWith(
  project: Project,
  name: WorkspaceName,
  { imports = [] }: WorkspaceRunOptions,
): Promise<WorkspaceDefinition> {
  const workspace = await defineWorkspace(project, name);
  if (imports.length === 0) return workspace;
  const document = `${JSON.stringify({ import: imports }, null, 2)}\n`;
  return { ...workspace, documents: { ...workspace.documents, "doge-import.tf.json": document } };
}

export interface WorkspaceResult {
  readonly workspace: WorkspaceName;
  readonly counts: Counts;
  readonly url?: string;
}

/** Plans and applies one workspace, as one step of a longer command. */
export async function convergeWorkspace(
  project: Project,
  name: WorkspaceName,
  options: RunOptions & { readonly message: string },
): Promise<WorkspaceResult> {
  const now = (): Date => project.machine.clock.now();
  const verb = options.destroy ? "Destroying" : "Provisioning";
  return step(
    project.emit,
    now,
    { step: `workspace.${name}`, title: `${verb} ${name}` },
    async () => {
      const planned = await planWorkspace(project, name, options);
      if (!planned.hasChanges) {
        await planned.discard();
        return {
          workspace: name,
          counts: { add: 0, change: 0, destroy: 0 },
          ...(planned.url ? { url: planned.url } : {}),
        };
      }
      const applied: AppliedRun = await planned.apply();
      return applied;
    },
    ({ counts }) =>
      counts.add + counts.change + counts.destroy === 0
        ? { outcome: "unchanged" }
        : { detail: `${counts.add} added, ${counts.change} changed, ${counts.destroy} destroyed` },
  );
}
