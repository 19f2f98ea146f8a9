import { fail } from "@doge/core";
import type { Node } from "../lang/ast.ts";
import { parseExpression, parseTemplateText } from "../lang/parser.ts";
import { bool, fromPlain, nullOf, number } from "../lang/values.ts";
import { locating } from "./locate.ts";
import { at, type Json, type JsonObject, type Place } from "./model.ts";
import type { SourceBlock, SourceBody, SourceItem } from "./source.ts";

/** An object of Terraform JSON as a body; `"//"` is a comment. */
export const jsonBody = (json: JsonObject, place: Place): SourceBody => ({
  place,
  items: Object.entries(json)
    .filter(([name]) => name !== "//")
    .map(([name, content]) => item(name, content, at(place, name))),
});

/** Terraform JSON allows a list of objects wherever it allows an object. */
export const jsonBodies = (json: Json, place: Place): readonly SourceBody[] =>
  objects(json, place).map((one) => jsonBody(one.json, one.place));

function item(name: string, json: Json, place: Place): SourceItem {
  return {
    name,
    place,
    kind: "either",
    attribute: () => ({
      place,
      node: () => nodeOf(json, place),
      bare: () => bareOf(json, place),
      value: () => fromPlain(json),
    }),
    blocks: (labels) => blocks(json, place, labels),
  };
}

function blocks(json: Json, place: Place, labels: number): SourceBlock[] {
  if (json === null) return [];
  const found = objects(json, place);
  if (labels === 0) return found.map((one) => ({ labels: [], body: jsonBody(one.json, one.place), place: one.place }));
  return found.flatMap((one) =>
    Object.entries(one.json)
      .filter(([label]) => label !== "//")
      .flatMap(([label, inner]) =>
        blocks(inner, at(one.place, label), labels - 1).map((block) => ({
          ...block,
          labels: [label, ...block.labels],
        })),
      ),
  );
}

function objects(json: Json, place: Place): { json: JsonObject; place: Place }[] {
  if (json === null || typeof json !== "object")
    return misplaced(place, "an object or a list of objects: it is a block");
  if (isList(json)) return json.flatMap((one, i) => objects(one, at(place, i)));
  return [{ json, place }];
}

/** JSON in the place of an expression: strings and keys are templates, lists and objects hold expressions. */
function nodeOf(json: Json, place: Place): Node {
  if (json === null) return { kind: "literal", value: nullOf() };
  if (typeof json === "string") return template(json, place);
  if (typeof json === "number") return { kind: "literal", value: number(json) };
  if (typeof json === "boolean") return { kind: "literal", value: bool(json) };
  if (isList(json)) return { kind: "tuple", items: json.map((one, i) => nodeOf(one, at(place, i))) };
  const entries = Object.entries(json).map(
    ([key, one]) => [template(key, place), nodeOf(one, at(place, key))] as const,
  );
  return { kind: "object", entries };
}

const template = (text: string, place: Place): Node =>
  text.includes("${") || text.includes("%{")
    ? locating(place, undefined, () => parseTemplateText(text))
    : parseTemplateText(text);

/** `"digitalocean_droplet.web"`, with or without `${…}`. */
function bareOf(json: Json, place: Place): Node {
  if (json !== null && typeof json === "object" && isList(json))
    return { kind: "tuple", items: json.map((one, i) => bareOf(one, at(place, i))) };
  if (json !== null && typeof json === "object") {
    const entries = Object.entries(json).map(
      ([key, one]) => [parseTemplateText(key), bareOf(one, at(place, key))] as const,
    );
    return { kind: "object", entries };
  }
  if (typeof json !== "string") return nodeOf(json, place);
  const source = /^\$\{(.*)\}$/s.exec(json)?.[1] ?? json;
  return locating(place, undefined, () => parseExpression(source));
}

const isList = (json: Json): json is readonly Json[] => Array.isArray(json);

/** The diagnostic for something of the wrong shape. */
export function misplaced(place: Place, wanted: string): never {
  return locating(place, undefined, () =>
    fail({
      code: "config-wrong-shape",
      summary: "Incorrect value type",
      detail: `${place.path.join(".") || "The document"} must be ${wanted}.`,
    }),
  );
}
