import { fail, unwrap } from "@doge/core";
import { loadConfiguration, sealer } from "@doge/engine";
import type { ProjectConfig } from "../config/schema.ts";
import type { Project } from "../project.ts";
import { providers } from "../providers.ts";
import { localKeys } from "../state/keys.ts";
import type { WorkspaceName } from "../workspaces/names.ts";
import type { Executor, PlannedRun, RunOptions, WorkspaceDefinition, WorkspaceRunOptions } from "./executor.ts";
import { type Fingerprint, inputsOf, movedBetween, observationsOf } from "./fingerprint.ts";

/** A plan in a file: what the executor needs to apply it, and what it was made of. */
export interface SavedPlan {
  readonly format: "doge-plan/2";
  readonly workspace: WorkspaceName;
  /** Who made it, and what the project was set to when it did. */
  readonly executor: Executor["name"];
  readonly configured: ProjectConfig["executor"];
  readonly created: string;
  readonly options: Pick<
    WorkspaceRunOptions,
    "destroy" | "refreshOnly" | "targets" | "replace" | "variables" | "imports"
  >;
  readonly inputs: Fingerprint;
  readonly observations: Fingerprint;
  readonly counts: PlannedRun["counts"];
  readonly hasChanges: boolean;
  readonly text: string;
  readonly json: unknown;
  /** The executor's own. */
  readonly plan: string;
}

const about = (project: Project): string => `a saved plan of ${project.config.slug}`;

/** Writes a plan to a file, sealed and for its owner only: it holds secrets, and whoever applies it trusts it. */
export async function savePlan(
  project: Project,
  path: string,
  workspace: WorkspaceDefinition,
  options: WorkspaceRunOptions,
  run: { readonly executor: Executor["name"]; readonly planned: PlannedRun },
): Promise<void> {
  const { planned } = run;
  const { destroy, refreshOnly, targets, replace, variables = {}, imports } = options;
  const ephemeral = await ephemeralIn(workspace);
  const saved: SavedPlan = {
    format: "doge-plan/2",
    workspace: workspace.name,
    executor: run.executor,
    configured: project.config.executor,
    created: project.machine.clock.now().toISOString(),
    options: {
      destroy: destroy ?? false,
      refreshOnly: refreshOnly ?? false,
      targets: targets ?? [],
      replace: replace ?? [],
      variables: Object.fromEntries(Object.entries(variables).filter(([name]) => !ephemeral.has(name))),
      imports: imports ?? [],
    },
    inputs: inputsOf(workspace, options, providers, ephemeral),
    observations: observationsOf(planned),
    counts: planned.counts,
    hasChanges: planned.hasChanges,
    text: planned.text,
    json: planned.json,
    plan: await planned.save(),
  };
  const sealed = sealer(await localKeys(project), "plan").seal(JSON.stringify(saved), about(project));
  await project.machine.files.write(path, sealed, { mode: 0o600 });
}

/** Reads a plan that was saved; throws where it was altered, or sealed with a key that is not here. */
export async function readPlan(project: Project, path: string): Promise<SavedPlan> {
  const text = await project.machine.files.read(path);
  if (text === undefined) {
    return fail({
      code: "plan-missing",
      summary: "There is no such plan",
      address: path,
      remedy: "Save one: doge plan WORKSPACE --out FILE.",
    });
  }
  const saved = JSON.parse(sealer(await localKeys(project), "plan").open(text, about(project))) as SavedPlan;
  if (saved.format === "doge-plan/2") return saved;
  return fail({
    code: "plan-unreadable",
    summary: "The saved plan can't be read",
    detail: "It was saved by another version of Doge.",
    address: path,
    remedy: "Plan again.",
  });
}

/** Variables whose values no plan keeps. */
async function ephemeralIn({ documents }: WorkspaceDefinition): Promise<ReadonlySet<string>> {
  const sources = Object.entries(documents).map(([file, content]) => ({ file, content }));
  const declared = unwrap(await loadConfiguration(sources)).variables;
  return new Set([...declared.values()].filter((one) => one.ephemeral).map(({ name }) => name));
}

/**
 * Takes a saved plan up. Throws a diagnostic that names what moved since it was made. Its variables stand in it, but for
 * ephemeral ones: they are given again.
 */
export async function takeUpPlan(
  saved: SavedPlan,
  executor: Executor,
  workspace: WorkspaceDefinition,
  options: RunOptions,
): Promise<PlannedRun> {
  const ephemeral = await ephemeralIn(workspace);
  const fixed = Object.keys(options.variables ?? {}).filter((name) => !ephemeral.has(name));
  if (fixed.length > 0) {
    fail({
      code: "plan-variables",
      summary: "A saved plan has its variables already",
      detail: `Given with it: ${fixed.join(", ")}.`,
      address: saved.workspace,
      remedy: "Only ephemeral variables are given again. For other values, plan again.",
    });
  }
  const asked = { ...options, ...saved.options, variables: { ...saved.options.variables, ...options.variables } };
  const inputs = inputsOf(workspace, asked, providers, ephemeral);
  refuse(movedBetween(saved.inputs, inputs), saved, "what it was made from moved");
  if (options.refresh !== false) {
    const fresh = await executor.plan(workspace, { ...asked, speculative: true });
    await fresh.discard();
    refuse(movedBetween(saved.observations, observationsOf(fresh)), saved, "what it was made for moved");
  }
  const run = await executor.resume(workspace, saved.plan, asked);
  return { ...run, text: saved.text, json: saved.json, counts: saved.counts };
}

function refuse(moved: readonly string[], saved: SavedPlan, why: string): void {
  if (moved.length === 0) return;
  const [shown, more] = [moved.slice(0, 10), moved.length - 10];
  fail({
    code: "plan-moved",
    summary: "The saved plan is out of date",
    detail: `Since ${saved.created}, ${why}: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`,
    address: saved.workspace,
    remedy: `Plan again: doge plan ${saved.workspace} --out FILE`,
  });
}
