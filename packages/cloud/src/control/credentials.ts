import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { nodeFiles } from "@doge/core/node";

/** What the local cloud's clients prove themselves with. Made once per folder. */
export interface Credentials {
  readonly control: string;
  readonly digitalocean: string;
  /** May read, not write: for rehearsing a token without scope. */
  readonly digitaloceanReadOnly: string;
  readonly spaces: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly github: string;
  readonly hcp: string;
}

/** Reads the folder's credentials, or makes them. The file is for its owner only. */
export async function ensureCredentials(folder: string): Promise<Credentials> {
  const path = join(folder, "credentials.json");
  const text = await nodeFiles.read(path);
  if (text !== undefined) return JSON.parse(text) as Credentials;
  const credentials: Credentials = {
    control: random(40),
    digitalocean: `dop_v1_${randomBytes(32).toString("hex")}`,
    digitaloceanReadOnly: `dop_v1_${randomBytes(32).toString("hex")}`,
    spaces: { accessKeyId: `DO00${random(16).toUpperCase()}`, secretAccessKey: random(43) },
    github: `ghp_${random(36)}`,
    hcp: `${random(14)}.atlasv1.${random(67)}`,
  };
  await nodeFiles.write(path, JSON.stringify(credentials, null, 2), { mode: 0o600 });
  return credentials;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Letters and digits, without the bias of a remainder that matters: 256 mod 62 is 8. */
const random = (length: number): string =>
  Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join("");
