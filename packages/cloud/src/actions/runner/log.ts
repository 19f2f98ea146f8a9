import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Masker } from "./masker.ts";

/** The log of a job: a file of lines, each with its time, no secret in it. */
export class JobLog {
  readonly #file: number;
  readonly #masker: Masker;
  readonly #now: () => Date;

  constructor(path: string, masker: Masker, now: () => Date) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, "a", 0o600);
    this.#masker = masker;
    this.#now = now;
  }

  /** One line, or several. */
  write(text: string): void {
    // Milliseconds with zeros behind: GitHub's time stamps have seven digits.
    const at = this.#now().toISOString().replace("Z", "0000Z");
    const lines = text.split(/\r?\n/).map((line) => `${at} ${this.#masker.mask(line)}\n`);
    writeSync(this.#file, lines.join(""));
  }

  group(title: string, lines: readonly string[]): void {
    this.write([`##[group]${title}`, ...lines, "##[endgroup]"].join("\n"));
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Cuts chunks into lines, so that nothing is masked or read as a command before it is whole. */
export class LineSplitter {
  #rest = "";
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#onLine(line.replace(/\r$/, ""));
  }

  end(): void {
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }
}
