/**
 * `make crash`: kills `doge` at every instant of its commands (or at every EVERY-th, or at SAMPLE random ones by
 * SEED), runs the same command again, and demands what an undisturbed run ends in: the same inventory, and a
 * plan without changes.
 */
import { Random } from "../differential/random.ts";
import { Rehearsal } from "./rehearsal.ts";
import { chosenScenarios, differing, type Scenario } from "./scenarios.ts";

const sample = process.env["SAMPLE"] === undefined ? undefined : Number(process.env["SAMPLE"]);
const every = Number(process.env["EVERY"] ?? 1);
const seed = Number(process.env["SEED"] ?? Date.now() % 100_000);
const random = new Random(seed);
let trials = 0;
const wrong: string[] = [];

async function play(scenario: Scenario): Promise<void> {
  const rehearsal = await Rehearsal.start(scenario.executor);
  try {
    for (const words of scenario.before) await rehearsal.must(words);
    const nothing = await rehearsal.inventory();
    const makes = await rehearsal.instants(scenario.make);
    const everything = await rehearsal.inventory();
    const unmakes = await rehearsal.instants(scenario.unmake);
    const left = await rehearsal.inventory();
    complain(scenario, "an undisturbed destroy", differing(nothing, left));
    console.log(`${scenario.name}: ${makes.length} instants to make, ${unmakes.length} to unmake`);
    for (const [make, unmake] of chosen(makes.length, unmakes.length)) {
      await rehearsal.killed(scenario.make, make);
      const again = await rehearsal.run(scenario.make);
      const where = `killed at ${makes[make - 1]} of ${scenario.make.join(" ")}`;
      if (again.exitCode !== 0) complain(scenario, where, [again.said.slice(-1500)]);
      complain(scenario, where, differing(everything, await rehearsal.inventory()));
      for (const workspace of scenario.plans) {
        const plan = await rehearsal.run(["plan", workspace, "--detailed-exitcode"]);
        if (plan.exitCode !== 0) complain(scenario, where, [`plan ${workspace} then: ${plan.said.slice(-1500)}`]);
      }
      await rehearsal.killed(scenario.unmake, unmake);
      const gone = await rehearsal.run(scenario.unmake);
      const there = `killed at ${unmakes[unmake - 1]} of ${scenario.unmake.join(" ")}`;
      if (gone.exitCode !== 0) complain(scenario, there, [gone.said.slice(-1500)]);
      complain(scenario, there, differing(nothing, await rehearsal.inventory()));
      trials += 2;
    }
  } finally {
    await rehearsal.stop();
  }
}

/** Pairs of instants, counted from 1: one of the making, one of the unmaking. */
function chosen(makes: number, unmakes: number): [number, number][] {
  if (sample !== undefined)
    return Array.from({ length: sample }, () => [1 + random.below(makes), 1 + random.below(unmakes)]);
  const last = Math.max(makes, unmakes);
  const steps = Array.from({ length: Math.ceil(last / every) }, (_, i) => 1 + i * every);
  return steps.map((n) => [Math.min(n, makes), Math.min(n, unmakes)]);
}

function complain(scenario: Scenario, where: string, what: readonly string[]): void {
  if (what.length === 0) return;
  wrong.push(`${scenario.name}, ${where}: ${what.join("; ")}`);
  console.log(`✗ ${wrong.at(-1)}`);
}

const started = Date.now();
console.log(
  `seed ${seed}${sample === undefined ? "" : `: ${sample} kills of each command (SEED=${seed} plays them again)`}`,
);
for (const scenario of chosenScenarios()) await play(scenario);
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(`${trials} kills, ${wrong.length} times another end than undisturbed (${seconds} s)`);
process.exit(wrong.length > 0 ? 1 : 0);
