import { createHash } from "node:crypto";
import type { Attributes } from "../provider.ts";
import type { WorkingChange } from "../state/working.ts";

/** Written before a create goes out; taken away when the object is recorded. */
export interface Intent {
  readonly address: string;
  readonly type: string;
  /** SHA-256 over the inputs: whether the configuration is still the one that was sent. */
  readonly inputs: string;
  /** When the create went out: ISO 8601. */
  readonly since: string;
  /** The inputs without secrets (null in their place), for when the configuration no longer tells them. */
  readonly config: Attributes;
}

/** What became of one object: as the state will have it, or gone. */
export type Recorded = WorkingChange;

/** Which state a journal belongs to. */
export interface StateMark {
  readonly lineage: string;
  readonly serial: number;
}

/**
 * What this machine did and has not yet seen in a written state. Between two writes of the state the journal is the
 * truth: the next run takes over what it holds.
 */
export interface Journal {
  /** On disk and synced when it returns. */
  open(intent: Intent): Promise<void>;
  /** The intent's object is recorded, or is known not to be there. */
  close(address: string): Promise<void>;
  list(): Promise<readonly Intent[]>;
  /** On disk and synced when it returns. Returns a number that grows. */
  record(changes: readonly Recorded[]): Promise<number>;
  /** Everything recorded up to this number is in the written state. */
  settle(upTo: number, state: StateMark): Promise<void>;
  /** What was recorded since the last written state, oldest first, and which state that was. */
  unsettled(): Promise<Unsettled>;
}

export interface Unsettled {
  readonly changes: readonly Recorded[];
  readonly since?: StateMark;
  /** The number that was given out last. */
  readonly last: number;
}

export const hashInputs = (config: Attributes): string =>
  createHash("sha256").update(JSON.stringify(config)).digest("hex");

/** What a journal holds, apart from how it is kept. */
export class JournalContent {
  readonly intents = new Map<string, Intent>();
  changes: { readonly number: number; readonly change: Recorded }[] = [];
  since: StateMark | undefined;
  last = 0;

  add(entry: Entry): void {
    if ("open" in entry) this.intents.set(entry.open.address, entry.open);
    else if ("close" in entry) this.intents.delete(entry.close);
    else if ("settle" in entry) {
      this.changes = this.changes.filter(({ number }) => number > entry.settle);
      this.since = entry.state;
    } else {
      this.last = entry.number;
      this.changes.push(...entry.record.map((change) => ({ number: entry.number, change })));
    }
  }

  /** The shortest log that says the same. */
  entries(): Entry[] {
    return [
      ...[...this.intents.values()].map((open) => ({ open })),
      ...(this.since ? [{ settle: 0, state: this.since }] : []),
      ...this.changes.map(({ number, change }) => ({ record: [change], number })),
    ];
  }

  unsettled(): Unsettled {
    const changes = this.changes.map(({ change }) => change);
    return { changes, last: this.last, ...(this.since ? { since: this.since } : {}) };
  }
}

/** One line of a journal. */
export type Entry =
  | { readonly open: Intent }
  | { readonly close: string }
  | { readonly record: readonly Recorded[]; readonly number: number }
  | { readonly settle: number; readonly state: StateMark };

/** Keeps nothing: for runs whose caller accepts orphans after a kill, such as tests. */
export function memoryJournal(): Journal {
  const content = new JournalContent();
  return {
    open: async (open) => content.add({ open }),
    close: async (close) => content.add({ close }),
    list: async () => [...content.intents.values()],
    record: async (record) => {
      content.add({ record, number: content.last + 1 });
      return content.last;
    },
    settle: async (settle, state) => content.add({ settle, state }),
    unsettled: async () => content.unsettled(),
  };
}
