import { error, DogeError, fail, nearest } from "@doge/core";
import * as v from "../lang/values.ts";
import { constrain, parseConstraint } from "./constraints.ts";
import { compile, compileReference, isList, misplaced } from "./expressions.ts";
import { locating, placed } from "./locate.ts";
import {
  at,
  type Constraint,
  type Expression,
  type Json,
  type JsonObject,
  type OutputBlock,
  type Place,
  type ProviderBlock,
  type VariableBlock,
} from "./model.ts";

export function decodeVariable(name: string, json: JsonObject, place: Place): VariableBlock {
  only(json, place, ["type", "default", "description", "sensitive", "nullable", "validation", "ephemeral"]);
  const type = json["type"];
  if (type !== undefined && typeof type !== "string")
    return misplaced(at(place, "type"), "a type constraint as a string");
  const constraint: Constraint =
    type === undefined
      ? { kind: "plain", type: "dynamic" }
      : locating(at(place, "type"), `var.${name}`, () => parseConstraint(type.replace(/^\$\{(.*)\}$/s, "$1")));
  const nullable = flag(json, place, "nullable", true);
  const fallback = json["default"];
  const value =
    fallback === undefined
      ? undefined
      : locating(at(place, "default"), `var.${name}`, () =>
          constrain(v.fromPlain(fallback), constraint, "default value"),
        );
  return {
    name,
    constraint,
    sensitive: flag(json, place, "sensitive", false),
    nullable,
    validations: list(json["validation"]).map((one, i) => validation(one, at(place, "validation", i))),
    place,
    ...(value === undefined ? {} : { default: value }),
    ...text(json, "description"),
  };
}

function validation(json: Json, place: Place): VariableBlock["validations"][number] {
  if (json === null || typeof json !== "object" || isList(json)) return misplaced(place, "an object");
  const body = json;
  return {
    condition: compile(required(body, place, "condition"), at(place, "condition")),
    message: compile(required(body, place, "error_message"), at(place, "error_message")),
  };
}

export function decodeLocals(json: JsonObject, place: Place): [string, Expression][] {
  return Object.entries(json)
    .filter(([name]) => name !== "//")
    .map(([name, value]) => [name, compile(value, at(place, name))]);
}

export function decodeOutput(name: string, json: JsonObject, place: Place): OutputBlock {
  only(json, place, ["value", "description", "sensitive", "depends_on", "ephemeral"]);
  return {
    name,
    value: compile(required(json, place, "value"), at(place, "value")),
    sensitive: flag(json, place, "sensitive", false),
    dependsOn: dependsOn(json, place),
    place,
    ...text(json, "description"),
  };
}

export function decodeProvider(name: string, json: JsonObject, place: Place): ProviderBlock {
  const { alias, version: _, "//": __, ...body } = json;
  if (alias !== undefined && typeof alias !== "string") return misplaced(at(place, "alias"), "a string");
  return {
    key: alias === undefined ? name : `${name}.${alias}`,
    name,
    body,
    place,
    ...(alias === undefined ? {} : { alias }),
  };
}

export function dependsOn(json: JsonObject, place: Place): Expression[] {
  const given = json["depends_on"];
  if (given === undefined) return [];
  if (given === null || !isList(given)) return misplaced(at(place, "depends_on"), "a list of references");
  return given.map((item, i) => compileReference(item, at(place, "depends_on", i)));
}

const list = (json: Json | undefined): readonly Json[] =>
  json === undefined ? [] : json !== null && typeof json === "object" && isList(json) ? json : [json];

/** A boolean that is written out; Terraform's JSON also takes it as text. */
export function flag(json: JsonObject, place: Place, name: string, fallback: boolean): boolean {
  const given = json[name];
  if (given === undefined || given === null) return fallback;
  if (typeof given === "boolean") return given;
  if (given === "true" || given === "false") return given === "true";
  return misplaced(at(place, name), "true or false");
}

const text = (json: JsonObject, name: string): { readonly description?: string } => {
  const given = json[name];
  return typeof given === "string" ? { description: given } : {};
};

function required(json: JsonObject, place: Place, name: string): Json {
  const given = json[name];
  if (given !== undefined) return given;
  return locating(place, undefined, () =>
    fail({
      code: "config-missing-argument",
      summary: "Missing required argument",
      detail: `The argument "${name}" is required, but no definition was found in ${place.path.join(".")}.`,
    }),
  );
}

/** Unknown keys fail with the nearest right name. */
export function only(json: JsonObject, place: Place, known: readonly string[]): void {
  const unknown = Object.keys(json).filter((name) => name !== "//" && !known.includes(name));
  if (unknown.length === 0) return;
  throw new DogeError(
    unknown.map((name) => {
      const close = nearest(name, known);
      const found = error({
        code: "config-unknown-argument",
        summary: "Unsupported argument",
        detail: `An argument named "${name}" is not expected in ${place.path.join(".")}.`,
        ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
      });
      return placed(found, at(place, name));
    }),
  );
}
