/** `node packages/engine/test/conformance/record.ts`: asks the real terraform anew and writes the golden files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goldenPath, readCorpus } from "./corpus.ts";
import { askTerraform } from "./terraform.ts";
import { askTerraform as askTerraformForKnown, goldenFile, unknownExpressions } from "./unknowns/ask.ts";

const corpus = [...readCorpus()];
const answers = askTerraform(corpus.flatMap(([, expressions]) => expressions));
mkdirSync(join(import.meta.dirname, "golden"), { recursive: true });
let at = 0;
for (const [subject, expressions] of corpus) {
  const golden = Object.fromEntries(expressions.map((expression) => [expression, answers[at++]]));
  writeFileSync(goldenPath(subject), `${JSON.stringify(golden, undefined, 2)}\n`);
}
const known = askTerraformForKnown();
const plans = Object.fromEntries(unknownExpressions.map((expression, i) => [expression, known[i]]));
writeFileSync(goldenFile, `${JSON.stringify(plans, undefined, 2)}\n`);
process.stdout.write(`${at} expressions recorded\n`);
