import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { EventEmitter } from "node:events";

export interface LogLine {
  /** ISO, as Docker shows with `--timestamps`. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

const rotateAt = 10 * 1024 * 1024;

/** A container's log: one JSON line per line, two files of 10 MB at most. Emits `line` for followers. */
export class ContainerLog extends EventEmitter<{ line: [LogLine]; end: [] }> {
  readonly #path: string;
  readonly #now: () => Date;
  readonly #partial = { stdout: "", stderr: "" };
  #file: number | undefined;
  #size = 0;

  constructor(path: string, now: () => Date) {
    super();
    this.setMaxListeners(0);
    this.#path = path;
    this.#now = now;
  }

  write(stream: "stdout" | "stderr", chunk: string): void {
    const lines = (this.#partial[stream] + chunk).split("\n");
    this.#partial[stream] = lines.pop() ?? "";
    for (const text of lines) this.#append({ time: this.#now().toISOString(), stream, text });
  }

  /** The process ended: what has no newline yet is a line, followers are done. */
  end(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.#partial[stream] !== "") this.write(stream, "\n");
    }
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.emit("end");
  }

  read(): readonly LogLine[] {
    return [`${this.#path}.1`, this.#path]
      .filter((path) => existsSync(path))
      .flatMap((path) => readFileSync(path, "utf8").split("\n"))
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as LogLine);
  }

  remove(): void {
    for (const path of [`${this.#path}.1`, this.#path]) rmSync(path, { force: true });
  }

  #append(line: LogLine): void {
    if (this.#file === undefined) {
      mkdirSync(dirname(this.#path), { recursive: true });
      this.#file = openSync(this.#path, "a", 0o600);
      this.#size = statSync(this.#path).size;
    }
    this.#size += writeSync(this.#file, `${JSON.stringify(line)}\n`);
    if (this.#size > rotateAt) {
      closeSync(this.#file);
      this.#file = undefined;
      renameSync(this.#path, `${this.#path}.1`);
    }
    this.emit("line", line);
  }
}
