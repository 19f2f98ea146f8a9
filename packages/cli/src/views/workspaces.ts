import type { DestroyResult, PlannedChange, PlannedRun } from "@doge/workflow";
import { duration } from "../terminal/style.ts";

interface Counts {
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
}

export interface PlannedView {
  readonly workspace: string;
  readonly counts: Counts;
  readonly changes: readonly PlannedChange[];
  readonly hasChanges: boolean;
  readonly text: string;
  readonly url?: string;
  /** The file that the plan was saved in. */
  readonly saved?: string;
}

/** What people and programs see of a plan; its JSON, with secrets, is what `doge show` is for. */
export const plannedView = (planned: PlannedRun, more: Pick<PlannedView, "saved">): PlannedView => {
  const { workspace, counts, changes, hasChanges, text, url } = planned;
  return { workspace, counts, changes, hasChanges, text, ...(url ? { url } : {}), ...more };
};

export interface AppliedView {
  readonly workspace: string;
  readonly counts: Counts;
  readonly url?: string;
}

export const renderPlanned = (plan: PlannedView): string =>
  [
    plan.text.trimEnd(),
    ...(plan.url ? ["", `Run: ${plan.url}`] : []),
    ...(plan.hasChanges ? ["", `Next: doge apply ${plan.saved ?? plan.workspace}`] : []),
    "",
  ].join("\n");

export const renderApplied = ({ workspace, counts, url }: AppliedView): string =>
  counts.add + counts.change + counts.destroy === 0
    ? `${workspace}: no changes.\n`
    : `${workspace}: ${counts.add} added, ${counts.change} changed, ${counts.destroy} destroyed.\n${url ? `Run: ${url}\n` : ""}`;

export const renderDestroyed = ({ workspaces, milliseconds }: DestroyResult): string => {
  if (workspaces.length === 0) return "Nothing to destroy.\n";
  const total = workspaces.reduce((sum, w) => sum + w.counts.destroy, 0);
  return `Destroyed ${total} resources in ${duration(milliseconds)} (${workspaces.map((w) => `${w.workspace} ${w.counts.destroy}`).join(", ")}).\n`;
};

export const renderFormatted = ({ changed }: { readonly changed: readonly string[] }): string =>
  changed.length === 0 ? "All formatted.\n" : `${changed.join("\n")}\n`;
