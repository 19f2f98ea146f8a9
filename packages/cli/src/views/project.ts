import type { Check, DeployResult, ProjectStatus, UpResult, WatchResult } from "@doge/workflow";
import { duration } from "../terminal/style.ts";

const marks = { ok: "✓", warning: "!", failed: "✗", skipped: "-" } as const;

export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map((c) => c.name.length));
  const rows = checks.map((c) => `${marks[c.state]} ${c.name.padEnd(width)}  ${c.found ?? ""}`.trimEnd());
  const failed = checks.filter((c) => c.state === "failed").length;
  return [
    ...rows,
    "",
    failed === 0 ? "All is ready. Next: doge up" : `${failed} of ${checks.length} must be mended first.`,
    "",
  ].join("\n");
}

export function renderUp(result: UpResult): string {
  const rows = result.workspaces.map(({ workspace, counts }) => `  ${workspace.padEnd(8)}${countsText(counts)}`);
  return [
    `Up in ${duration(result.milliseconds)}.`,
    "",
    `Repository   ${result.repository}`,
    ...result.deploys.map(
      (d) => `${(d.environment === "prod" ? "Production" : "Staging").padEnd(13)}${d.url}${rolledBack(d)}`,
    ),
    "",
    "Workspaces:",
    ...rows,
    "",
    "Next: push a branch, open a pull request to develop; doge status shows what is where.",
    "",
  ].join("\n");
}

const rolledBack = ({ record }: DeployResult): string =>
  record.takenBack?.length ? `  stays rolled back, to commit ${record.image.commit.slice(0, 7)}` : "";

const countsText = (counts: { readonly add: number; readonly change: number; readonly destroy: number }): string =>
  counts.add + counts.change + counts.destroy === 0
    ? "no changes"
    : `${counts.add} added, ${counts.change} changed, ${counts.destroy} destroyed`;

export function renderStatus(status: ProjectStatus): string {
  const workspaces = status.workspaces.map(
    (w) =>
      `  ${w.name.padEnd(8)}${w.exists ? `${w.resources} resources${w.serial === undefined ? "" : `, state ${w.serial}`}` : "not made"}`,
  );
  return [
    status.project,
    `  ${status.repository}`,
    "",
    "Workspaces:",
    ...workspaces,
    "",
    "Environments:",
    ...status.environments.flatMap(environmentLines),
    "",
  ].join("\n");
}

function environmentLines(environment: ProjectStatus["environments"][number]): string[] {
  const title = `  ${environment.environment.padEnd(8)}${environment.url}`;
  if ("trouble" in environment)
    return [title, `          ${environment.trouble.length > 0 ? "can't be reached, see below" : "not provisioned"}`];
  return [title, ...environment.lines.map((line) => `          ${line}`)];
}

export const renderDeploy = (deploy: DeployResult): string =>
  [
    `${deploy.environment}: ${deploy.unchanged ? "serves already" : "serves"} release ${deploy.release} at ${deploy.url}`,
    ...deploy.lines.map((line) => `  ${line}`),
    "",
  ].join("\n");

export function renderWatch({ environment, provisioned, drift, findings, issue }: WatchResult): string {
  if (!provisioned) return `${environment}: nothing is provisioned, nothing to watch.\n`;
  const state = drift.length === 0 ? "no drift" : `${drift.length} drifted`;
  return [
    `${environment}: ${state}, ${findings.length} ${findings.length === 1 ? "finding" : "findings"}`,
    ...drift.map(({ address, action }) => `  ${address} (${action})`),
    ...(issue ? [`Issue: ${issue}`] : []),
    ...(drift.length > 0 ? [`Next: doge plan ${environment}`] : []),
    "",
  ].join("\n");
}
