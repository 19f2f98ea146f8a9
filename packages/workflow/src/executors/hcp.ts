import { DogeError, error, fail, type Emit } from "@doge/core";
import type { Project } from "../project.ts";
import type { Vendors } from "../vendors.ts";
import { packDocuments } from "./archive.ts";
import { ensureWorkspace } from "./ensure.ts";
import { type AppliedRun, changesOf, type Executor, type PlannedRun, type RunOptions, type WorkspaceDefinition } from "./executor.ts";

type Tfe = ReturnType<Vendors["tfe"]>;
type Run = Awaited<ReturnType<Tfe["runs"]["get"]>>;

const POLL_MILLISECONDS = 400;
const ended = new Set(["planned_and_finished", "applied", "errored", "discarded", "canceled", "force_canceled", "policy_soft_failed"]);
const planEnded = new Set(["planned", "planned_and_saved", "cost_estimated", "policy_checked", ...ended]);

/** Runs in HCP Terraform: configuration uploaded, run there, logs streamed back. */
export function hcpExecutor(project: Project, tfe: Tfe): Executor {
  const { emit, machine, settings, config } = project;

  const until = async (id: string, done: ReadonlySet<string>, signal: AbortSignal | undefined, onPoll: (run: Run) => Promise<void>): Promise<Run> => {
    for (;;) {
      const run = await tfe.runs.get(id);
      await onPoll(run);
      if (done.has(run.status)) return run;
      if (signal?.aborted) {
        await tfe.runs.cancel(id).catch(() => {});
        throw new DogeError([error({ code: "interrupted", summary: "The run was cancelled", detail: id, remedy: "Run the same command again." })]);
      }
      await machine.clock.sleep(POLL_MILLISECONDS);
    }
  };

  return {
    name: "hcp",
    async plan(workspace: WorkspaceDefinition, options: RunOptions = {}): Promise<PlannedRun> {
      const { id: workspaceId } = await ensureWorkspace(project, tfe, workspace.name);
      const version = await tfe.configurationVersions.create(workspaceId, { speculative: options.speculative ?? false });
      await tfe.configurationVersions.upload(version.uploadUrl, await packDocuments(workspace.documents));
      await untilUploaded(tfe, version.id, machine.clock.sleep);
      const created = await tfe.runs.create({
        workspaceId,
        configurationVersionId: version.id,
        message: options.message ?? "doge",
        destroy: options.destroy ?? false,
        refreshOnly: options.refreshOnly ?? false,
        targets: options.targets ?? [],
        replace: options.replace ?? [],
      });
      const url = `${settings.endpoint("TFE_ADDRESS")}/app/${config.hcp.organization}/workspaces/${workspace.fullName}/runs/${created.id}`;
      emit({ type: "run.created", workspace: workspace.name, run: created.id, url });

      const log = logFollower(tfe, emit, workspace.name);
      const planned = await until(created.id, planEnded, options.signal, async (run) => {
        if (run.planId) await log.follow((await tfe.plans.get(run.planId)).logReadUrl);
      });
      if (!planned.planId) return failed(workspace, url, log.text());
      const plan = await tfe.plans.get(planned.planId);
      await log.follow(plan.logReadUrl);
      if (planned.status === "errored" || plan.status === "errored") return failed(workspace, url, log.text());
      const counts = { add: plan.additions, change: plan.changes, destroy: plan.destructions };
      emit({ type: "run.planned", workspace: workspace.name, ...counts });

      return {
        workspace: workspace.name,
        destroy: options.destroy ?? false,
        counts,
        hasChanges: planned.hasChanges,
        changes: changesOf(await tfe.plans.json(planned.planId)),
        text: planText(log.text()),
        url,
        apply: () => applyRun(created.id, workspace, counts, url, options.signal),
        discard: async () => {
          const run = await tfe.runs.get(created.id);
          if (!ended.has(run.status)) await tfe.runs.discard(created.id);
        },
      };
    },
  };

  async function applyRun(
    id: string,
    workspace: WorkspaceDefinition,
    counts: AppliedRun["counts"],
    url: string,
    signal: AbortSignal | undefined,
  ): Promise<AppliedRun> {
    const started = machine.clock.now().getTime();
    await tfe.runs.apply(id);
    const log = logFollower(tfe, emit, workspace.name);
    const applied = await until(id, ended, signal, async (run) => {
      if (run.applyId) await log.follow((await tfe.applies.get(run.applyId)).logReadUrl);
    });
    if (applied.status !== "applied") return failed(workspace, url, log.text());
    emit({ type: "run.applied", workspace: workspace.name, ...counts, milliseconds: machine.clock.now().getTime() - started });
    return { workspace: workspace.name, counts, url };
  }
}

/** The failed run's own words are the diagnosis. */
function failed(workspace: WorkspaceDefinition, url: string, log: string): never {
  const at = log.search(/^(│ )?Error: /m);
  const detail = (at >= 0 ? log.slice(at) : log).trim().split("\n").slice(0, 40).join("\n");
  return fail({
    code: "run-failed",
    summary: "The run failed in HCP Terraform",
    detail: detail || "The run ended without a log.",
    address: workspace.name,
    remedy: `The whole log: ${url}`,
  });
}

/** What Terraform says before the plan proper (versions, refresh) is noise in a comment. */
function planText(log: string): string {
  const marks = [/^Terraform used the selected providers/m, /^No changes\./m, /^Terraform will perform/m, /^Changes to Outputs:/m];
  const starts = marks.map((mark) => log.search(mark)).filter((at) => at >= 0);
  return starts.length > 0 ? log.slice(Math.min(...starts)) : log;
}

async function untilUploaded(tfe: Tfe, id: string, sleep: (ms: number) => Promise<void>): Promise<void> {
  for (let turn = 0; turn < 150; turn++) {
    const { status } = await tfe.configurationVersions.get(id);
    if (status === "uploaded") return;
    if (status === "errored") break;
    await sleep(200);
  }
  fail({ code: "upload-failed", summary: "HCP Terraform did not take the configuration", detail: id, remedy: "Run this again." });
}

/** Reads a log from where it was left; logs grow between two control characters. */
function logFollower(tfe: Tfe, emit: Emit, workspace: string): { follow(url: string | undefined): Promise<void>; text(): string } {
  let offset = 0;
  let text = "";
  return {
    async follow(url) {
      if (!url) return;
      const chunk = await tfe.logs.read(url, offset);
      offset += chunk.length;
      const fresh = Buffer.from(chunk).toString("utf8").replaceAll(/[\u0002\u0003]/g, "");
      text += fresh;
      if (fresh) emit({ type: "run.log", workspace, text: fresh });
    },
    text: () => text,
  };
}
