import type { Redactor } from "@doge/core";
import type { GitHubApi, Repo } from "@doge/providers/github";
import type { Counts, PlannedChange } from "../executors/executor.ts";
import { costLine, type MonthlyCost } from "../executors/cost.ts";
import type { EnvironmentName } from "../workspaces/names.ts";

/** GitHub refuses comments over 65,536 characters; room is kept for what stands around the plan. */
const BUDGET = 60_000;

export type PlanReport =
  | {
      readonly state: "planned";
      readonly counts: Counts;
      readonly changes: readonly PlannedChange[];
      readonly text: string;
      readonly runUrl?: string;
      readonly image?: string;
      readonly cost?: MonthlyCost | undefined;
    }
  | { readonly state: "failed"; readonly reason: string };

const marker = (environment: EnvironmentName, kind: "plan" | "deploy"): string =>
  `<!-- doge:${kind}:${environment} -->`;

export interface CommentContext {
  readonly environment: EnvironmentName;
  readonly commit: string;
  readonly jobUrl?: string | undefined;
  readonly redactor: Redactor;
}

/** The plan of an environment as a pull-request comment: counts first, deletions warned of, the body folded. */
export function planComment(report: PlanReport, context: CommentContext): string {
  const { environment, commit, jobUrl, redactor } = context;
  const footer = [`Commit ${commit.slice(0, 7)}`, ...(jobUrl ? [`[job](${jobUrl})`] : [])];
  if (report.state === "failed") {
    return redactor.redact(
      [
        marker(environment, "plan"),
        `### ✗ Plan for \`${environment}\` failed`,
        "",
        fence(clip(report.reason, BUDGET)),
        "",
        footer.join(" · "),
        "",
      ].join("\n"),
    );
  }
  const { counts, changes, text, runUrl, image, cost } = report;
  const total = counts.add + counts.change + counts.destroy;
  const gone = changes.filter((c) => c.action === "delete" || c.action === "replace");
  const lines = [
    marker(environment, "plan"),
    total === 0
      ? `### Plan for \`${environment}\`: no changes to the infrastructure`
      : `### Plan for \`${environment}\`: ${counts.add} to add, ${counts.change} to change, ${counts.destroy} to destroy`,
    "",
    ...(gone.length > 0
      ? [
          "> [!WARNING]",
          "> Destroyed or replaced:",
          ...gone.slice(0, 20).map((c) => `> - \`${c.address}\` (${c.action})`),
          "",
        ]
      : []),
    ...(image ? [`Image: \`${image}\``, ""] : []),
    ...(cost ? [costLine(cost), ""] : []),
    "<details><summary>Plan</summary>",
    "",
    fence(clip(text, BUDGET - 2_000)),
    "",
    "</details>",
    "",
    [...footer, ...(runUrl ? [`[run](${runUrl})`] : [])].join(" · "),
    "",
  ];
  return redactor.redact(lines.join("\n"));
}

/** The result of a deploy as a comment on the pull request that brought it. */
export function deployComment(
  result:
    | { readonly ok: true; readonly url: string; readonly lines: readonly string[] }
    | { readonly ok: false; readonly reason: string },
  context: CommentContext,
): string {
  const { environment, commit, jobUrl, redactor } = context;
  const footer = [`Commit ${commit.slice(0, 7)}`, ...(jobUrl ? [`[job](${jobUrl})`] : [])].join(" · ");
  const body = result.ok
    ? [`### ✓ Deployed to \`${environment}\`: ${result.url}`, "", ...result.lines.map((line) => `- ${line}`)]
    : [`### ✗ Deploy to \`${environment}\` failed`, "", fence(clip(result.reason, BUDGET))];
  return redactor.redact([marker(environment, "deploy"), ...body, "", footer, ""].join("\n"));
}

function clip(text: string, budget: number): string {
  if (Buffer.byteLength(text) <= budget) return text;
  const kept = Buffer.from(text).subarray(0, budget).toString("utf8").replace(/�+$/, "");
  return `${kept.slice(0, kept.lastIndexOf("\n") + 1)}… cut here; the run has the rest.`;
}

/** A fence longer than any run of backticks inside. */
function fence(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((m) => m[0].length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}\n${text.trimEnd()}\n${ticks}`;
}

/** One comment per environment and kind, found by its hidden marker and edited in place: pages are not flooded. */
export async function upsertComment(
  comments: GitHubApi["comments"],
  at: Repo,
  pullRequest: number,
  body: string,
): Promise<void> {
  const mark = body.slice(0, body.indexOf("\n"));
  const existing = (await comments.list(at, pullRequest)).find((c) => c.body?.startsWith(mark));
  if (existing) await comments.update(at, existing.id, body);
  else await comments.create(at, pullRequest, body);
}
