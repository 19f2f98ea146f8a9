import type { Host, HostFile } from "../host/host.ts";
import { shellScript } from "../host/quote.ts";
import type { Layout } from "./layout.ts";
import type { PendingRelease, ReleaseRecord } from "./model.ts";

/** The memory of an environment, on its own host: it survives whoever deploys. */
export interface Journal {
  current(): Promise<ReleaseRecord | undefined>;
  pending(): Promise<PendingRelease | undefined>;
  /** Number of the newest record; 0 where there is none. */
  newest(): Promise<number>;
  /** Newest first. */
  releases(): Promise<readonly ReleaseRecord[]>;
  /** Together with files that the intent is about, in one round trip. */
  intend(pending: PendingRelease, files?: readonly HostFile[]): Promise<void>;
  /** The record, then the pointer to it, then the end of what was pending: killed between, the next run repeats it. */
  complete(record: ReleaseRecord): Promise<void>;
  abandon(): Promise<void>;
  note(lines: readonly object[]): Promise<void>;
  forget(numbers: readonly number[]): Promise<void>;
}

/** `writer`: the host under a lease, for whoever changes something. */
export function journalOn(host: Host, layout: Layout, writer: Pick<Host, "run" | "writeFiles"> = host): Journal {
  const read = async <T>(path: string): Promise<T | undefined> => {
    const text = await host.readFile(path);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  };
  const file = (path: string, value: object): HostFile => ({
    path: layout.within(path),
    content: `${JSON.stringify(value, null, 2)}\n`,
    mode: 0o600,
  });

  return {
    current: () => read<ReleaseRecord>(layout.current),
    pending: () => read<PendingRelease>(layout.pending),
    async newest() {
      const { stdout } = await host.run({ argv: shellScript('ls "$1" 2>/dev/null | tail -n 1', layout.releases) });
      return Number.parseInt(stdout, 10) || 0;
    },
    async releases() {
      // One record a line in one round trip: JSON.stringify never leaves a bare "}" line inside a string.
      const script = 'for f in "$1"/*.json; do [ -e "$f" ] && tr -d "\\n" < "$f" && echo; done; true';
      const { stdout } = await host.run({ argv: shellScript(script, layout.releases) });
      return stdout
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => JSON.parse(line) as ReleaseRecord)
        .sort((a, b) => b.number - a.number);
    },
    async intend(pending, files = []) {
      await writer.writeFiles(layout.root, [...files, file(layout.pending, pending)]);
    },
    async complete(record) {
      const files = [file(layout.record(record.number), record), file(layout.current, record)];
      await writer.writeFiles(layout.root, files, { remove: layout.pending });
    },
    abandon: async () => {
      await writer.run({ argv: ["rm", "-f", layout.pending] });
    },
    note: async (lines) => {
      const script = 'mkdir -p "$(dirname "$1")"; cat >> "$1"';
      const stdin = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      await host.run({ argv: shellScript(script, layout.journal), stdin });
    },
    forget: async (numbers) => {
      if (numbers.length > 0) await host.run({ argv: ["rm", "-f", ...numbers.map((number) => layout.record(number))] });
    },
  };
}
