import { type JsonWebKey, createHash, randomBytes } from "node:crypto";

/** An SSH public key: its wire form, and what is made from it. */
export interface SshPublicKey {
  /** `ssh-ed25519` */
  readonly algorithm: string;
  readonly blob: Buffer;
}

const curves: Readonly<Record<string, string>> = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" };

/** The SSH form of a public or private JWK; undefined for what SSH has no name for (ECDSA P-224). */
export function sshPublicKey(key: JsonWebKey): SshPublicKey | undefined {
  if (key.kty === "OKP" && key.crv === "Ed25519") return publicKey("ssh-ed25519", bytes(key.x));
  if (key.kty === "RSA") return publicKey("ssh-rsa", integer(bytes(key.e)), integer(bytes(key.n)));
  const curve = curves[key.crv ?? ""];
  if (key.kty !== "EC" || curve === undefined) return undefined;
  return publicKey(`ecdsa-sha2-${curve}`, Buffer.from(curve), point(key));
}

/** The private key in OpenSSH's own format, without a passphrase. `key` is a private JWK that has a public form. */
export function sshPrivateKey(key: JsonWebKey, publicKey: SshPublicKey): string {
  const check = randomBytes(4);
  const section = Buffer.concat([check, check, field(Buffer.from(publicKey.algorithm)), ...secrets(key), field("")]);
  const padding = Buffer.from(Array.from({ length: (8 - (section.length % 8)) % 8 }, (_, i) => i + 1));
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    uint32(1),
    field(publicKey.blob),
    field(Buffer.concat([section, padding])),
  ]);
  return pem("OPENSSH PRIVATE KEY", body);
}

/** One line of `authorized_keys`, without a comment. */
export const authorizedKey = (key: SshPublicKey): string => `${key.algorithm} ${key.blob.toString("base64")}\n`;

/** `SHA256:…`, without padding. */
export const sha256Fingerprint = (key: SshPublicKey): string =>
  `SHA256:${createHash("sha256").update(key.blob).digest("base64").replace(/=+$/, "")}`;

/** `aa:bb:…` */
export const md5Fingerprint = (key: SshPublicKey): string =>
  (createHash("md5").update(key.blob).digest("hex").match(/../g) ?? []).join(":");

export function pem(label: string, body: Buffer): string {
  const lines = body.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** The fields of the private section between the algorithm's name and the comment. */
function secrets(key: JsonWebKey): Buffer[] {
  switch (key.kty) {
    case "OKP": {
      const seedAndPublic = Buffer.concat([bytes(key.d), bytes(key.x)]);
      return [field(bytes(key.x)), field(seedAndPublic)];
    }
    case "RSA":
      return [key.n, key.e, key.d, key.qi, key.p, key.q].map((part) => field(integer(bytes(part))));
    default:
      return [field(curves[key.crv ?? ""] ?? ""), field(point(key)), field(integer(bytes(key.d)))];
  }
}

function publicKey(algorithm: string, ...fields: readonly Buffer[]): SshPublicKey {
  return { algorithm, blob: Buffer.concat([field(algorithm), ...fields.map((f) => field(f))]) };
}

/** An uncompressed point of a curve. */
const point = (key: JsonWebKey): Buffer => Buffer.concat([Buffer.from([4]), bytes(key.x), bytes(key.y)]);

const bytes = (part: string | undefined): Buffer => Buffer.from(part ?? "", "base64url");

/** SSH's mpint: no leading zeros but one where the first bit is set. */
function integer(value: Buffer): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  const trimmed = first <= 0 ? value : value.subarray(first);
  return (trimmed[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed;
}

function field(value: Buffer | string): Buffer {
  const content = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([uint32(content.length), content]);
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
