import { fail } from "@doge/core";
import type { Node } from "../lang/ast.ts";
import { compile, compileReference, isList, misplaced } from "./expressions.ts";
import { locating } from "./locate.ts";
import { at, type Json, type JsonObject, type Place, type ResourceBlock } from "./model.ts";
import { dependsOn, flag, only } from "./sections.ts";

const later = ["provisioner", "connection"];

export function decodeResource(
  mode: "managed" | "data",
  type: string,
  name: string,
  json: JsonObject,
  place: Place,
): ResourceBlock {
  const address = mode === "data" ? `data.${type}.${name}` : `${type}.${name}`;
  const { count, for_each: forEach, depends_on: _, provider, lifecycle, "//": __, ...body } = json;
  for (const unsupported of later) if (unsupported in body) notYet(at(place, unsupported), address, unsupported);
  if (count !== undefined && forEach !== undefined) both(place, address);
  return {
    mode,
    type,
    name,
    address,
    body,
    dependsOn: dependsOn(json, place),
    ...(count === undefined ? {} : { count: compile(count, at(place, "count")) }),
    ...(forEach === undefined ? {} : { forEach: compile(forEach, at(place, "for_each")) }),
    ...(provider === undefined ? {} : { provider: providerKey(provider, at(place, "provider")) }),
    ...decodeLifecycle(lifecycle, at(place, "lifecycle"), address),
    place,
  };
}

type Lifecycle = Pick<ResourceBlock, "preventDestroy" | "createBeforeDestroy" | "ignoreChanges">;

function decodeLifecycle(given: Json | undefined, place: Place, address: string): Lifecycle {
  const one = given !== undefined && given !== null && typeof given === "object" && isList(given) ? given[0] : given;
  if (one === undefined) return { preventDestroy: false, createBeforeDestroy: false, ignoreChanges: [] };
  if (one === null || typeof one !== "object" || isList(one)) return misplaced(place, "an object");
  const json = one;
  for (const name of ["precondition", "postcondition", "replace_triggered_by"]) {
    if (name in json) notYet(at(place, name), address, `lifecycle.${name}`);
  }
  only(json, place, ["prevent_destroy", "create_before_destroy", "ignore_changes"]);
  return {
    preventDestroy: flag(json, place, "prevent_destroy", false),
    createBeforeDestroy: flag(json, place, "create_before_destroy", false),
    ignoreChanges: ignored(json["ignore_changes"], at(place, "ignore_changes")),
  };
}

function ignored(json: Json | undefined, place: Place): ResourceBlock["ignoreChanges"] {
  if (json === undefined) return [];
  if (json === "all" || (json !== null && isList(json) && json.length === 1 && json[0] === "*")) return "all";
  if (json === null || !isList(json)) return misplaced(place, 'a list of attribute names, or "all"');
  return json.map((item, i) => pathOf(compileReference(item, at(place, i)).node, at(place, i)));
}

/** `tags`, `labels["team"]`, `rule[0].port` as a path. */
function pathOf(node: Node, place: Place): (string | number)[] {
  if (node.kind === "reference") return [node.root, ...node.names];
  if (node.kind === "attribute") return [...pathOf(node.target, place), node.name];
  if (node.kind === "index" && node.key.kind === "literal") {
    const { value } = node.key;
    if (value.kind === "string" || value.kind === "number") return [...pathOf(node.target, place), value.value];
  }
  return misplaced(place, "the name of an attribute");
}

function providerKey(json: Json, place: Place): string {
  const { node } = compileReference(json, place);
  if (node.kind !== "reference") return misplaced(place, 'a provider name such as "github" or "github.other"');
  return [node.root, ...node.names].join(".");
}

const notYet = (place: Place, address: string, what: string): never =>
  locating(place, address, () =>
    fail({
      code: "config-not-supported",
      summary: `"${what}" is not supported by Doge's own engine yet`,
      detail: "This configuration needs the terraform or the hcp executor.",
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
