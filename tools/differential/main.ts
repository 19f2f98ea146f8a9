/**
 * `make differential SEEDS=300`, or `SEED=17` to play one again with all it says. Any mismatch fails; with
 * `AGREE=0.9` only when fewer than nine in ten agree.
 */
import { generate } from "./generate.ts";
import { runCase } from "./run.ts";

const single = process.env["SEED"] ? Number(process.env["SEED"]) : undefined;
const first = Number(process.env["FIRST"] ?? 1);
const count = single === undefined ? Number(process.env["SEEDS"] ?? 300) : 1;
const seeds = Array.from({ length: count }, (_, i) => single ?? first + i);
const failed: number[] = [];
const started = Date.now();

async function worker(): Promise<void> {
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
    const one = generate(seed);
    const found = await runCase(one);
    if (single !== undefined && process.env["QUIET"] === undefined)
      for (const [i, step] of one.steps.entries()) show(i, step);
    if (!found) continue;
    failed.push(seed);
    const where = found.where
      .slice(0, single === undefined ? 4 : 40)
      .map((line) => `    ${line.slice(0, single === undefined ? 300 : 2000)}`);
    console.log(
      `seed ${seed}, step ${found.step + 1}: ${found.what} (make differential SEED=${seed})\n${where.join("\n")}`,
    );
  }
}

function show(i: number, { files, ...rest }: { readonly files: Readonly<Record<string, string>> }): void {
  console.log(`--- step ${i + 1} ${JSON.stringify(rest)}`);
  for (const [path, content] of Object.entries(files)) console.log(`# ${path}\n${content}`);
}

await Promise.all([worker(), worker(), worker()]);
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(
  `${count - failed.length} of ${count} seeds agree with terraform, from seed ${single ?? first} on (${seconds} s)`,
);
const wanted = Number(process.env["AGREE"] ?? 1);
process.exit(count - failed.length < wanted * count ? 1 : 0);
