import type { Diagnostic, Redactor } from "@doge/core";
import type { PlannedChange } from "../executors/executor.ts";
import { branchOf, type EnvironmentName } from "../workspaces/names.ts";

/** What a night's look has found. */
export interface Seen {
  readonly provisioned: boolean;
  readonly drift: readonly PlannedChange[];
  readonly findings: readonly Diagnostic[];
}

export interface WatchContext {
  readonly environment: EnvironmentName;
  readonly jobUrl?: string | undefined;
  readonly redactor: Redactor;
}

/** What of an issue's body says that it is ours. */
export const alarmMarker = (environment: EnvironmentName): string => `<!-- doge:watch:${environment} -->`;

/** GitHub refuses bodies over 65,536 characters: so many are listed, and so much of each text. */
const DRIFTED = 50;
const FOUND = 20;
const TEXT = 600;

/** The issue of an alarm: what drifted, what is wrong, each with what to do. */
export function alarmIssue(
  { drift, findings }: Seen,
  { environment, jobUrl, redactor }: WatchContext,
): { readonly title: string; readonly body: string } {
  const parts = [
    ...(drift.length > 0 ? [`${drift.length} drifted`] : []),
    ...(findings.length > 0 ? [`${findings.length} ${findings.length === 1 ? "finding" : "findings"}`] : []),
  ];
  const lines = [
    alarmMarker(environment),
    ...(drift.length > 0
      ? [
          "### Drift",
          "",
          `The infrastructure is not what branch \`${branchOf[environment]}\` says. \`doge plan ${environment}\` shows the difference;`,
          `\`doge apply ${environment}\`, or the next deploy, undoes it. What was changed on purpose belongs into \`doge.config.ts\` or \`infra/\`.`,
          "",
          ...listed(drift, DRIFTED, ({ address, action }) => `- \`${address}\` (${action})`),
          "",
        ]
      : []),
    ...(findings.length > 0 ? ["### Findings", "", ...listed(findings, FOUND, finding), ""] : []),
    [...(jobUrl ? [`Seen by [this job](${jobUrl}).`] : []), "The issue closes by itself when all is well."].join(" "),
    "",
  ];
  return {
    title: redactor.redact(`${environment} needs a look: ${parts.join(", ")}`),
    body: redactor.redact(lines.join("\n")),
  };
}

export const allWell = ({ environment, jobUrl }: WatchContext): string =>
  `\`${environment}\` is as it should be${jobUrl ? `, says [this job](${jobUrl})` : ""}.`;

const listed = <T>(all: readonly T[], most: number, line: (each: T) => string): readonly string[] => [
  ...all.slice(0, most).map(line),
  ...(all.length > most ? [`- … and ${all.length - most} more`] : []),
];

function finding({ severity, code, summary, detail, remedy }: Diagnostic): string {
  const sign = severity === "error" ? "✗" : "⚠";
  const told = [detail, remedy && `→ ${remedy}`].filter(Boolean).map((text) => String(text).slice(0, TEXT));
  return [
    `- ${sign} **${summary}** \`${code}\``,
    ...told.flatMap((text) => text.split("\n")).map((l) => `  ${l}`),
  ].join("\n");
}
