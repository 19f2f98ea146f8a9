import { gzipSync } from "node:zlib";
import iconv from "iconv-lite";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { decodeCsv } from "./csv.ts";
import { ArgumentError, type FunctionTable, over, plain, textOf } from "./define.ts";
import { decodeJson, encodeJson } from "./json.ts";
import { decodeYaml } from "./yaml-decode.ts";
import { encodeYaml } from "./yaml-encode.ts";

const s = "string";
const str = ["str", s] as const;

function bytesOf(text: string, at: number): Buffer {
  const packed = text.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(packed)) {
    throw new ArgumentError("the given text is not valid base64", at);
  }
  return Buffer.from(packed, "base64");
}

function decodeBase64(text: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(text, 0));
  } catch (thrown) {
    if (thrown instanceof ArgumentError) throw thrown;
    throw new ArgumentError("the result of decoding the given text is not valid UTF-8", 0, { cause: thrown });
  }
}

function known(encoding: string): string {
  const name: string = encoding;
  if (iconv.encodingExists(encoding)) return encoding;
  throw new ArgumentError(`"${name}" is not a supported IANA encoding name or alias`, 1);
}

/** Without a byte order mark, whatever the encoding. */
const encodeText = (text: string, encoding: string): string =>
  iconv.encode(text, known(encoding), { addBOM: false }).toString("base64");

const decodeText = (source: string, encoding: string): string => iconv.decode(bytesOf(source, 0), known(encoding));

/** As Go's QueryEscape: a space is +, and !'()* are escaped too. */
function urlEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

const whole = (value: Value | undefined, encode: (value: Value) => string): Value =>
  value && v.isWhollyKnown(value) ? v.string(encode(value)) : v.someOf(s);

const any = { anything: true, partial: true, nullable: true } as const;

export const encodings: FunctionTable = {
  base64decode: plain([str], s, decodeBase64),
  base64encode: plain([str], s, (text) => Buffer.from(text).toString("base64")),
  base64gzip: plain([str], s, (text) => gzipSync(text).toString("base64")),
  csvdecode: over([str], "dynamic", ([text]) => decodeCsv(textOf(text))),
  jsondecode: over([str], "dynamic", ([text]) => decodeJson(textOf(text)), { maybeNull: true }),
  jsonencode: over([["val", "dynamic"]], s, ([value]) => whole(value, encodeJson), any),
  textdecodebase64: plain(
    [
      ["source", s],
      ["encoding", s],
    ],
    s,
    decodeText,
  ),
  textencodebase64: plain(
    [
      ["string", s],
      ["encoding", s],
    ],
    s,
    encodeText,
  ),
  urlencode: plain([str], s, urlEncode),
  yamldecode: over([["src", s]], "dynamic", ([text]) => decodeYaml(textOf(text)), { maybeNull: true }),
  yamlencode: over([["value", "dynamic"]], s, ([value]) => whole(value, encodeYaml), any),
};
