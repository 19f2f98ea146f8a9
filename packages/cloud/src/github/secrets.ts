import { unprocessable } from "./errors.ts";
import type { Hub } from "./hub.ts";
import type { KeyPair, SecretDocument, VariableDocument } from "./model.ts";

/** Loaded when the first key is needed: it is a WebAssembly module of its own. */
async function loadSodium() {
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  return sodium;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

/** The key pair of a scope, made when it is first asked for. */
export async function keyPair(hub: Hub, scope: string): Promise<KeyPair> {
  const known = hub.records.keys.get(scope);
  if (known) return known;
  const sodium = await loadSodium();
  const meanwhile = hub.records.keys.get(scope);
  if (meanwhile) return meanwhile;
  const pair = sodium.crypto_box_keypair();
  const keyId = String(568_250_167_242_549_743n + BigInt(hub.context.ids.next("github.keys")));
  return hub.records.keys.put(scope, {
    keyId,
    publicKey: base64(pair.publicKey),
    privateKey: base64(pair.privateKey),
  });
}

async function open(pair: KeyPair, sealed: string): Promise<string | undefined> {
  const sodium = await loadSodium();
  try {
    return sodium.to_string(sodium.crypto_box_seal_open(bytes(sealed), bytes(pair.publicKey), bytes(pair.privateKey)));
  } catch {
    return undefined;
  }
}

const names = /^[A-Z_][A-Z0-9_]*$/;

/** Secrets and variables are named without regard to case; 422 for what can't be a name. */
export function settingName(text: string): string {
  const name = text.toUpperCase();
  if (!names.test(name)) {
    throw unprocessable(
      "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).",
    );
  }
  if (name.startsWith("GITHUB_")) throw unprocessable("Secret names must not start with GITHUB_.");
  return name;
}

const longest = 48 * 1024;

/** Keeps a sealed box after trying the key on it. True where it is new. */
export async function putSecret(
  hub: Hub,
  scope: string,
  name: string,
  sealed: string,
  keyId: string,
): Promise<boolean> {
  const pair = await keyPair(hub, scope);
  if (keyId !== pair.keyId)
    throw unprocessable("The key_id is not the current public key of this repository or environment.");
  const value = await open(pair, sealed);
  if (value === undefined)
    throw unprocessable("Could not decrypt the value with the key. Was it sealed with the public key?");
  if (Buffer.byteLength(value) > longest) throw unprocessable("Secret values must be at most 48 KB.");
  const key = `${scope}/${name}`;
  const old = hub.records.secrets.get(key);
  const now = hub.now();
  hub.records.secrets.put(key, { scope, name, sealed, createdAt: old?.createdAt ?? now, updatedAt: now });
  return old === undefined;
}

export const byName = <T extends { readonly name: string }>(list: T[]): T[] =>
  list.sort((a, b) => (a.name < b.name ? -1 : 1));

export const secretsIn = (hub: Hub, scope: string): SecretDocument[] =>
  byName(hub.records.secrets.list((secret) => secret.scope === scope));
export const variablesIn = (hub: Hub, scope: string): VariableDocument[] =>
  byName(hub.records.variables.list((variable) => variable.scope === scope));

/** The secrets of a scope in clear, for jobs alone. */
export async function openSecrets(hub: Hub, scope: string): Promise<Record<string, string>> {
  const clear: Record<string, string> = {};
  for (const { name, sealed } of secretsIn(hub, scope)) {
    const value = await open(await keyPair(hub, scope), sealed);
    if (value !== undefined) clear[name] = value;
  }
  return clear;
}
