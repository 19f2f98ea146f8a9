/** Terraform's type constraints in the JSON form of its own protocol: `"string"`, `["list", "string"]`. */
export type Type =
  | "string"
  | "number"
  | "bool"
  | "dynamic"
  | readonly ["list" | "set" | "map", Type]
  | readonly ["tuple", readonly Type[]]
  | readonly ["object", Readonly<Record<string, Type>>];

export interface Attribute {
  readonly type: Type;
  readonly description?: string;
  /** Exactly as in Terraform: an attribute is required, or optional, computed, or both. */
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
  /** Another value here means another object: planned as a replacement. */
  readonly forceNew?: boolean;
  /** Used where the configuration is silent. */
  readonly default?: unknown;
  /** What the state holds instead of the configured value (lower case, a hash). Pure. */
  readonly normalize?: (value: unknown) => unknown;
  /** Two values that mean the same: no difference is planned. Pure. */
  readonly same?: (prior: unknown, proposed: unknown) => boolean;
  /** Computed attributes keep their value over an update unless one of these attributes changes. `*`: any. */
  readonly recomputedBy?: readonly string[];
}

export interface NestedBlock {
  /** `single`: one block or null; list and set: blocks in order or by value. */
  readonly nesting: "single" | "list" | "set";
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly forceNew?: boolean;
  readonly block: Block;
}

export interface Block {
  readonly description?: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly blocks?: Readonly<Record<string, NestedBlock>>;
}
