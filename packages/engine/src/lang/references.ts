import { keyOf, type Node, type Reference } from "./ast.ts";

/** One step behind a reference: an attribute's name, or an index (its value where it is written out). */
export type Step = { readonly attribute: string } | { readonly index: string | number | undefined };

export interface FoundReference {
  readonly reference: Reference;
  /** `digitalocean_droplet.web` */
  readonly key: string;
  /** The steps that follow: `.networks`, `[0]`. */
  readonly steps: readonly Step[];
  /** Followed by a splat: the steps are those of the reference itself. */
  readonly splat: boolean;
}

/** Everything outside that an expression mentions, in order of appearance. */
export function referencesOf(node: Node): readonly FoundReference[] {
  const found: FoundReference[] = [];
  visit(node, [], false, found);
  return found;
}

function visit(node: Node, steps: readonly Step[], splat: boolean, found: FoundReference[]): void {
  const inner = (child: Node | undefined): void => {
    if (child) visit(child, [], false, found);
  };
  switch (node.kind) {
    case "literal":
    case "local":
    case "item":
      return;
    case "reference":
      found.push({ reference: node, key: keyOf(node), steps, splat });
      return;
    case "attribute":
      return visit(node.target, [{ attribute: node.name }, ...steps], splat, found);
    case "index": {
      const { key } = node;
      const known = key.kind === "literal" && (key.value.kind === "string" || key.value.kind === "number");
      const index = known ? (key.value as { value: string | number }).value : undefined;
      inner(key);
      return visit(node.target, [{ index }, ...steps], splat, found);
    }
    case "splat":
      visit(node.target, [], true, found);
      return inner(node.each);
    case "call":
      return node.args.forEach(inner);
    case "unary":
      return inner(node.operand);
    case "binary":
      inner(node.left);
      return inner(node.right);
    case "conditional":
      inner(node.condition);
      inner(node.yes);
      return inner(node.no);
    case "tuple":
      return node.items.forEach(inner);
    case "object":
      for (const [key, value] of node.entries) {
        inner(key);
        inner(value);
      }
      return;
    case "for":
      for (const child of [node.collection, node.key, node.value, node.condition]) inner(child);
      return;
    case "template":
      return node.parts.forEach(inner);
  }
}
