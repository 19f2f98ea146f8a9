export type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** Lines of the same turn of the event loop are written together: under load that halves the system calls. */
function standardOutput(): (line: string) => void {
  let lines = "";
  const flush = (): void => {
    if (lines !== "") process.stdout.write(lines);
    lines = "";
  };
  process.on("exit", flush);
  return (line) => {
    if (lines === "") setImmediate(flush);
    lines += line;
  };
}

/** One JSON object a line, on standard output: what `docker logs` and `doge logs` read. */
export function jsonLog(write: (line: string) => void = standardOutput()): Log {
  const entry =
    (level: string) =>
    (message: string, fields: Fields = {}): void =>
      write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  return { info: entry("info"), warn: entry("warn"), error: entry("error") };
}

export const describe = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
