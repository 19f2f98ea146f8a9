import type { State } from "../state/model.ts";
import type { WorkingState } from "../state/working.ts";

export interface StateSink {
  save(state: State): Promise<void>;
}

/** Writes the state, one write at a time: whoever asks while one runs shares the next. */
export class Saver {
  readonly #working: WorkingState;
  readonly #sink: StateSink;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #serial: number;

  constructor(working: WorkingState, sink: StateSink, serial: number) {
    this.#working = working;
    this.#sink = sink;
    this.#serial = serial;
  }

  /** Returns when a state that holds everything known at the call is written. Throws where the write failed. */
  save(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#start();
      });
    return this.#next;
  }

  #start(): Promise<void> {
    const state = this.#working.snapshot();
    if (state.serial === this.#serial) return Promise.resolve();
    const write = this.#sink.save(state).then(() => {
      this.#serial = state.serial;
    });
    const running = write.finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
