/** `node tools/differential/record.ts`: asks the real terraform anew for every golden, and writes down what it says. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./case.ts";
import { recording } from "./recorded.ts";
import { runCase } from "./run.ts";
import { terraformEngine } from "./terraform.ts";

const folder = join(import.meta.dirname, "golden");
for (const file of readdirSync(folder)) {
  const { name, steps } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Case;
  const real = recording(await terraformEngine());
  const found = await runCase({ name, steps }, real);
  writeFileSync(join(folder, file), `${JSON.stringify({ name, steps, answers: real.answers }, null, 1)}\n`);
  console.log(`${name}: ${found ? `${found.what} differs: ${found.where.join("; ").slice(0, 500)}` : "recorded"}`);
}
