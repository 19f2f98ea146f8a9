/**
 * Checks the arrows between packages, and first that the check can fail: the fixture breaks three rules
 * on purpose, and all three must be found (dependency-cruiser passes over everything, silently, when it
 * does not understand the installed TypeScript).
 */
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { forbidden, options } from "./boundaries-rules.ts";

const expectedInFixture = ["engine-imports-only-core", "cloud-imports-only-core", "core-keeps-node-behind-its-ports"];

async function violations(folders: string[]): Promise<ICruiseResult["summary"]> {
  const { output } = await cruise(folders, {
    ...options,
    ruleSet: { forbidden },
    validate: true,
  });
  return (output as ICruiseResult).summary;
}

const fixture = await violations(["tools/boundaries-fixture"]);
const found = new Set(fixture.violations.map((v) => v.rule.name));
const missed = expectedInFixture.filter((name) => !found.has(name));
if (missed.length > 0) {
  console.error(`boundaries: the check itself is broken: it did not find ${missed.join(", ")} in the bad fixture`);
  process.exit(2);
}

const project = await violations(["packages", "e2e"]);
for (const { rule, from, to } of project.violations) console.error(`${rule.name}: ${from} → ${to}`);
console.log(
  `boundaries: ${project.totalCruised} modules, ${project.violations.length} violations ` +
    `(the bad fixture gave its ${expectedInFixture.length})`,
);
process.exit(project.violations.length > 0 || project.totalCruised < 20 ? 1 : 0);
