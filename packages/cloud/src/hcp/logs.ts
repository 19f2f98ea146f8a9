/** Run logs: STX, text as it comes, ETX; read by byte offset while they grow. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { blobPath, readBlobPart } from "./blobs.ts";
import type { Hcp } from "./model.ts";
import { streamRedactor } from "./redact.ts";

const start = "\u0002";
const end = "\u0003";

export interface LogWriter {
  readonly write: (text: string) => void;
  /** With a last line, if there is more to say. What is written after is dropped. */
  readonly close: (line?: string) => void;
}

/** Appends synchronously: what a client reads next must hold what was said before. */
export function openLog(hcp: Hcp, phaseId: string, secrets: readonly string[]): LogWriter {
  const path = blobPath(hcp, "logs", phaseId);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const redactor = streamRedactor(secrets);
  let open = true;
  const append = (text: string): void => {
    if (text.length > 0) appendFileSync(path, text, { mode: 0o600 });
  };
  append(start);
  return {
    // A runner that goes on after a cancel must not write behind the end.
    write: (text) => {
      if (open) append(redactor.push(text));
    },
    close(line) {
      if (open) append(redactor.end() + (line ? `\n${line}\n` : "") + end);
      open = false;
    },
  };
}

/** Adds a last line to a log that its writer left open: its process is gone. */
export function closeLog(hcp: Hcp, phaseId: string, line: string): void {
  const path = blobPath(hcp, "logs", phaseId);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const now = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (!now.endsWith(end)) appendFileSync(path, `${now === "" ? start : "\n"}${line}\n${end}`, { mode: 0o600 });
}

/** A raw slice: offset and limit count bytes, those of STX and ETX too. */
export const readLog = (hcp: Hcp, phaseId: string, offset: number, limit: number): Promise<Buffer> =>
  readBlobPart(hcp, "logs", phaseId, offset, limit);

/** For people: without the frame. */
export function logText(hcp: Hcp, phaseId: string): string {
  const path = blobPath(hcp, "logs", phaseId);
  return existsSync(path) ? readFileSync(path, "utf8").replaceAll(start, "").replaceAll(end, "") : "";
}
