/** What is killed or disturbed: commands that make something of the local cloud's services, and take it back. */

export interface Scenario {
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

export const scenarios: readonly Scenario[] = [
  of("meta", "native", []),
  of("base", "native", [apply("meta"), repository]),
  of("base", "hcp", [apply("meta"), repository]),
  of("stage", "native", [apply("meta"), repository, apply("base"), apply("dotenv")]),
  of("stage", "hcp", [apply("meta"), repository, apply("base"), apply("dotenv")]),
  {
    name: "up and destroy, native",
    executor: "native",
    before: [],
    make: ["up"],
    unmake: ["destroy", "--yes", "--repository"],
    plans: ["meta", "base", "dotenv", "stage", "prod"],
  },
];

/** Those whose name begins with `ONLY`; all where it is not set. */
export const chosenScenarios = (): readonly Scenario[] =>
  scenarios.filter(({ name }) => name.startsWith(process.env["ONLY"] ?? ""));

/** What is there once too often or too rarely. */
export function differing(wanted: readonly string[], found: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const one of found) counts.set(one, (counts.get(one) ?? 0) + 1);
  for (const one of wanted) counts.set(one, (counts.get(one) ?? 0) - 1);
  return [...counts].filter(([, n]) => n !== 0).map(([one, n]) => `${n > 0 ? "too many" : "missing"}: ${one}`);
}
