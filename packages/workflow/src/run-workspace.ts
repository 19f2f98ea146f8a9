import { step } from "@doge/core";
import type { AppliedRun, Counts, PlannedRun, RunOptions } from "./executors/executor.ts";
import { executorFor } from "./executors/choose.ts";
import type { Project } from "./project.ts";
import { defineWorkspace } from "./workspaces/define.ts";
import type { WorkspaceName } from "./workspaces/names.ts";

/** Plans one workspace with the executor that it belongs to. */
export async function planWorkspace(
  project: Project,
  name: WorkspaceName,
  options: RunOptions = {},
): Promise<PlannedRun> {
  const workspace = await defineWorkspace(project, name);
  return executorFor(project, workspace).plan(workspace, { signal: project.signal, ...options });
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
  options: { readonly destroy?: boolean; readonly message: string },
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
