/** A place in a file. Lines and columns count from 1; `end` is exclusive. */
export interface SourceRange {
  readonly file: string;
  readonly start: { readonly line: number; readonly column: number };
  readonly end?: { readonly line: number; readonly column: number };
  /** The line of source itself, for the excerpt under the message. */
  readonly excerpt?: string;
}

/** What happened, where, why, and how to mend it. The only form in which Doge reports trouble. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** Stable, kebab-case, searchable in the docs: `config-unknown-key`. */
  readonly code: string;
  /** Fixed text, no variable parts, no final stop. */
  readonly summary: string;
  /** What was seen: names, values, causes. Never a secret. */
  readonly detail?: string;
  /** What to do about it; a command to type where there is one. */
  readonly remedy?: string;
  /** Resource address (`digitalocean_droplet.web`), configuration path (`app.port`) or URL. */
  readonly address?: string;
  readonly range?: SourceRange;
}

/** A value, or the reasons why there is none. Warnings may come with a value. */
export interface Outcome<T> {
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** Thrown where trouble ends the work at hand. The command line shows its diagnostics, never its stack. */
export class DogeError extends Error {
  override readonly name = "DogeError";
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], options?: ErrorOptions) {
    super(diagnostics.map((d) => (d.detail ? `${d.summary}: ${d.detail}` : d.summary)).join("\n"), options);
    this.diagnostics = diagnostics;
  }
}

export type Trouble = Omit<Diagnostic, "severity">;

export const error = (trouble: Trouble): Diagnostic => ({ severity: "error", ...trouble });
export const warning = (trouble: Trouble): Diagnostic => ({ severity: "warning", ...trouble });

/** Throws one error diagnostic. */
export function fail(trouble: Trouble, options?: ErrorOptions): never {
  throw new DogeError([error(trouble)], options);
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((d) => d.severity === "error");

/** The value of an outcome; throws its diagnostics where there is none. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.value === undefined || hasErrors(outcome.diagnostics)) throw new DogeError(outcome.diagnostics);
  return outcome.value;
}

/** Any thrown thing as diagnostics. What we did not expect is called a bug in Doge. */
export function diagnosticsOf(thrown: unknown): readonly Diagnostic[] {
  if (thrown instanceof DogeError) return thrown.diagnostics;
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return [
    error({
      code: "internal",
      summary: "Doge met something it did not expect",
      detail,
      remedy: "This is a bug in Doge. Run again with DOGE_DEBUG=1 for the stack, and report it.",
    }),
  ];
}

/** The nearest of `known` to a mistyped `name`, or undefined where none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
