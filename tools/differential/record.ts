/** `node tools/differential/record.ts [name…]`: asks the real terraform anew for goldens, and writes down what it says. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./case.ts";
import { recording } from "./recorded.ts";
import { runCase } from "./run.ts";
import { terraformEngine } from "./terraform.ts";

const folder = join(import.meta.dirname, "golden");
const wanted = process.argv.slice(2);
for (const file of readdirSync(folder)) {
  if (wanted.length > 0 && !wanted.includes(file.replace(".json", ""))) continue;
  const { name, steps } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Case;
  const real = recording(await terraformEngine());
  const found = await runCase({ name, steps }, real);
  writeFileSync(join(folder, file), `${JSON.stringify({ name, steps, answers: real.answers }, null, 1)}\n`);
  console.log(`${name}: ${found ? `${found.what} differs: ${found.where.join("; ").slice(0, 500)}` : "recorded"}`);
}
