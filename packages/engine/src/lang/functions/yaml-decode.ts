import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument, type Document, type Scalar } from "yaml";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError } from "./define.ts";

const deepest = 200;
const mostNodes = 100_000;

/** The first document of a YAML text, scalars read as Terraform reads them. */
export function decodeYaml(text: string): Value {
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      schema: "failsafe",
      merge: false,
      uniqueKeys: false,
      strict: true,
      logLevel: "error",
    });
  } catch (thrown) {
    throw new ArgumentError("the given text is not valid YAML", 0, { cause: thrown });
  }
  const [trouble] = document.errors;
  if (trouble) {
    const place = trouble.linePos?.[0];
    const where = place ? `on line ${place.line}, column ${place.col}: ` : "";
    throw new ArgumentError(`${where}${trouble.message.split(" at line ")[0] ?? "not valid YAML"}`, 0);
  }
  if (document.contents === null) throw new ArgumentError("the given text holds no value", 0);
  return new Reader().value(document.contents, 0);
}

class Reader {
  /** Filled on the way: an alias stands behind its anchor. */
  readonly #anchors = new Map<string, unknown>();
  #nodes = 0;

  value(node: unknown, depth: number): Value {
    if (depth > deepest) throw new ArgumentError(`the text is nested more than ${deepest} levels deep`, 0);
    if (++this.#nodes > mostNodes) throw new ArgumentError(`the text has more than ${mostNodes} values`, 0);
    if (isAlias(node)) return this.value(this.#anchors.get(node.source) ?? unresolved(node.source), depth + 1);
    if (isNode(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isSeq(node)) return v.tuple(node.items.map((item) => this.value(item, depth + 1)));
    if (isMap(node)) return v.object(this.#entries(node.items, depth));
    if (isScalar(node)) return scalar(node);
    return v.nullOf();
  }

  #entries(items: readonly { readonly key: unknown; readonly value: unknown }[], depth: number): Map<string, Value> {
    const entries = new Map<string, Value>();
    const merged = new Map<string, Value>();
    for (const { key, value } of items) {
      if (isScalar(key) && key.value === "<<" && (key.type === "PLAIN" || key.type === undefined)) {
        const source = this.value(value, depth + 1);
        for (const one of v.isSequence(source) ? source.items : [source]) {
          if (!v.isMapping(one))
            throw new ArgumentError("map merge requires a map or a sequence of maps as the value", 0);
          for (const [name, item] of one.entries) if (!merged.has(name)) merged.set(name, item);
        }
        continue;
      }
      const name = this.value(key, depth + 1);
      if (name.kind !== "string" && name.kind !== "number" && name.kind !== "bool") {
        throw new ArgumentError("only texts can be keys of a map", 0);
      }
      entries.set(
        name.kind === "string" ? name.value : name.kind === "number" ? v.showNumber(name) : String(name.value),
        this.value(value, depth + 1),
      );
    }
    for (const [name, item] of merged) if (!entries.has(name)) entries.set(name, item);
    return entries;
  }
}

const unresolved = (name: string): never => {
  throw new ArgumentError(`unknown anchor "${name}" referenced`, 0);
};

/** What a scalar means: by its tag, as text where it is quoted, else by its look. */
function scalar({ value, source, type, tag }: Scalar): Value {
  const text = typeof value === "string" ? value : (source ?? "");
  switch (tag) {
    case "tag:yaml.org,2002:str":
    case "tag:yaml.org,2002:binary":
    case "!":
      return v.string(text);
    case "tag:yaml.org,2002:int":
    case "tag:yaml.org,2002:float":
      return type === "PLAIN" ? (numeric(text) ?? mistyped(text, "a number")) : v.string(text);
    case "tag:yaml.org,2002:bool":
      return boolean(text) ?? mistyped(text, "a boolean");
    case "tag:yaml.org,2002:null":
      return v.nullOf();
    case undefined:
      break;
    default:
      throw new ArgumentError(`unsupported tag "${tag.replace("tag:yaml.org,2002:", "!!")}"`, 0);
  }
  if (type !== "PLAIN" && type !== undefined) return v.string(text);
  if (text === "" || text === "~" || /^(?:null|Null|NULL)$/.test(text)) return v.nullOf();
  if (/^(?:[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/.test(text))
    throw new ArgumentError(`floating point ${text} is not supported`, 0);
  return boolean(text) ?? numeric(text) ?? v.string(timestamp(text) ?? text);
}

const mistyped = (text: string, what: string): never => {
  throw new ArgumentError(`cannot parse "${text}" as ${what}`, 0);
};

function boolean(text: string): Value | undefined {
  if (/^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return v.bool(true);
  if (/^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return v.bool(false);
  return undefined;
}

function numeric(text: string): Value | undefined {
  const based = /^([+-]?)(0x[0-9a-fA-F]+|0o[0-7]+)$/.exec(text);
  if (based) return v.numberFrom(`${based[1]}${BigInt(based[2] as string)}`);
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? v.numberFrom(text) : undefined;
}

const timestamps =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d*)?(Z|[+-]\d{2}:\d{2})| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d*)?)?$/;

/** A date or time, in the one form that Terraform's functions take; undefined for other text. */
function timestamp(text: string): string | undefined {
  const match = timestamps.exec(text);
  if (match === null) return undefined;
  const two = (digits: string | undefined): string => (digits ?? "0").padStart(2, "0");
  const date = `${match[1]}-${two(match[2])}-${two(match[3])}`;
  if (Number.isNaN(Date.parse(date))) return undefined;
  return `${date}T${two(match[4] ?? match[8])}:${two(match[5] ?? match[9])}:${two(match[6] ?? match[10])}${match[7] ?? "Z"}`;
}
