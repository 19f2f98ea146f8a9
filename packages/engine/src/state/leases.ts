import { randomUUID } from "node:crypto";
import type { Clock, Processes } from "@doge/core";
import { type Holder, leaseLost, locked, notThatLease, stateConflict } from "./store.ts";
import type { VersionedFiles } from "./versioned-files.ts";

export interface LeaseOptions {
  readonly files: VersionedFiles;
  readonly name: string;
  readonly clock: Clock;
  readonly processes: Pick<Processes, "self" | "alive">;
}

/** The lease's file. It stays when the lease is given back: the fence must never fall. */
interface Record {
  readonly fence: number;
  readonly holder?: Holder;
  /** The last owner was made to leave: it may still believe that it holds the lease. */
  readonly broken?: boolean;
}

export interface Held {
  readonly id: string;
  readonly fence: number;
  readonly lost: AbortSignal;
  /** The last owner did not give the lease back by itself, and may still try to write. */
  readonly takenOver: boolean;
  /** Throws where the lease is no longer ours by what the store says now. */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** How long a lease lives without a heartbeat; three heartbeats go into it. */
const ttlMilliseconds = 60_000;

/** Clocks of two machines may differ; a lease is dead only when this much has passed on ours. */
const skewMilliseconds = 15_000;

/** Leases kept in a versioned file: whoever replaces the record holds it. */
export class Leases {
  readonly #options: LeaseOptions;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  async holder(): Promise<Holder | undefined> {
    return (await this.#read()).record.holder;
  }

  async take(purpose: string): Promise<Held> {
    const { clock, processes, files } = this.#options;
    const { record, version } = await this.#read();
    if (record.holder && !this.#dead(record.holder)) throw locked(record.holder, files.place);
    const now = clock.now();
    const holder: Holder = {
      id: randomUUID(),
      ...processes.self,
      purpose,
      since: now.toISOString(),
      expires: this.#expiry(now),
    };
    const mine: Record = { fence: record.fence + 1, holder };
    const taken = await this.#replace(mine, version);
    if (taken === undefined) {
      const winner = await this.holder();
      throw winner ? locked(winner, files.place) : stateConflict("the lock changed hands in this moment", files.place);
    }
    await this.#checkConditions(mine);
    return this.#hold(mine, taken, record.holder !== undefined || record.broken === true);
  }

  async break(id: string): Promise<void> {
    const { record, version } = await this.#read();
    if (record.holder?.id !== id) throw notThatLease(id, record.holder, this.#options.files.place);
    if ((await this.#replace({ fence: record.fence, broken: true }, version)) === undefined) {
      throw stateConflict("the lock changed hands in this moment", this.#options.files.place);
    }
  }

  #hold(record: Record, taken: string, takenOver: boolean): Held {
    const { clock, files } = this.#options;
    const { fence } = record;
    const holder = record.holder as Holder;
    const lost = new AbortController();
    const stopped = new AbortController();
    let version = taken;
    let until = clock.now().getTime() + ttlMilliseconds;

    const renew = async (): Promise<void> => {
      const now = clock.now();
      const renewed: Record = { fence, holder: { ...holder, expires: this.#expiry(now) } };
      const next = await this.#replace(renewed, version);
      if (next === undefined) return lost.abort();
      version = next;
      until = now.getTime() + ttlMilliseconds;
    };
    const beat = async (): Promise<void> => {
      while (!stopped.signal.aborted && !lost.signal.aborted) {
        await clock.sleep(ttlMilliseconds / 3, stopped.signal);
        // One beat that gets no answer is made up for by the next, while the lease lasts.
        await renew().catch(() => clock.now().getTime() > until && lost.abort());
      }
    };
    const beating = beat().catch(() => undefined);
    return {
      id: holder.id,
      fence,
      lost: lost.signal,
      takenOver,
      check: async () => {
        const now = (await this.#read()).record;
        if (now.fence === fence && now.holder?.id === holder.id && !lost.signal.aborted) return;
        lost.abort();
        throw leaseLost(files.place);
      },
      release: async () => {
        if (stopped.signal.aborted) return;
        stopped.abort();
        await beating;
        // A lease that is no longer ours is not ours to give back.
        if (!lost.signal.aborted) await this.#replace({ fence }, version);
      },
    };
  }

  /** A store that ignores conditions would hand the lease to everybody: better to find out at once. */
  async #checkConditions(mine: Record): Promise<void> {
    const { files, name } = this.#options;
    if ((await files.write(name, `${JSON.stringify(mine)} `, undefined)) === undefined) return;
    throw stateConflict(
      "this storage ignores conditional writes (If-None-Match), so it can't keep a lock",
      files.place,
    );
  }

  #dead(holder: Holder): boolean {
    const { clock, processes } = this.#options;
    if (holder.host === processes.self.host) {
      // A process that holds another lease of ours is us; one that is gone gives way at once.
      if (!processes.alive(holder.pid)) return true;
    }
    return Date.parse(holder.expires ?? "") + skewMilliseconds < clock.now().getTime();
  }

  #expiry(now: Date): string {
    return new Date(now.getTime() + ttlMilliseconds).toISOString();
  }

  async #read(): Promise<{ readonly record: Record; readonly version: string | undefined }> {
    const file = await this.#options.files.read(this.#options.name);
    if (file === undefined) return { record: { fence: 0 }, version: undefined };
    return { record: JSON.parse(file.text) as Record, version: file.version };
  }

  /** Undefined where somebody else was first; a write whose answer was lost counts as done. */
  async #replace(record: Record, over: string | undefined): Promise<string | undefined> {
    const { files, name } = this.#options;
    const text = JSON.stringify(record);
    const version = await files.write(name, text, over);
    if (version !== undefined) return version;
    const now = await files.read(name);
    return now?.text === text ? now.version : undefined;
  }
}
