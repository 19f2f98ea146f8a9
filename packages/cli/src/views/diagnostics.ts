import type { Diagnostic } from "@doge/core";
import type { Style } from "../terminal/style.ts";

/** A diagnostic as people read it: what, where, why, how to mend it. */
export function renderDiagnostic(diagnostic: Diagnostic, style: Style): string {
  const { severity, summary, detail, remedy, address, range, code } = diagnostic;
  const colour = severity === "error" ? style.red : style.yellow;
  const title = `${colour(style.bold(severity === "error" ? "Error" : "Warning"))} ${style.bold(summary)} ${style.dim(`[${code}]`)}`;
  const place = range ? `${range.file}:${range.start.line}:${range.start.column}` : undefined;
  const lines = [
    ...(place ? [`at ${place}`] : []),
    ...(range?.excerpt ? [`${range.start.line} │ ${range.excerpt}`] : []),
    ...(address && !detail?.includes(address) ? [`at ${address}`] : []),
    ...(detail ? detail.split("\n") : []),
    ...(remedy ? remedy.split("\n").map((line, i) => `${i === 0 ? style.cyan("→") : " "} ${line}`) : []),
  ];
  const bar = colour("│");
  return [title, ...lines.map((line) => `${bar} ${line}`)].join("\n");
}

export const renderDiagnostics = (diagnostics: readonly Diagnostic[], style: Style): string =>
  diagnostics.map((d) => renderDiagnostic(d, style)).join("\n\n");
