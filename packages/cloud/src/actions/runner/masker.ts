/** Takes secrets out of lines of a log, as GitHub's runner does: `***` in their place. */
export class Masker {
  readonly #needles = new Set<string>();
  #sorted: readonly string[] | undefined;

  /**
   * The value, each of its lines (logs are masked line by line, so a key is only ever seen so), and the forms in which
   * programs print it: base64 at each of its three alignments, JSON, URL and XML encodings. Of lines and forms only
   * those long enough to be a secret: a lone `}` of a JSON secret would take the whole log apart.
   */
  add(secret: string): void {
    if (secret.trim() === "") return;
    this.#needles.add(secret.trim());
    for (const line of [secret, ...secret.split(/\r?\n/)].map((each) => each.trim())) {
      for (const form of [line, ...encodings(line)]) if (form.length >= 5) this.#needles.add(form);
    }
    for (const form of encodings(secret)) if (form.length >= 5) this.#needles.add(form);
    this.#sorted = undefined;
  }

  mask(text: string): string {
    this.#sorted ??= [...this.#needles].sort((a, b) => b.length - a.length);
    let masked = text;
    for (const needle of this.#sorted) if (masked.includes(needle)) masked = masked.replaceAll(needle, "***");
    return masked;
  }

  /** Whether a text holds a secret. */
  sees(text: string): boolean {
    return this.mask(text) !== text;
  }
}

function encodings(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  return [
    ...base64Forms(value),
    json,
    // Once more, for JSON inside of JSON: toJSON(secrets) in a variable that is printed as JSON.
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(value),
    value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  ];
}

/** The base64 characters that depend on the value alone, wherever it begins within the encoded whole. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = bytes.toString("base64");
  const shifted = [0, 1, 2].map((shift) => {
    const rest = bytes.subarray(shift);
    return rest.subarray(0, rest.length - (rest.length % 3)).toString("base64");
  });
  return [whole, ...shifted];
}
