/**
 * `make crash-all`: every instant of every command. A command runs once and is stopped at each instant; what a kill there
 * would leave, on disk and in the cloud, is kept. From each of these worlds that differ the same command runs again, and
 * must end in what an undisturbed run ends in. RESULTS=FILE keeps what is done and goes on behind it; ONLY="stage, native".
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { LiveRehearsal } from "./live.ts";
import { commands, differing, type Scenario } from "./scenarios.ts";
import { type Row, table, told } from "./table.ts";
import type { World } from "./worlds.ts";

interface Leftover {
  /** The instants that leave it. */
  readonly instants: string[];
  readonly world: World;
}

interface Played {
  readonly live: LiveRehearsal;
  readonly scenario: Scenario;
  readonly words: readonly string[];
  readonly leftovers: readonly Leftover[];
  /** What an undisturbed run ends in. */
  readonly end: readonly string[];
  /** Workspaces whose plan says "no changes" then. */
  readonly plans: readonly string[];
}

const results = process.env["RESULTS"];
const done = (results !== undefined && existsSync(results) ? readFileSync(results, "utf8").trim().split("\n") : [])
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Row);
const isDone = (what: string): boolean => done.some((row) => row.what === what);
const nameOf = ({ name, executor }: Scenario, words: readonly string[]): string =>
  `${words.filter((word) => !word.startsWith("-")).join(" ")}${words.includes("--repository") ? ` (${name.split(",")[0]})` : ""}, ${executor}`;

async function play(scenario: Scenario): Promise<void> {
  const { make, unmake, plans } = scenario;
  if (isDone(nameOf(scenario, make)) && isDone(nameOf(scenario, unmake))) return;
  const live = await LiveRehearsal.start(scenario.executor);
  try {
    for (const words of scenario.before) await live.must(words);
    const nothing = scenario.left ?? (await live.inventory());
    const makes = await leftoversOf(live, make);
    const everything = await live.inventory();
    const unmakes = await leftoversOf(live, unmake);
    const left = differing(nothing, await live.inventory());
    if (left.length > 0) throw new Error(`${scenario.name}: an undisturbed destroy leaves ${left.join("; ")}`);
    await playAll({ live, scenario, words: make, leftovers: makes, end: everything, plans });
    await playAll({ live, scenario, words: unmake, leftovers: unmakes, end: nothing, plans: [] });
  } finally {
    await live.stop();
  }
}

async function leftoversOf(live: LiveRehearsal, words: readonly string[]): Promise<readonly Leftover[]> {
  const found = new Map<string, Leftover>();
  await live.stopping(words, (instant, world) => {
    const same = found.get(world.digest);
    if (same) same.instants.push(instant);
    else found.set(world.digest, { instants: [instant], world });
  });
  return [...found.values()];
}

async function playAll(played: Played): Promise<void> {
  const { live, words, leftovers, end, plans } = played;
  const what = nameOf(played.scenario, words);
  if (isDone(what)) return;
  const started = performance.now();
  const instants = leftovers.reduce((sum, one) => sum + one.instants.length, 0);
  const row: Row = { what, instants, worlds: leftovers.length, same: 0, failed: 0, orphans: 0, doubles: 0, seconds: 0 };
  for (const { instants: names, world } of leftovers) {
    await live.restore(world);
    const again = await live.run(words);
    const wrong = differing(end, await live.inventory());
    const complaints = [...wrong];
    if (again.exitCode !== 0) complaints.push(`fails when run again: ${again.said.slice(-1500)}`);
    for (const workspace of plans) {
      const plan = await live.run(["plan", workspace, "--detailed-exitcode"]);
      if (plan.exitCode !== 0) complaints.push(`plan ${workspace} then: ${plan.said.slice(-1500)}`);
    }
    if (again.exitCode !== 0) row.failed++;
    const more = wrong.filter((one) => one.startsWith("too many: ")).map((one) => one.slice("too many: ".length));
    if (more.some((one) => !end.includes(one))) row.orphans++;
    if (more.some((one) => end.includes(one))) row.doubles++;
    if (complaints.length === 0) row.same++;
    else console.log(`✗ ${what}, killed at ${names.join(" / ")}: ${complaints.join("; ")}`);
  }
  row.seconds = Math.round((performance.now() - started) / 1000);
  done.push(row);
  if (results !== undefined) appendFileSync(results, `${JSON.stringify(row)}\n`);
  console.log(told(row));
}

const only = process.env["ONLY"] ?? "";
let broken = false;
for (const scenario of commands.filter(({ name }) => name.startsWith(only)))
  try {
    await play(scenario);
  } catch (thrown) {
    broken = true;
    console.log(`✗ ${scenario.name} could not be played: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  }
console.log(`\n${table(done)}`);
// What a command left open (a connection that is kept) must not keep this process.
process.exit(!broken && done.every(({ worlds, same }) => worlds === same) ? 0 : 1);
