import { endedRuns, related } from "@doge/providers/tfe";
import type { Project } from "../project.ts";
import { vendors } from "../vendors.ts";
import type { WorkspaceName } from "../workspaces/names.ts";
import { workspaceJournal } from "./journal.ts";
import { stateStore } from "./store.ts";

/**
 * Whether a workspace has made nothing that is still there, and nothing is about to be made in it: no resource in its
 * state, nothing in this machine's journal, no run under way.
 */
export async function workspaceIsEmpty(project: Project, name: WorkspaceName): Promise<boolean> {
  // The run first: one that ends between the two looks has written its state by then.
  if (await runUnderWay(project, name)) return false;
  const state = await stateStore(project, name).read();
  if (state && state.resources.length > 0) return false;
  const journal = await workspaceJournal(project, name);
  return (await journal.list()).length === 0 && (await journal.unsettled()).changes.length === 0;
}

async function runUnderWay({ config, ...project }: Project, name: WorkspaceName): Promise<boolean> {
  if (config.state.backend !== "hcp") return false;
  const tfe = vendors(project).tfe();
  const workspace = await tfe.workspaces.byName(config.hcp.organization, `${config.slug}-${name}`);
  const current = workspace && related(workspace, "current-run");
  const run = current === undefined ? undefined : await tfe.runs.get(current);
  return run !== undefined && !endedRuns.has(run.attributes.status);
}
