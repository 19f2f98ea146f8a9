/** What one differential test does: files, values and events, step by step. Plain data, kept as JSON. */

/** Something happens to an object behind both engines' backs. */
export interface Drift {
  /** The object's own name, not its address. */
  readonly name: string;
  /** Attributes that somebody changed. */
  readonly change?: Readonly<Record<string, unknown>>;
  /** Somebody made it: what is to be imported. Without `change` and `made` somebody deleted it. */
  readonly made?: { readonly type: string; readonly id: string; readonly config: Readonly<Record<string, unknown>> };
}

export interface Step {
  /** The configuration: path → content. Files of variables too. */
  readonly files: Readonly<Record<string, string>>;
  /** `TF_VAR_…` */
  readonly env?: Readonly<Record<string, string>>;
  /** `-var` and `-var-file`, in their order. */
  readonly args?: readonly VariableArgument[];
  readonly mode?: "normal" | "destroy" | "refresh-only";
  readonly refresh?: false;
  readonly targets?: readonly string[];
  readonly replace?: readonly string[];
  /** Addresses of instances that are marked as tainted before the step's plan. */
  readonly taint?: readonly string[];
  /** Happens before the step's plan. */
  readonly drift?: readonly Drift[];
  /** Calls that the vendor refuses in this step: `create web`. */
  readonly failing?: readonly string[];
}

export type VariableArgument = { readonly assignment: string } | { readonly file: string };

export interface Case {
  /** What the case is about, or the seed it came from. */
  readonly name: string;
  readonly steps: readonly Step[];
}
