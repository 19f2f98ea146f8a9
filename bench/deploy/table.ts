export interface Bound {
  readonly what: string;
  readonly value: number;
  readonly most?: number;
  readonly least?: number;
  readonly unit?: string;
  /** Of time: a busy machine may break it, so that the short form only shows it. */
  readonly timed?: boolean;
}

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    );
  }
}

export function show(title: string, ...counts: readonly Readonly<Record<string, number>>[]): void {
  for (const [what, count] of counts.flatMap((each) => Object.entries(each)))
    console.log(`${title}: ${count} × ${what}`);
}

/** Prints each figure beside its bound; one that is broken makes the process end with 1. */
export function verdict(bounds: readonly Bound[], options: { readonly timed: boolean }): void {
  console.log("");
  printTable(
    ["", "measured", "bound", ""],
    bounds.map(({ what, value, most, least, timed, unit = "" }) => {
      const held = (most === undefined || value <= most) && (least === undefined || value >= least);
      const judged = options.timed || !timed;
      if (!held && judged) process.exitCode = 1;
      const figure = (number: number): string =>
        `${Number.isInteger(number) ? number : number.toFixed(2)} ${unit}`.trim();
      const bound = most === undefined ? `≥ ${figure(least ?? 0)}` : `≤ ${figure(most)}`;
      return [what, figure(value), bound, judged ? (held ? "held" : "BROKEN") : "not judged"];
    }),
  );
}
