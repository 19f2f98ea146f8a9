/**
 * `make differential SEEDS=300`: random configurations, planned and applied by our engine and by the real terraform.
 * Any mismatch fails. `SEED=17` plays one, and makes it small if it differs; `RECORD=a-name` keeps it as a golden.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { caseOf, type Draft, generate } from "./generate/generate.ts";
import { recording } from "./recorded.ts";
import { type Mismatch, runCase } from "./run.ts";
import { shrink } from "./shrink.ts";
import { terraformEngine } from "./terraform.ts";

const { SEED, FIRST = "1", SEEDS = "300", RECORD, QUIET } = process.env;
const first = Number(SEED ?? FIRST);
const count = SEED === undefined ? Number(SEEDS) : 1;
const seeds = Array.from({ length: count }, (_, i) => first + i);
const failed: number[] = [];
const started = Date.now();
/** Making cases small takes a while: one is enough to begin with. */
let shrinking = QUIET === undefined;

/** On a busy machine terraform now and then loses the connection to its provider: that says nothing of either engine. */
const lost = "Plugin did not respond";

async function play(draft: Draft, tries = 3): Promise<Mismatch | undefined> {
  const found = await runCase(caseOf(draft), await terraformEngine());
  return tries > 1 && found?.where.some((line) => line.includes(lost)) ? play(draft, tries - 1) : found;
}

async function worker(): Promise<void> {
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
    const draft = generate(seed);
    const found = await play(draft);
    if (found) await report(seed, draft, found);
    else if (RECORD) await record(draft, RECORD);
  }
}

async function report(seed: number, draft: Draft, found: Mismatch): Promise<void> {
  failed.push(seed);
  tell(`seed ${seed}`, found);
  if (!shrinking) return;
  shrinking = false;
  const small = await shrink(draft, async (one) => (await play(one))?.what === found.what);
  for (const [i, step] of caseOf(small).steps.entries()) show(i, step);
  tell(`seed ${seed}, made small`, (await play(small)) ?? found);
  if (RECORD) await record(small, RECORD);
}

function tell(name: string, { step, what, where }: Mismatch): void {
  const lines = where.slice(0, SEED === undefined ? 4 : 40).map((line) => `    ${line.slice(0, SEED ? 2000 : 300)}`);
  console.log(`${name}, step ${step + 1}: ${what}\n${lines.join("\n")}`);
}

function show(i: number, { files, ...rest }: { readonly files: Readonly<Record<string, string>> }): void {
  console.log(`--- step ${i + 1} ${JSON.stringify(rest)}`);
  for (const [path, content] of Object.entries(files)) console.log(`# ${path}\n${content}`);
}

async function record(draft: Draft, name: string): Promise<void> {
  const one = { ...caseOf(draft), name };
  const real = recording(await terraformEngine());
  await runCase(one, real);
  const path = join(import.meta.dirname, "golden", `${name}.json`);
  writeFileSync(path, `${JSON.stringify({ ...one, answers: real.answers }, null, 1)}\n`);
  console.log(`recorded as ${path}`);
}

await Promise.all([worker(), worker(), worker()]);
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(`${count - failed.length} of ${count} seeds agree with terraform, from seed ${first} on (${seconds} s)`);
if (failed.length > 0) console.log(`Play one again: make differential SEED=${failed[0]}`);
process.exit(failed.length > 0 ? 1 : 0);
