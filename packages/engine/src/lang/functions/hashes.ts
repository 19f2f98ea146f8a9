import { createHash } from "node:crypto";
import { type FunctionTable, plain } from "./define.ts";
import { ofFile } from "./files.ts";

type Encoding = "hex" | "base64";

const digest = (content: string | Uint8Array, algorithm: string, encoding: Encoding): string =>
  createHash(algorithm).update(content).digest(encoding);

const hash = (algorithm: string, encoding: Encoding = "hex") =>
  plain([["str", "string"]], "string", (text) => digest(text, algorithm, encoding));

const fileHash = (algorithm: string, encoding: Encoding = "hex") =>
  ofFile((content) => digest(content, algorithm, encoding));

export const hashes: FunctionTable = {
  base64sha256: hash("sha256", "base64"),
  base64sha512: hash("sha512", "base64"),
  filebase64sha256: fileHash("sha256", "base64"),
  filebase64sha512: fileHash("sha512", "base64"),
  filemd5: fileHash("md5"),
  filesha1: fileHash("sha1"),
  filesha256: fileHash("sha256"),
  filesha512: fileHash("sha512"),
  md5: hash("md5"),
  sha1: hash("sha1"),
  sha256: hash("sha256"),
  sha512: hash("sha512"),
};
