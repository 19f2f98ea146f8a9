import { fail, unwrap } from "@doge/core";
import { emptyState, parseState, type State, type StateStore, withUnsettled } from "@doge/engine";
import type { Project } from "../project.ts";
import type { WorkspaceName } from "../workspaces/names.ts";
import { workspaceJournal } from "./journal.ts";
import { stateStore } from "./store.ts";

/** The state of a workspace, with what an interrupted run here could not write any more. Undefined where there is none. */
export async function readState(project: Project, name: WorkspaceName): Promise<State | undefined> {
  const state = await stateStore(project, name).read();
  const unsettled = await (await workspaceJournal(project, name)).unsettled();
  return unsettled.changes.length === 0 ? state : withUnsettled(state ?? emptyState(), unsettled);
}

/** The state, or a diagnostic where there is none. */
export async function requireState(project: Project, name: WorkspaceName): Promise<State> {
  return (
    (await readState(project, name)) ??
    fail({
      code: "state-missing",
      summary: "The workspace has no state yet",
      address: name,
      remedy: `Nothing was applied there: doge apply ${name}`,
    })
  );
}

/** Changes a state by hand, under its lease. */
export async function editState(
  project: Project,
  name: WorkspaceName,
  purpose: string,
  edit: (state: State) => State,
): Promise<State> {
  const journal = await workspaceJournal(project, name);
  const lease = await stateStore(project, name).lock(purpose);
  try {
    const unsettled = await journal.unsettled();
    const state = edit(withUnsettled((await lease.read()) ?? emptyState(), unsettled));
    await lease.save(state);
    await journal.settle(unsettled.last, { lineage: state.lineage, serial: state.serial });
    return state;
  } finally {
    await lease.release();
  }
}

/**
 * Replaces a state. Refuses another lineage and a serial that is not newer, unless forced: then the given content gets the
 * next serial of the state that is there.
 */
export async function pushState(
  project: Project,
  name: WorkspaceName,
  text: string,
  options: { readonly force: boolean },
): Promise<State> {
  const given = unwrap(parseState(text));
  const journal = await workspaceJournal(project, name);
  const lease = await stateStore(project, name).lock("doge state push");
  try {
    const present = await lease.read();
    const next =
      options.force && present
        ? { ...given, lineage: present.lineage, serial: Math.max(given.serial, present.serial + 1) }
        : given;
    await lease.save(next);
    await journal.settle((await journal.unsettled()).last, { lineage: next.lineage, serial: next.serial });
    return next;
  } finally {
    await lease.release();
  }
}

/** Breaks the lease of a workspace's state. */
export async function forceUnlock(project: Project, name: WorkspaceName, lease: string): Promise<void> {
  await stateStore(project, name).forceUnlock(lease);
}

/** Who holds the lease of a workspace's state. */
export const stateHolder = (project: Project, name: WorkspaceName): ReturnType<StateStore["holder"]> =>
  stateStore(project, name).holder();
