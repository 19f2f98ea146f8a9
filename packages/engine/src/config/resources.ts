import { fail } from "@doge/core";
import type { Node } from "../lang/ast.ts";
import * as v from "../lang/values.ts";
import { misplaced } from "./json.ts";
import { locating } from "./locate.ts";
import type { Expression, Place, ResourceBlock } from "./model.ts";
import { dotted, expressionOf, flag, only, references, rules } from "./sections.ts";
import { attributeIn, blocksIn, type SourceBody, without } from "./source.ts";

/** Blocks that only make sense with a shell on the machine that runs Terraform. */
const leftOut = ["provisioner", "connection"];
const metaArguments = ["count", "for_each", "depends_on", "provider", "lifecycle"];

export function decodeResource(
  mode: "managed" | "data",
  type: string,
  name: string,
  body: SourceBody,
  place: Place,
  check?: string,
): ResourceBlock {
  const address = mode === "data" ? `data.${type}.${name}` : `${type}.${name}`;
  const unsupported = body.items.find((item) => item.kind !== "attribute" && leftOut.includes(item.name));
  if (unsupported) noProvisioners(unsupported.place, address, unsupported.name);
  const provider = attributeIn(body, "provider");
  return {
    mode,
    type,
    name,
    address,
    body: without(body, metaArguments),
    dependsOn: references(body, "depends_on"),
    ...repetition(body, address),
    ...(provider ? { provider: dotted(provider.bare(), provider.place) } : {}),
    ...decodeLifecycle(body, mode),
    ...(check === undefined ? {} : { check }),
    place,
  };
}

/** `count` or `for_each`, of a resource or a module. */
export function repetition(
  body: SourceBody,
  address: string,
): { readonly count?: Expression; readonly forEach?: Expression } {
  const [count, forEach] = [attributeIn(body, "count"), attributeIn(body, "for_each")];
  if (count && forEach) both(forEach.place, address);
  return { ...(count ? { count: expressionOf(count) } : {}), ...(forEach ? { forEach: expressionOf(forEach) } : {}) };
}

type Lifecycle = Pick<
  ResourceBlock,
  "preventDestroy" | "createBeforeDestroy" | "ignoreChanges" | "replaceTriggeredBy" | "preconditions" | "postconditions"
>;

export const noLifecycle: Lifecycle = {
  preventDestroy: false,
  createBeforeDestroy: false,
  ignoreChanges: [],
  replaceTriggeredBy: [],
  preconditions: [],
  postconditions: [],
};

function decodeLifecycle(body: SourceBody, mode: "managed" | "data"): Lifecycle {
  const [block] = blocksIn(body, "lifecycle");
  if (block === undefined) return noLifecycle;
  const conditions = ["precondition", "postcondition"];
  const managed = ["prevent_destroy", "create_before_destroy", "ignore_changes", "replace_triggered_by"];
  only(block.body, mode === "managed" ? managed : [], conditions);
  return {
    preventDestroy: flag(block.body, "prevent_destroy", false),
    createBeforeDestroy: flag(block.body, "create_before_destroy", false),
    ignoreChanges: ignored(block.body),
    replaceTriggeredBy: references(block.body, "replace_triggered_by"),
    preconditions: rules(block.body, "precondition"),
    postconditions: rules(block.body, "postcondition"),
  };
}

function ignored(body: SourceBody): ResourceBlock["ignoreChanges"] {
  const attribute = attributeIn(body, "ignore_changes");
  if (attribute === undefined) return [];
  const { place } = attribute;
  const star = attribute.node();
  if (star.kind === "tuple" && star.items.length === 1 && isText(star.items[0], "*")) return "all";
  const node = attribute.bare();
  if (node.kind === "reference" && node.root === "all") return "all";
  if (node.kind !== "tuple") return misplaced(place, 'a list of attribute names, or "all"');
  return node.items.map((item) => pathOf(item, place));
}

const isText = (node: Node | undefined, text: string): boolean =>
  node?.kind === "literal" && node.value.kind === "string" && node.value.value === text;

/** `tags`, `labels["team"]`, `rule[0].port` as a path. */
function pathOf(node: Node, place: Place): (string | number)[] {
  if (node.kind === "reference") return [node.root, ...node.names];
  if (node.kind === "attribute") return [...pathOf(node.target, place), node.name];
  if (node.kind === "index" && node.key.kind === "literal") {
    const { value } = node.key;
    if (value.kind === "string" || value.kind === "number")
      return [...pathOf(node.target, place), v.toPlain(value) as string | number];
  }
  return misplaced(place, "the name of an attribute");
}

const noProvisioners = (place: Place, address: string, what: string): never =>
  locating(place, address, () =>
    fail({
      code: "config-not-supported",
      summary: `Doge's own engine runs no ${what}s`,
      detail: "A provisioner is a script that no plan shows and no state remembers.",
      remedy: "Use cloud-init, or the terraform or hcp executor for this workspace.",
    }),
  );

const both = (place: Place, address: string): never =>
  locating(place, address, () =>
    fail({
      code: "config-count-and-for-each",
      summary: 'Invalid combination of "count" and "for_each"',
      detail: 'The "count" and "for_each" meta-arguments are mutually-exclusive, only one should be used.',
    }),
  );
