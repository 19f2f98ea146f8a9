/** Runs a case through both engines and tells where they part. */
import type { Case, Step } from "./case.ts";
import { differences, planDifferences, stateDifferences } from "./compare.ts";
import type { Engine } from "./engine.ts";
import { excused, leavesWorkUndone } from "./exceptions.ts";
import { nativeEngine } from "./native.ts";
import { tainted } from "./taint.ts";
import { foreignObject } from "./vendor.ts";

export interface Mismatch {
  readonly step: number;
  /** What was compared: `plan`, `state`, `world`, `diagnostics`, `cross-reading`. */
  readonly what: string;
  readonly where: readonly string[];
}

/** Undefined where our engine agrees with the other to the end. Stops that one too. */
export async function runCase(one: Case, real: Engine): Promise<Mismatch | undefined> {
  const ours = nativeEngine();
  try {
    let refused = false;
    for (const [i, step] of one.steps.entries()) {
      const found = await runStep(step, ours, real);
      if (found === "parted") return undefined;
      if (found && found !== "refused") return { step: i, ...found };
      refused = found === "refused";
    }
    const last = one.steps.at(-1) as Step;
    if (refused || last.mode !== undefined || last.targets || last.failing || last.refresh === false || last.replace)
      return undefined;
    const crossed = await readEachOther(last, ours, real);
    return crossed && { step: one.steps.length, ...crossed };
  } finally {
    await ours.stop();
    await real.stop();
  }
}

type Found = Omit<Mismatch, "step"> | undefined;

/** `refused`: both engines say that it can't be planned. `parted`: from here on they differ on purpose. */
async function runStep(step: Step, ours: Engine, real: Engine): Promise<Found | "refused" | "parted"> {
  for (const engine of [ours, real]) {
    const { world } = engine;
    if (step.taint) await taint(engine, step.taint);
    for (const call of step.failing ?? []) world.failing.add(call);
    for (const { name, change, made } of step.drift ?? []) {
      if (made) world.objects.set(made.id, foreignObject(made.type, made.id, made.config));
      if (made) continue;
      const object = [...world.objects.values()].find((one) => one["name"] === name);
      if (object === undefined) continue;
      const id = object["id"] as string;
      if (change) world.objects.set(id, { ...object, ...change });
      else world.objects.delete(id);
    }
  }
  const found = await planAndApply(step, ours, real);
  for (const { world } of [ours, real]) world.failing.clear();
  if (found !== "failed") return found;
  // How far a failed apply gets depends on the order of things: both engines must get to the same end from there.
  const { drift: _, failing: __, taint: ___, ...again } = step;
  const carryOut = async (engine: Engine): Promise<Verdict> => {
    const plan = await engine.plan(again);
    return plan.ok ? plan.apply() : plan;
  };
  const [mine, theirs] = [await carryOut(ours), await carryOut(real)];
  if (mine.ok !== theirs.ok) return verdicts("next run", mine, theirs);
  return mine.ok ? ends(step, ours, real) : "refused";
}

async function taint(engine: Engine, addresses: readonly string[]): Promise<void> {
  const text = await engine.state();
  if (text !== undefined) await engine.setState(tainted(text, addresses));
}

async function planAndApply(step: Step, ours: Engine, real: Engine): Promise<Found | "refused" | "failed" | "parted"> {
  const [mine, theirs] = await Promise.all([ours.plan(step), real.plan(step)]);
  if (excused(step, mine, theirs)) return theirs.ok ? "parted" : "refused";
  if (mine.ok !== theirs.ok) return verdicts("diagnostics of the plan", mine, theirs);
  if (!mine.ok) return "refused";
  const plan = planDifferences(mine.json ?? {}, theirs.json ?? {}, step);
  if (plan.length > 0) return { what: "plan", where: plan };
  // Terraform says "No changes" and refuses to carry out the rest, such as outputs that are not known yet.
  if (step.mode === "refresh-only" && theirs.json?.["applyable"] === false) return undefined;
  const [done, did] = await Promise.all([mine.apply(), theirs.apply()]);
  if (excused(step, done, did)) return "failed";
  if (done.ok !== did.ok) return verdicts("diagnostics of the apply", done, did);
  if (!done.ok) return "failed";
  return leavesWorkUndone(step, theirs, did) ? "parted" : ends(step, ours, real);
}

async function ends(step: Step, ours: Engine, real: Engine): Promise<Found> {
  const worlds = differences(Object.fromEntries(ours.world.objects), Object.fromEntries(real.world.objects));
  if (worlds.length > 0) return { what: "world", where: worlds };
  const states = stateDifferences(await ours.state(), await real.state(), step);
  return states.length > 0 ? { what: "state", where: states } : undefined;
}

interface Verdict {
  readonly ok: boolean;
  readonly said: string;
}

const errors = (said: string): string => (said.includes("Error: ") ? said.slice(said.indexOf("Error: ")) : said);

const verdicts = (what: string, mine: Verdict, theirs: Verdict): Found => ({
  what,
  where: [`doge: ${mine.ok ? "fine" : errors(mine.said)}`, `terraform: ${theirs.ok ? "fine" : errors(theirs.said)}`],
});

interface ChangeJson {
  readonly address: string;
  readonly action_reason?: string;
  readonly change: { readonly actions: readonly string[] };
}

/** Each engine plans on the state that the other wrote: there is nothing to do. */
async function readEachOther(step: Step, ours: Engine, real: Engine): Promise<Found> {
  const [mine, theirs] = [await ours.state(), await real.state()];
  if (mine === undefined || theirs === undefined) return undefined;
  await ours.setState(theirs);
  await real.setState(mine);
  const { files, env, args } = step;
  const plain: Step = { files, ...(env ? { env } : {}), ...(args ? { args } : {}) };
  for (const engine of [ours, real]) {
    const plan = await engine.plan(plain);
    if (!plan.ok) return { what: `cross-reading by ${engine.name}`, where: [plan.said] };
    // The data source of a check is always about to be read.
    const changes = ((plan.json?.["resource_changes"] ?? []) as ChangeJson[]).filter(
      (one) => one.action_reason !== "read_because_check_nested",
    );
    const outputs = Object.entries((plan.json?.["output_changes"] ?? {}) as Record<string, { actions: string[] }>);
    const busy = [
      ...changes.map(({ address, change }) => [address, change.actions] as const),
      ...outputs.map(([name, { actions }]) => [`output.${name}`, actions] as const),
    ].filter(([, actions]) => actions[0] !== "no-op");
    if (busy.length > 0)
      return {
        what: `cross-reading by ${engine.name}`,
        where: busy.map(([name, actions]) => `${name}: ${actions.join()}`),
      };
  }
  return undefined;
}
