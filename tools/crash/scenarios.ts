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
  /** What the cloud holds once it is unmade: what it held before it was made, unless told. */
  readonly left?: readonly string[];
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

const toBase = [apply("meta"), repository];
const toEnvironments = [...toBase, apply("base"), apply("dotenv")];

/** Without images and deploys, which need what npm installs. */
export const commands: readonly Scenario[] = [
  of("stage", "native", toEnvironments),
  of("base", "native", toBase),
  of("meta", "native", []),
  of("dotenv", "native", [apply("meta")]),
  of("prod", "native", toEnvironments),
  of("base", "hcp", toBase),
  of("stage", "hcp", toEnvironments),
  of("prod", "hcp", toEnvironments),
  {
    name: "repository, native",
    executor: "native",
    before: [],
    make: ["repo", "create"],
    unmake: ["destroy", "--yes", "--repository"],
    plans: [],
  },
  {
    ...of("prod", "native", [...toEnvironments, apply("stage")]),
    name: "everything, native",
    unmake: ["destroy", "--yes", "--repository"],
    left: [],
  },
];

export const scenarios: readonly Scenario[] = [
  ...commands,
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
