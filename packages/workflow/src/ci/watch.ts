import { type Diagnostic, diagnosticsOf, hasErrors } from "@doge/core";
import type { GitHubApi, Repo } from "@doge/providers/github";
import { onEnvironment } from "../deploy/connect.ts";
import { environmentStatus } from "../deploy/status.ts";
import type { PlannedChange } from "../executors/executor.ts";
import type { Project } from "../project.ts";
import { planWorkspace } from "../run-workspace.ts";
import { stateStore } from "../state/store.ts";
import { vendors } from "../vendors.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { jobUrl, requireSharedState, writeSummary } from "./job.ts";
import { alarmIssue, alarmMarker, allWell, type Seen, type WatchContext } from "./watch-issue.ts";

export interface WatchResult {
  readonly environment: EnvironmentName;
  /** False: there is nothing of it to watch. */
  readonly provisioned: boolean;
  /** What differs between the vendors and the branch's configuration. */
  readonly drift: readonly PlannedChange[];
  readonly findings: readonly Diagnostic[];
  /** The issue that says so: open while there is an alarm. */
  readonly issue?: string;
}

/** Whoever finds these may have been asleep: drift, or anything that is wrong. Hints alone wake nobody. */
export const isAlarm = ({ drift, findings }: Pick<WatchResult, "drift" | "findings">): boolean =>
  drift.length > 0 || hasErrors(findings);

const LABEL = "doge";

/**
 * `doge ci watch`, every night: looks for drift of the infrastructure and at the environment itself (release, certificate,
 * disk, backups). An alarm opens an issue, the next one writes it anew, and it is closed when all is well.
 */
export async function ciWatch(project: Project, environment: EnvironmentName): Promise<WatchResult> {
  requireSharedState(project);
  const seen = await look(project, environment);
  const { owner, repository: repo } = project.config.github;
  const context = { environment, jobUrl: jobUrl(project.settings.env), redactor: project.settings.redactor };
  const alarm = isAlarm(seen) ? alarmIssue(seen, context) : undefined;
  await writeSummary(project, alarm?.body ?? allWell(context));
  const issue = await tell(vendors(project).github(), { owner, repo }, alarm, context);
  return { environment, ...seen, ...(issue ? { issue } : {}) };
}

/** What can't be looked at is a finding itself: a token that ran out must not look like peace. */
async function look(project: Project, environment: EnvironmentName): Promise<Seen> {
  if (!(await stateStore(project, environment).read())?.resources.length)
    return { provisioned: false, drift: [], findings: [] };
  const [drift, findings] = await Promise.all([
    attempt(async () => {
      const planned = await planWorkspace(project, environment, { speculative: true, message: "doge ci watch" });
      return planned.changes;
    }),
    attempt(() =>
      onEnvironment(project, environment, async (host) => {
        const status = await environmentStatus(project, host, environment);
        return status.findings;
      }),
    ),
  ]);
  return {
    provisioned: true,
    drift: drift.value ?? [],
    findings: [...drift.trouble, ...(findings.value ?? []), ...findings.trouble],
  };
}

async function attempt<T>(
  work: () => Promise<T>,
): Promise<{ readonly value?: T; readonly trouble: readonly Diagnostic[] }> {
  try {
    return { value: await work(), trouble: [] };
  } catch (thrown) {
    return { trouble: diagnosticsOf(thrown) };
  }
}

/** The address of the issue that is open now. */
async function tell(
  { issues, comments }: Pick<GitHubApi, "issues" | "comments">,
  at: Repo,
  alarm: ReturnType<typeof alarmIssue> | undefined,
  context: WatchContext,
): Promise<string | undefined> {
  const mark = alarmMarker(context.environment);
  const open = (await issues.list(at, { state: "open", labels: LABEL })).find((each) => each.body?.startsWith(mark));
  if (alarm) {
    const told = open
      ? await issues.update(at, open.number, alarm)
      : await issues.create(at, { ...alarm, labels: [LABEL] });
    return told.html_url;
  }
  if (open) {
    await comments.create(at, open.number, allWell(context));
    await issues.update(at, open.number, { state: "closed" });
  }
  return undefined;
}
