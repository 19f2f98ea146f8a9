/** What one differential test does: files, values and events, step by step. Plain data, kept as JSON. */

export interface Drift {
  /** The object's own name, not its address. */
  readonly name: string;
  /** Attributes that somebody changed, or undefined: somebody deleted it. */
  readonly change?: Readonly<Record<string, unknown>>;
}

export interface Step {
  /** The configuration: path → content. */
  readonly files: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly mode?: "normal" | "destroy" | "refresh-only";
  readonly refresh?: false;
  readonly targets?: readonly string[];
  readonly replace?: readonly string[];
  /** Happens before the step's plan. */
  readonly drift?: readonly Drift[];
  /** Calls that the vendor refuses in this step: `create web`. */
  readonly failing?: readonly string[];
}

export interface Case {
  /** What the case is about, or the seed it came from. */
  readonly name: string;
  readonly steps: readonly Step[];
}
