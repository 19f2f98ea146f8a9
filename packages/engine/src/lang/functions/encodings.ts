import { gzipSync } from "node:zlib";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, plain, textOf } from "./define.ts";
import { encodeJson } from "./json.ts";

const s = "string";

function decodeBase64(text: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/[\r\n]/g, ""))) {
    throw new ArgumentError("the given text is not base64");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, "base64"));
  } catch (thrown) {
    throw new ArgumentError("the decoded bytes are not UTF-8 text", { cause: thrown });
  }
}

function decodeJson(text: Value): Value {
  try {
    return v.fromPlain(JSON.parse(textOf(text)));
  } catch (thrown) {
    // The parser's own message quotes the text, which may be a secret.
    throw new ArgumentError("the given text is not JSON", { cause: thrown });
  }
}

function decodeCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  for (const match of text.matchAll(cell)) {
    if (match[0] === "" && match.index === text.length) break;
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] !== ",") rows.push([]);
  }
  const [header, ...body] = rows.filter((row) => row.length > 0);
  return body.map((row) => Object.fromEntries((header ?? []).map((name, i) => [name, row[i] ?? ""])));
}

export const encodings: FunctionTable = {
  base64decode: plain([s], s, decodeBase64),
  base64encode: plain([s], s, (text) => Buffer.from(text).toString("base64")),
  base64gzip: plain([s], s, (text) => gzipSync(text).toString("base64")),
  csvdecode: plain([s], "dynamic", decodeCsv),
  jsondecode: { params: [s], returns: "dynamic", run: (text) => decodeJson(text) },
  jsonencode: { params: ["dynamic"], returns: s, anything: true, run: (value) => jsonOrUnknown(value) },
  // as Go's QueryEscape: a space is +, and !'()* are escaped too
  urlencode: plain([s], s, (text) =>
    encodeURIComponent(text)
      .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+"),
  ),
};

function jsonOrUnknown(value: Value): Value {
  return v.isWhollyKnown(value) ? v.string(encodeJson(value)) : v.unknownOf("string");
}
