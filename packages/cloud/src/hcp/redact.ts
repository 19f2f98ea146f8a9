/** Keeps the values of sensitive variables out of logs and plan documents. */

export const redacted = "(sensitive value)";

/** Shorter values are everywhere in a log; redacting them would hide the log and not the value. */
const shortest = 4;
const shortestPart = 8;

/**
 * What must not be seen of these values, longest first: the values, the lines of those with several,
 * and the strings inside HCL and JSON expressions.
 */
export function secretStrings(values: readonly string[]): readonly string[] {
  const secrets = new Set<string>();
  for (const value of values) {
    if (value.length >= shortest) secrets.add(value);
    const lines = value.split("\n").map((line) => line.trim());
    const quoted = [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = ""]) => inner);
    for (const part of [...lines, ...quoted]) if (part.length >= shortestPart) secrets.add(part);
    // A value with quotes or newlines looks like this inside a JSON document.
    const encoded = JSON.stringify(value).slice(1, -1);
    if (encoded !== value && encoded.length >= shortest) secrets.add(encoded);
  }
  return [...secrets].sort((a, b) => b.length - a.length);
}

export const redactText = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((redactedText, secret) => redactedText.replaceAll(secret, redacted), text);

/** The same document with every string redacted; keys are kept. */
export function redactDocument(document: unknown, secrets: readonly string[]): unknown {
  if (typeof document === "string") return redactText(document, secrets);
  if (Array.isArray(document)) return document.map((item) => redactDocument(item, secrets));
  if (typeof document !== "object" || document === null) return document;
  return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, redactDocument(value, secrets)]));
}

export interface StreamRedactor {
  /** What may be shown so far: a tail that may be the start of a secret is held back. */
  push(text: string): string;
  /** What was held back. */
  end(): string;
}

/** For text that comes in pieces: a secret that is cut in two is found too. */
export function streamRedactor(secrets: readonly string[]): StreamRedactor {
  let held = "";
  return {
    push(text) {
      const whole = redactText(held + text, secrets);
      const shown = whole.length - longestStartOfSecret(whole, secrets);
      held = whole.slice(shown);
      return whole.slice(0, shown);
    },
    end() {
      const rest = redactText(held, secrets);
      held = "";
      return rest;
    },
  };
}

function longestStartOfSecret(text: string, secrets: readonly string[]): number {
  let longest = 0;
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(secret.slice(0, length))) longest = length;
    }
  }
  return longest;
}
