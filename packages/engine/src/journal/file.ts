import { join } from "node:path";
import type { Files } from "@doge/core";
import type { Sealer } from "../state/seal.ts";
import { type Entry, type Journal, JournalContent } from "./journal.ts";

export interface FileJournalOptions {
  readonly files: Files;
  readonly folder: string;
  /** Records hold whole objects, secrets among them: with a key they are sealed, line by line. */
  readonly sealer: Sealer;
}

/** A log that has grown beyond this is written anew with what still counts. */
const compactAboveBytes = 256 * 1024;

/**
 * A journal in one file that only grows: an entry a line, appended and synced. Entries that come while a sync runs share
 * the next one. A kill can tear the last line only, and nobody was told that it is there.
 */
export function fileJournal({ files, folder, sealer }: FileJournalOptions): Journal {
  const path = join(folder, "journal.jsonl");
  const lineOf = (entry: Entry): string => `${sealer.seal(JSON.stringify(entry), "journal").trimEnd()}\n`;
  let loading: Promise<JournalContent> | undefined;
  let size = 0;
  let waiting: string[] = [];
  let queue: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;

  /** One access to the file after the other. */
  const inTurn = (step: () => Promise<void>): Promise<void> => {
    const done = queue.then(step);
    queue = done.catch(() => undefined);
    return done;
  };

  const load = (): Promise<JournalContent> =>
    (loading ??= (async () => {
      const text = (await files.read(path)) ?? "";
      const content = new JournalContent();
      // Whatever is behind the last line end was cut off while it was written.
      for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
        // One that was torn, and written behind since: nobody was told of it.
        if (!isJson(line)) continue;
        content.add(JSON.parse(sealer.open(line, "journal")) as Entry);
      }
      size = text.length;
      if (text !== "" && !text.endsWith("\n")) waiting.push("\n");
      return content;
    })());

  /** Returns when the lines given so far are on disk. */
  const flush = (): Promise<void> =>
    (next ??= inTurn(async () => {
      next = undefined;
      const lines = waiting.join("");
      waiting = [];
      size += lines.length;
      if (lines !== "") await files.append(path, lines, { mode: 0o600 });
    }));

  const add = async (entry: Entry): Promise<void> => {
    (await load()).add(entry);
    waiting.push(lineOf(entry));
  };

  /** Writes the log anew; what waits to be appended is in the content already. */
  const compact = (content: JournalContent): Promise<void> =>
    inTurn(async () => {
      waiting = [];
      const text = content.entries().map(lineOf).join("");
      size = text.length;
      await files.write(path, text, { mode: 0o600 });
    });

  return {
    async open(intent) {
      await add({ open: intent });
      await flush();
    },
    // Lost in a kill, it costs the next run one look: nobody waits for it.
    close: async (address) => {
      if (!(await load()).intents.has(address)) return;
      await add({ close: address });
      flush().catch(() => undefined);
    },
    list: async () => [...(await load()).intents.values()],
    async record(changes) {
      const content = await load();
      const number = content.last + 1;
      await add({ record: changes, number });
      await flush();
      return number;
    },
    async settle(upTo, state) {
      const content = await load();
      await add({ settle: upTo, state });
      const idle = content.intents.size === 0 && content.changes.length === 0;
      if (idle || size > compactAboveBytes) await compact(content);
      else await flush();
    },
    unsettled: async () => (await load()).unsettled(),
  };
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
