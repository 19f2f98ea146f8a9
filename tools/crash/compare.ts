/**
 * `make bench-crash`: doge and the real terraform, with the same providers, killed at the same instants of the same
 * apply, and run again. Every trial starts from the same cloud. SAMPLE=25 kills for each row, SEED=17 plays one again.
 */
import { Random } from "../differential/random.ts";
import { Rehearsal } from "./rehearsal.ts";
import { differing, scenarios } from "./scenarios.ts";
import { TerraformRuns } from "./terraform.ts";

interface Program {
  readonly name: string;
  /** The instants of an undisturbed run; what is between two of them is one place. */
  instants(): Promise<readonly string[]>;
  killed(instant: number): Promise<unknown>;
  again(): Promise<{ readonly exitCode: number; readonly said: string }>;
  /** Whether what it keeps of its objects can still be read. */
  readable(): Promise<boolean>;
}

interface Row {
  readonly what: string;
  kills: number;
  same: number;
  failed: number;
  /** Trials in which an object is there twice, or that nobody knows of. */
  left: number;
  unreadable: number;
}

const sample = Number(process.env["SAMPLE"] ?? 25);
const seed = Number(process.env["SEED"] ?? Date.now() % 100_000);
const random = new Random(seed);

/** An instant at which a request that changes something is under way. */
const isCall = (name: string): boolean => /^\d+ (before|unanswered|after) (POST|PUT|PATCH|DELETE) /.test(name);
const isFile = (name: string): boolean => / (write|rename|removal)$/.test(name);

async function play(rehearsal: Rehearsal, program: Program, everything: readonly string[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  await rehearsal.restore();
  const names = await program.instants();
  for (const [what, wanted] of [
    ["at an API call", isCall],
    ["at a file write", isFile],
  ] as const) {
    const row: Row = { what: `${program.name}, ${what}`, kills: 0, same: 0, failed: 0, left: 0, unreadable: 0 };
    const places = names.map((name, n) => ({ name, at: n + 1 })).filter(({ name }) => wanted(name));
    for (let trial = 0; trial < sample; trial++) {
      const { name, at } = random.pick(places);
      await rehearsal.restore();
      await program.killed(at);
      const readable = await program.readable();
      const again = await program.again();
      const wrong = differing(everything, await rehearsal.inventory());
      row.kills++;
      if (!readable) row.unreadable++;
      if (again.exitCode !== 0) row.failed++;
      if (wrong.some((one) => one.startsWith("too many")) || (again.exitCode !== 0 && wrong.length < everything.length))
        row.left++;
      if (readable && again.exitCode === 0 && wrong.length === 0) row.same++;
      else console.log(`${program.name}: ${name}: ${reason(again.said)} ${wrong.join("; ")}`.trimEnd());
    }
    rows.push(row);
  }
  return rows;
}

/** The first complaint, on one line. */
const reason = (said: string): string =>
  /(?:Error|error)[^\n]*(?:\n[^\n]+)?/.exec(said)?.[0].replace(/\s+/g, " ") ?? "";

function table(rows: readonly Row[]): string {
  const head = [
    "killed",
    "kills",
    "same end when run again",
    "fails when run again",
    "orphans or doubles",
    "state unreadable",
  ];
  const lines = rows.map((row) => [
    row.what,
    ...[row.kills, row.same, row.failed, row.left, row.unreadable].map(String),
  ]);
  const widths = head.map((_, n) => Math.max(...[head, ...lines].map((line) => line[n]?.length ?? 0)));
  const pad = (cell: string, n: number): string =>
    n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0);
  return [head, ...lines].map((line) => line.map(pad).join("  ")).join("\n");
}

const started = Date.now();
console.log(`seed ${seed}: ${sample} kills in each row (SEED=${seed} plays them again)`);
const scenario = scenarios.find(({ name }) => name === "base, native");
if (scenario === undefined) throw new Error("there is no scenario for base");
const rehearsal = await Rehearsal.start(scenario.executor);
try {
  for (const words of scenario.before) await rehearsal.must(words);
  const terraform = await TerraformRuns.prepare(rehearsal, "base");
  await rehearsal.keep();
  await rehearsal.must(scenario.make);
  const everything = await rehearsal.inventory();
  const doge: Program = {
    name: "doge",
    instants: () => rehearsal.instants(scenario.make),
    killed: (instant) => rehearsal.killed(scenario.make, instant),
    again: () => rehearsal.run(scenario.make),
    readable: async () => {
      const { exitCode, said } = await rehearsal.run(["state", "list", "base", "--json", "--quiet"]);
      return exitCode === 0 || said.includes('-missing"');
    },
  };
  const rows = await play(rehearsal, doge, everything);
  const others = await play(rehearsal, terraform, everything);
  console.log(`\n${table([...rows, ...others])}\n(${Math.round((Date.now() - started) / 1000)} s)`);
  process.exitCode = rows.every(({ kills, same }) => kills === same) ? 0 : 1;
} finally {
  await rehearsal.stop();
}
