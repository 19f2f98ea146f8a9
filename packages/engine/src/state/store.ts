import { type Clock, fail, type Files, unwrap } from "@doge/core";
import { parseState, serializeState } from "./json.ts";
import type { State } from "./model.ts";

export interface Lock {
  release(): Promise<void>;
}

export interface StateStore {
  /** The state, or undefined where none was written yet. Throws where the file can't be understood. */
  read(): Promise<State | undefined>;
  /** Refuses another lineage, a lower serial, and the same serial with other content. */
  save(state: State): Promise<void>;
  /** Throws a `locked` diagnostic while another holds it. */
  lock(purpose: string): Promise<Lock>;
}

/**
 * A state in one file, written beside, synced and renamed, readable by its owner only (states hold secrets).
 * `takeLock` is `@doge/core/node`'s, which takes over locks of the dead; without it a lock stays until removed.
 */
export function fileStateStore(options: {
  readonly files: Files;
  readonly path: string;
  readonly clock?: Clock;
  readonly takeLock?: (path: string, purpose: string) => Promise<Lock>;
}): StateStore {
  const { files, path } = options;
  const read = async (): Promise<State | undefined> => {
    const text = await files.read(path);
    return text === undefined || text === "" ? undefined : unwrap(parseState(text));
  };
  let known: State | undefined;
  return {
    read: async () => (known = await read()),
    async save(state) {
      const before = known ?? (await read());
      const text = serializeState(state);
      if (before) refuse(before, state, text, path);
      await files.write(path, text, { mode: 0o600 });
      known = state;
    },
    lock: (purpose) => (options.takeLock ?? plainLock(files, options.clock))(`${path}.lock`, purpose),
  };
}

function refuse(before: State, next: State, text: string, path: string): void {
  const reason =
    before.lineage !== next.lineage
      ? "it belongs to another lineage"
      : next.serial < before.serial
        ? `its serial ${next.serial} is behind ${before.serial}`
        : next.serial === before.serial && serializeState(before) !== text
          ? `serial ${next.serial} was already written with other content`
          : undefined;
  if (reason !== undefined) {
    fail({
      code: "state-conflict",
      summary: "The state can't be written",
      detail: `${reason}.`,
      address: path,
      remedy: "Somebody else changed this state. Plan again.",
    });
  }
}

const plainLock =
  (files: Files, clock: Clock | undefined) =>
  async (path: string, purpose: string): Promise<Lock> => {
    const since = clock?.now().toISOString();
    if (await files.create(path, JSON.stringify({ purpose, since }))) return { release: () => files.remove(path) };
    const holder = await files.read(path);
    return fail({
      code: "locked",
      summary: "The state is locked",
      detail: holder ?? "",
      address: path,
      remedy: "Wait until the other command is done; if none runs, remove the lock file.",
    });
  };
