import {
  costLine,
  type DestroyResult,
  type MonthlyCost,
  monthlyCost,
  type PlannedChange,
  type PlannedRun,
} from "@doge/workflow";
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
  /** Undefined for a plan without droplets. */
  readonly cost?: MonthlyCost;
  /** The file that the plan was saved in. */
  readonly saved?: string;
}

/** What people and programs see of a plan; its JSON, with secrets, is what `doge show` is for. */
export const plannedView = (planned: PlannedRun, more: Pick<PlannedView, "saved">): PlannedView => {
  const { workspace, counts, changes, hasChanges, text, url } = planned;
  const cost = monthlyCost(planned.json);
  return { workspace, counts, changes, hasChanges, text, ...(url ? { url } : {}), ...(cost ? { cost } : {}), ...more };
};

export interface AppliedView {
  readonly workspace: string;
  readonly counts: Counts;
  readonly url?: string;
}

/** What would change, and what it costs. */
export function renderChanges({ text, json }: Pick<PlannedRun, "text" | "json">): string {
  const cost = monthlyCost(json);
  return cost ? `${text.trimEnd()}\n\n${costLine(cost)}` : text;
}

export const renderPlanned = (plan: PlannedView): string =>
  [
    plan.text.trimEnd(),
    ...(plan.cost ? ["", costLine(plan.cost)] : []),
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
