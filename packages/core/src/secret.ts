import { inspect } from "node:util";

const HIDDEN = "(secret)";

/** A value that shows itself nowhere but through `reveal()`: not in strings, JSON, `inspect` or errors. */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

/**
 * Takes known secret values out of text: the last net under logs, comments and error bodies.
 * Knows a value also as base64, URL-encoded, JSON-escaped, and line by line (private keys).
 */
export class Redactor {
  readonly #needles = new Set<string>();
  #sorted: string[] | undefined;

  /** Values under 6 characters are too common to hide without mangling the text, and are left alone. */
  add(secret: Secret | string | undefined): void {
    const value = typeof secret === "string" ? secret : secret?.reveal();
    if (!value) return;
    const forms = [
      value,
      Buffer.from(value).toString("base64"),
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      ...(value.includes("\n") ? value.split("\n").map((line) => line.trim()) : []),
    ];
    for (const form of forms) if (form.length >= 6) this.#needles.add(form);
    this.#sorted = undefined;
  }

  redact(text: string): string {
    this.#sorted ??= [...this.#needles].sort((a, b) => b.length - a.length);
    let clean = text;
    for (const needle of this.#sorted) if (clean.includes(needle)) clean = clean.replaceAll(needle, "***");
    return scrubUrls(clean);
  }
}

/** Takes user names and passwords out of every URL in a text. */
export function scrubUrls(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@:"']*:[^\s/@"']*@/gi, "$1***@");
}
