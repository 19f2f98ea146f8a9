import type { Value } from "./values.ts";

export type BinaryOperator = "||" | "&&" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "-" | "*" | "/" | "%";

/** Something outside the expression: `var.name`, `local.x`, `data.type.name`, `type.name`, `each.key`. */
export interface Reference {
  readonly kind: "reference";
  readonly root: string;
  /** The names that make the address together with the root; fewer than wanted where the source has fewer. */
  readonly names: readonly string[];
}

/** The syntax of an expression, as plain data. */
export type Node =
  | { readonly kind: "literal"; readonly value: Value }
  | Reference
  /** A name bound by `for`. */
  | { readonly kind: "local"; readonly name: string }
  /** The element at hand inside a splat. */
  | { readonly kind: "item" }
  | { readonly kind: "attribute"; readonly target: Node; readonly name: string }
  | { readonly kind: "index"; readonly target: Node; readonly key: Node }
  | { readonly kind: "splat"; readonly target: Node; readonly each: Node }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Node[]; readonly expand: boolean }
  | { readonly kind: "unary"; readonly operator: "-" | "!"; readonly operand: Node }
  | { readonly kind: "binary"; readonly operator: BinaryOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: "conditional"; readonly condition: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: "tuple"; readonly items: readonly Node[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [Node, Node])[] }
  | {
      readonly kind: "for";
      readonly keyName?: string;
      readonly valueName: string;
      readonly collection: Node;
      /** Present in `{for …}`. */
      readonly key?: Node;
      readonly value: Node;
      readonly condition?: Node;
      readonly group: boolean;
    }
  | { readonly kind: "template"; readonly parts: readonly Node[] };

/** How many names belong to the address behind each root word; a resource type takes one. */
export function namesOf(root: string): number {
  return root === "data" ? 2 : 1;
}

export const keyOf = (reference: Reference): string => [reference.root, ...reference.names].join(".");
