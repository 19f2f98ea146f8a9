import { fail } from "@doge/core";
import type { Node } from "../lang/ast.ts";
import { parseExpression, parseTemplateText } from "../lang/parser.ts";
import { bool, nullOf, number } from "../lang/values.ts";
import { locating } from "./locate.ts";
import { at, type Expression, type Json, type Place } from "./model.ts";

/** JSON in the place of an expression: strings and keys are templates, lists and objects hold expressions. */
export function compile(json: Json, place: Place): Expression {
  return { node: nodeOf(json, place), place };
}

function nodeOf(json: Json, place: Place): Node {
  if (json === null) return { kind: "literal", value: nullOf() };
  if (typeof json === "string") return template(json, place);
  if (typeof json === "number") return { kind: "literal", value: number(json) };
  if (typeof json === "boolean") return { kind: "literal", value: bool(json) };
  if (isList(json)) return { kind: "tuple", items: json.map((item, i) => nodeOf(item, at(place, i))) };
  const entries = Object.entries(json).map(
    ([key, item]) => [template(key, place), nodeOf(item, at(place, key))] as const,
  );
  return { kind: "object", entries };
}

const template = (text: string, place: Place): Node =>
  text.includes("${") || text.includes("%{")
    ? locating(place, undefined, () => parseTemplateText(text))
    : parseTemplateText(text);

/** Where Terraform wants a bare reference as text: `"digitalocean_droplet.web"`, with or without `${…}`. */
export function compileReference(json: Json, place: Place): Expression {
  if (typeof json !== "string") return misplaced(place, "a reference as a string");
  const source = /^\$\{(.*)\}$/s.exec(json)?.[1] ?? json;
  return { node: locating(place, undefined, () => parseExpression(source)), place };
}

export const isList = (json: Json): json is readonly Json[] => Array.isArray(json);

/** The diagnostic for JSON of the wrong shape. */
export function misplaced(place: Place, wanted: string): never {
  return locating(place, undefined, () =>
    fail({
      code: "config-wrong-shape",
      summary: "Incorrect JSON value type",
      detail: `${place.path.join(".") || "The document"} must be ${wanted}.`,
    }),
  );
}
