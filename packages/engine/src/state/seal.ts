import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { DogeError, error, fail, Secret } from "@doge/core";

/** What a key is used for: each purpose has a key of its own, derived from the project's. */
export type SealPurpose = "state" | "plan" | "journal";

/** Encrypts and authenticates text at rest. */
export interface Sealer {
  /** `about` is bound to the text: sealed text moved to another place does not open there. */
  seal(text: string, about: string): string;
  /** Throws a diagnostic for a key that is not at hand and for text that was altered. */
  open(text: string, about: string): string;
  /** False where the text is in clear or sealed with an older key. */
  current(text: string): boolean;
}

interface Envelope {
  readonly doge: "sealed/1";
  /** Tells keys apart; says nothing about them. */
  readonly key: string;
  readonly nonce: string;
  readonly tag: string;
  readonly data: string;
}

/**
 * AES-256-GCM with keys derived by HKDF-SHA-256. The first key seals; all of them open, so that a key is changed by
 * putting the new one before the old one. Without keys text stays in clear. With them, only a state may still be in
 * clear: one from before the project had a key, which the next writer seals.
 */
export function sealer(keys: readonly Secret<Uint8Array>[], purpose: SealPurpose): Sealer {
  const derived = keys.map((key) => {
    const bytes = Buffer.from(hkdfSync("sha256", key.reveal(), "", `doge ${purpose}`, 32));
    return { bytes, id: createHash("sha256").update("id").update(bytes).digest("hex").slice(0, 16) };
  });
  const [first] = derived;
  return {
    seal(text, about) {
      if (first === undefined) return text;
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", first.bytes, nonce).setAAD(boundTo(purpose, about));
      const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      const envelope: Envelope = {
        doge: "sealed/1",
        key: first.id,
        nonce: nonce.toString("base64"),
        tag: cipher.getAuthTag().toString("base64"),
        data: data.toString("base64"),
      };
      return `${JSON.stringify(envelope)}\n`;
    },
    open(text, about) {
      const envelope = envelopeOf(text);
      if (envelope === undefined) return first === undefined || purpose === "state" ? text : inClear(purpose, about);
      const key = derived.find((one) => one.id === envelope.key);
      if (key === undefined) throw wrongKey(envelope.key, derived.length, about);
      try {
        const decipher = createDecipheriv("aes-256-gcm", key.bytes, Buffer.from(envelope.nonce, "base64"))
          .setAAD(boundTo(purpose, about))
          .setAuthTag(Buffer.from(envelope.tag, "base64"));
        return `${decipher.update(Buffer.from(envelope.data, "base64"), undefined, "utf8")}${decipher.final("utf8")}`;
      } catch (thrown) {
        return fail(
          {
            code: "seal-broken",
            summary: "Sealed content was altered",
            detail: "It does not carry the seal of its key: it was changed, cut off, or taken from another place.",
            address: about,
            remedy: purpose === "plan" ? "Plan again." : "Restore it from a backup.",
          },
          { cause: thrown },
        );
      }
    },
    current: (text) => envelopeOf(text)?.key === first?.id,
  };
}

const inClear = (purpose: SealPurpose, about: string): never =>
  fail({
    code: "seal-missing",
    summary: "This should be sealed, and is not",
    detail: `A ${purpose} that was not sealed by this project may have been written by anybody.`,
    address: about,
    remedy: purpose === "plan" ? "Plan again." : "Remove it, and look at what it says happened.",
  });

const boundTo = (purpose: SealPurpose, about: string): Buffer => Buffer.from(`doge ${purpose} ${about}`);

function envelopeOf(text: string): Envelope | undefined {
  if (!text.startsWith('{"doge":"sealed/1"')) return undefined;
  try {
    return JSON.parse(text) as Envelope;
  } catch {
    return undefined;
  }
}

const wrongKey = (id: string, keys: number, about: string): DogeError =>
  new DogeError([
    error({
      code: "state-key-unknown",
      summary: "The key that this was sealed with is not here",
      detail: `It needs key ${id}; ${keys === 0 ? "no key is set" : "those that are set are others"}.`,
      address: about,
      remedy: "Set DOGE_STATE_KEY, in the environment or in .envs/.doge; older keys follow the newest after commas.",
    }),
  ]);

/** Keys from text: 32 bytes in base64 each, commas between, the newest first. */
export function parseKeys(text: string | undefined): readonly Secret<Uint8Array>[] {
  const parts = (text ?? "").split(",").map((part) => part.trim());
  return parts.filter(Boolean).map((part, at) => {
    const bytes = Buffer.from(part, "base64");
    if (bytes.length === 32) return new Secret<Uint8Array>(bytes);
    return fail({
      code: "state-key-invalid",
      summary: "A state key is not a key",
      detail: `Key ${at + 1} of DOGE_STATE_KEY has ${bytes.length} bytes; it must have 32, in base64.`,
      address: "DOGE_STATE_KEY",
      remedy: "Make one: openssl rand -base64 32",
    });
  });
}
