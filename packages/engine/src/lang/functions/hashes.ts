import { createHash } from "node:crypto";
import { type FunctionTable, plain } from "./define.ts";

const hash = (algorithm: string, encoding: "hex" | "base64") =>
  plain(["string"], "string", (text) => createHash(algorithm).update(text).digest(encoding));

export const hashes: FunctionTable = {
  base64sha256: hash("sha256", "base64"),
  base64sha512: hash("sha512", "base64"),
  md5: hash("md5", "hex"),
  sha1: hash("sha1", "hex"),
  sha256: hash("sha256", "hex"),
  sha512: hash("sha512", "hex"),
};
