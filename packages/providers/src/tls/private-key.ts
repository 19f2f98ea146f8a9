import { type KeyObject, createHash, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { error } from "@doge/core";
import { type Attributes, defineResource } from "@doge/engine";
import { complete, number, required, text } from "../shared/attributes.ts";
import { computedString, identity } from "../shared/schema.ts";
import { authorizedKey, md5Fingerprint, sha256Fingerprint, sshPrivateKey, sshPublicKey } from "./openssh.ts";

const generate = promisify(generateKeyPair);

const curves: Readonly<Record<string, string>> = { P224: "P-224", P256: "P-256", P384: "P-384", P521: "P-521" };
const algorithms = ["RSA", "ECDSA", "ED25519"];

const secret = { type: "string", computed: true, sensitive: true } as const;

const schema = {
  description: "A private key, and its public key in the forms that others want.",
  attributes: {
    id: { ...computedString, description: "SHA-1 of the public key, in hex." },
    algorithm: { ...identity, description: "RSA, ECDSA or ED25519." },
    rsa_bits: { type: "number", optional: true, computed: true, forceNew: true, default: 2048 },
    ecdsa_curve: { type: "string", optional: true, computed: true, forceNew: true, default: "P224" },
    private_key_pem: secret,
    private_key_openssh: secret,
    private_key_pem_pkcs8: secret,
    public_key_pem: computedString,
    public_key_openssh: { ...computedString, description: "Empty for ECDSA with P224, which SSH does not know." },
    public_key_fingerprint_md5: computedString,
    public_key_fingerprint_sha256: computedString,
  },
} as const;

/** A private key that lives in the state alone: nothing is asked of any server. */
export const privateKey = defineResource<undefined>()({
  type: "tls_private_key",
  schemaVersion: 1,
  schema,

  validate(config) {
    const algorithm = config["algorithm"];
    const curve = config["ecdsa_curve"];
    return [
      ...(typeof algorithm === "string" && !algorithms.includes(algorithm)
        ? [unknownValue("algorithm", algorithm, algorithms)]
        : []),
      ...(typeof curve === "string" && !(curve in curves)
        ? [unknownValue("ecdsa_curve", curve, Object.keys(curves))]
        : []),
    ];
  },

  // oxlint-disable-next-line require-await -- the contract is asynchronous, the state is all there is
  read: async (_, prior) => prior,

  async reconcile(_, { config, prior }) {
    if (prior) return complete(schema, prior);
    const { algorithm, key } = await newKey(config);
    const settings = {
      algorithm,
      rsa_bits: number(config, "rsa_bits") ?? 2048,
      ecdsa_curve: config["ecdsa_curve"] ?? "P224",
    };
    return complete(schema, { ...settings, ...encodings(algorithm, key.privateKey, key.publicKey) });
  },

  remove: async () => {},
});

async function newKey(config: Attributes) {
  const algorithm = required(config, "algorithm");
  switch (algorithm) {
    case "RSA":
      return { algorithm, key: await generate("rsa", { modulusLength: number(config, "rsa_bits") ?? 2048 }) };
    case "ECDSA": {
      const namedCurve = curves[text(config, "ecdsa_curve") ?? "P224"];
      if (namedCurve === undefined) throw new Error("an unknown curve passed validation");
      // OpenSSL knows P-224 by its older name only.
      return {
        algorithm,
        key: await generate("ec", { namedCurve: namedCurve === "P-224" ? "secp224r1" : namedCurve }),
      };
    }
    default:
      return { algorithm: "ED25519", key: await generate("ed25519", {}) };
  }
}

function encodings(algorithm: string, privateKey: KeyObject, publicKey: KeyObject): Attributes {
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  // A JWK has no name for P-224, and SSH has none either.
  const hasJwk = publicKey.asymmetricKeyDetails?.namedCurve !== "secp224r1";
  const jwk = hasJwk ? privateKey.export({ format: "jwk" }) : undefined;
  const ssh = jwk && sshPublicKey(jwk);
  return {
    id: createHash("sha1")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("hex"),
    private_key_pem: traditional(algorithm, privateKey) ?? pkcs8,
    private_key_pem_pkcs8: pkcs8,
    private_key_openssh: jwk && ssh ? sshPrivateKey(jwk, ssh) : "",
    public_key_pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    public_key_openssh: ssh ? authorizedKey(ssh) : "",
    public_key_fingerprint_md5: ssh ? md5Fingerprint(ssh) : "",
    public_key_fingerprint_sha256: ssh ? sha256Fingerprint(ssh) : "",
  };
}

/** The format from before PKCS#8, where the algorithm has one. */
function traditional(algorithm: string, key: KeyObject): string | undefined {
  if (algorithm === "RSA") return key.export({ type: "pkcs1", format: "pem" }).toString();
  if (algorithm === "ECDSA") return key.export({ type: "sec1", format: "pem" }).toString();
  return undefined;
}

const unknownValue = (attribute: string, value: string, known: readonly string[]) =>
  error({
    code: "tls-unknown-value",
    summary: "A key of this kind can't be made",
    detail: `${attribute} is "${value}".`,
    remedy: `Use one of ${known.join(", ")}.`,
    address: attribute,
  });
