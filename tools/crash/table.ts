/** What came of the kills of one command. */
export interface Row {
  readonly what: string;
  /** At which it was killed. */
  readonly instants: number;
  /** That these kills leave and that differ from each other; each was run from again. */
  readonly worlds: number;
  same: number;
  failed: number;
  /** Worlds from which the next run ends with an object that should not be there. */
  orphans: number;
  /** … with an object twice. */
  doubles: number;
  seconds: number;
}

export const told = ({ what, instants, worlds, same, seconds }: Row): string =>
  `${worlds === same ? "✓" : "✗"} ${what}: ${instants} instants leave ${worlds} worlds, ${same} of them end as undisturbed (${seconds} s)`;

/** In Markdown, as docs/engine/states.md shows it. */
export function table(rows: readonly Row[]): string {
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const cells = (name: string, numbers: readonly number[]): string => `| ${[name, ...numbers].join(" | ")} |`;
  const columns = ["instants", "worlds", "same", "failed", "orphans", "doubles"] as const;
  return [
    "| killed | instants | worlds left | same end when run again | fails when run again | orphans | doubles |",
    "| --- | --: | --: | --: | --: | --: | --: |",
    ...rows.map((row) =>
      cells(
        row.what,
        columns.map((column) => row[column]),
      ),
    ),
    cells(
      "all",
      columns.map((column) => sum((row) => row[column])),
    ),
  ].join("\n");
}
