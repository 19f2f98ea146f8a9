import { constants, createHash, createPrivateKey, type KeyObject, privateDecrypt, randomUUID } from "node:crypto";
import { hashSync } from "bcryptjs";
import * as v from "../values.ts";
import { ArgumentError, type FunctionTable, over, plain, textOf, wholeOf } from "./define.ts";

const s = "string";

const namespaces: Readonly<Record<string, string>> = {
  dns: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  url: "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
  oid: "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
  x500: "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
};

/** RFC 9562, version 5. */
function uuidv5(namespace: string, name: string): string {
  const space = Object.hasOwn(namespaces, namespace) ? (namespaces[namespace] as string) : namespace;
  if (!/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(space)) {
    throw new ArgumentError(`uuidv5() doesn't support namespace "${namespace}": use dns, url, oid, x500 or a UUID`, 0);
  }
  const hash = createHash("sha1")
    .update(Buffer.from(space.replaceAll("-", ""), "hex"))
    .update(name)
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function privateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch (thrown) {
    throw new ArgumentError("no private key in PEM format was found", 1, { cause: thrown });
  }
  throw new ArgumentError("the private key is not an RSA key", 1);
}

function rsaDecrypt(text: string, pem: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new ArgumentError("the given text is not valid base64", 0);
  }
  const key = privateKey(pem);
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(text, "base64")).toString();
  } catch (thrown) {
    throw new ArgumentError("the text was not encrypted with this key", 0, { cause: thrown });
  }
}

export const crypto: FunctionTable = {
  bcrypt: over(
    [["str", s]],
    s,
    ([text, cost], { host }) => {
      const rounds = cost === undefined ? 10 : wholeOf(cost, 1);
      if (rounds < 4 || rounds > 16) throw new ArgumentError("must be from 4 to 16", 1);
      // A new salt each time: only an apply may settle it.
      return host.applying ? v.string(hashSync(textOf(text), rounds)) : v.someOf(s);
    },
    { rest: ["cost", "number"], most: 1 },
  ),
  rsadecrypt: plain(
    [
      ["ciphertext", s],
      ["privatekey", s],
    ],
    s,
    rsaDecrypt,
  ),
  uuid: over([], s, (_, { host }) => (host.applying ? v.string(randomUUID()) : v.someOf(s))),
  uuidv5: plain(
    [
      ["namespace", s],
      ["name", s],
    ],
    s,
    uuidv5,
  ),
};
