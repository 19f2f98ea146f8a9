/**
 * `make crash`: kills `doge` at every instant of its commands (or at every EVERY-th, or at SAMPLE random ones by
 * SEED), runs the same command again, and demands what an undisturbed run ends in: the same inventory, and a
 * plan without changes.
 */
import { Random } from "../differential/random.ts";
import { Rehearsal } from "./rehearsal.ts";

interface Scenario {
  readonly name: string;
  readonly executor: "hcp" | "native";
  /** Commands that lead to where the scenario starts. */
  readonly before: readonly (readonly string[])[];
  readonly make: readonly string[];
  readonly unmake: readonly string[];
  /** Plans that say "no changes" once it is made. */
  readonly plans: readonly string[];
}

const of = (workspace: string, executor: "hcp" | "native", before: Scenario["before"]): Scenario => ({
  name: `${workspace}, ${executor}`,
  executor,
  before,
  make: ["apply", workspace, "--yes"],
  unmake: ["destroy", workspace, "--yes"],
  plans: [workspace],
});

const apply = (workspace: string): string[] => ["apply", workspace, "--yes"];
const repository = ["repo", "create"];
const scenarios: readonly Scenario[] = [
  of("meta", "native", []),
  of("base", "native", [apply("meta"), repository]),
  of("base", "hcp", [apply("meta"), repository]),
  of("stage", "native", [apply("meta"), repository, apply("base"), apply("dotenv")]),
  of("stage", "hcp", [apply("meta"), repository, apply("base"), apply("dotenv")]),
  {
    name: "up and destroy, native",
    executor: "native",
    before: [],
    make: ["up", "--yes"],
    unmake: ["destroy", "--yes", "--repository"],
    plans: ["meta", "base", "dotenv", "stage", "prod"],
  },
];

const sample = process.env["SAMPLE"] === undefined ? undefined : Number(process.env["SAMPLE"]);
const every = Number(process.env["EVERY"] ?? 1);
const seed = Number(process.env["SEED"] ?? Date.now() % 100_000);
const only = process.env["ONLY"];
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

/** What is there once too often or too rarely. */
function differing(wanted: readonly string[], found: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const one of found) counts.set(one, (counts.get(one) ?? 0) + 1);
  for (const one of wanted) counts.set(one, (counts.get(one) ?? 0) - 1);
  return [...counts].filter(([, n]) => n !== 0).map(([one, n]) => `${n > 0 ? "too many" : "missing"}: ${one}`);
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
for (const scenario of scenarios.filter(({ name }) => only === undefined || name.startsWith(only)))
  await play(scenario);
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(`${trials} kills, ${wrong.length} times another end than undisturbed (${seconds} s)`);
process.exit(wrong.length > 0 ? 1 : 0);
