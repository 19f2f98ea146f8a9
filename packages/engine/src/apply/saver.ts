import type { Clock } from "@doge/core";
import type { Journal } from "../journal/journal.ts";
import type { State } from "../state/model.ts";
import type { WorkingState } from "../state/working.ts";

export interface StateSink {
  save(state: State): Promise<void>;
}

/** Writing the state takes at most this part of the time: the larger it is, the rarer it is written. */
const share = 0.25;

/**
 * Keeps what an apply did. Every change is in the journal, synced, before anybody goes on; the state, which is written
 * whole, follows in the background as often as a fixed share of the time allows, so that an apply stays linear.
 */
export class Saver {
  readonly #working: WorkingState;
  readonly #sink: StateSink;
  readonly #journal: Journal;
  readonly #clock: Clock;
  #serial: number;
  #recorded = 0;
  #settled = -1;
  #recording: Promise<unknown> = Promise.resolve();
  #writing: Promise<void> | undefined;
  #notBefore = 0;

  constructor(
    working: WorkingState,
    options: {
      readonly sink: StateSink;
      readonly journal: Journal;
      readonly clock: Clock;
      /** Serial of the state that is in the store. */
      readonly serial: number;
    },
  ) {
    this.#working = working;
    this.#sink = options.sink;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#serial = options.serial;
  }

  /** Writes what planning found; what the journal held until now is part of it. */
  async begin(): Promise<void> {
    this.#recorded = (await this.#journal.unsettled()).last;
    await this.flush();
  }

  /** Returns when everything changed until the call is on disk here. Throws where that failed. */
  async save(): Promise<void> {
    const changes = this.#working.takeChanges();
    if (changes.length > 0) {
      this.#recording = this.#journal.record(changes).then((number) => {
        this.#recorded = Math.max(this.#recorded, number);
      });
    }
    await this.#recording;
    if (this.#writing !== undefined || this.#clock.now().getTime() < this.#notBefore) return;
    // What goes wrong here is told by the last write; until then the journal has it all.
    this.#write().catch(() => undefined);
  }

  /** Returns when everything changed until the call is in the store. Throws where a write failed. */
  async flush(): Promise<void> {
    await this.save();
    await this.#writing?.catch(() => undefined);
    await this.#write();
  }

  #write(): Promise<void> {
    const started = this.#clock.now().getTime();
    const state = this.#working.snapshot();
    const upTo = this.#recorded;
    if (state.serial === this.#serial && upTo === this.#settled) return Promise.resolve();
    const writing = this.#put(state, upTo).finally(() => {
      const ended = this.#clock.now().getTime();
      this.#notBefore = ended + (ended - started) * (1 / share - 1);
      this.#writing = undefined;
    });
    this.#writing = writing;
    return writing;
  }

  async #put(state: State, upTo: number): Promise<void> {
    if (state.serial !== this.#serial) await this.#sink.save(state);
    this.#serial = state.serial;
    await this.#journal.settle(upTo, { lineage: state.lineage, serial: state.serial });
    this.#settled = upTo;
  }
}
