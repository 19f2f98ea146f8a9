import type { Host } from "../host/host.ts";
import { shellScript } from "../host/quote.ts";
import type { Layout } from "./layout.ts";
import type { PendingRelease, ReleaseRecord } from "./model.ts";

/** The memory of an environment, on its own host: it survives whoever deploys. */
export interface Journal {
  current(): Promise<ReleaseRecord | undefined>;
  pending(): Promise<PendingRelease | undefined>;
  /** Newest first. */
  releases(): Promise<readonly ReleaseRecord[]>;
  intend(pending: PendingRelease): Promise<void>;
  /** The record, then the pointer to it, then the end of what was pending: killed between, the next run repeats it. */
  complete(record: ReleaseRecord): Promise<void>;
  abandon(): Promise<void>;
  note(line: object): Promise<void>;
  forget(numbers: readonly number[]): Promise<void>;
}

export function journalOn(host: Host, layout: Layout): Journal {
  const read = async <T>(path: string): Promise<T | undefined> => {
    const text = await host.readFile(path);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  };
  const write = (path: string, value: object): Promise<void> =>
    host.writeFile(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });

  return {
    current: () => read<ReleaseRecord>(layout.current),
    pending: () => read<PendingRelease>(layout.pending),
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
    intend: (pending) => write(layout.pending, pending),
    async complete(record) {
      await write(layout.record(record.number), record);
      await write(layout.current, record);
      await host.run({ argv: ["rm", "-f", layout.pending] });
    },
    abandon: async () => {
      await host.run({ argv: ["rm", "-f", layout.pending] });
    },
    note: async (line) => {
      const script = 'mkdir -p "$(dirname "$1")"; cat >> "$1"';
      await host.run({ argv: shellScript(script, layout.journal), stdin: `${JSON.stringify(line)}\n` });
    },
    forget: async (numbers) => {
      if (numbers.length > 0) await host.run({ argv: ["rm", "-f", ...numbers.map((number) => layout.record(number))] });
    },
  };
}
