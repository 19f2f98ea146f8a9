import { unwrap } from "@doge/core";
import { parseState, serializeState } from "./json.ts";
import { type LeaseOptions, type Held, Leases } from "./leases.ts";
import { emptyState, type State } from "./model.ts";
import type { Sealer } from "./seal.ts";
import { checkSuccession, type Lease, leaseLost, type StateStore, stateConflict } from "./store.ts";
import type { VersionedFiles } from "./versioned-files.ts";

export interface VersionedStoreOptions extends Pick<LeaseOptions, "clock" | "processes"> {
  readonly files: VersionedFiles;
  /** Name of the state's file; the lease stands beside it as `<name>.lease`. */
  readonly name: string;
  /** Seals the state at rest. */
  readonly sealer: Sealer;
}

interface Known {
  readonly state: State | undefined;
  readonly version: string | undefined;
  /** Sealed as it should be. */
  readonly current: boolean;
}

/**
 * A state and its lease in a place with compare and swap: a folder, an S3 bucket. The state's own version is the
 * fence: whoever takes a lease over writes the state once with the next serial, and whatever the last owner may still
 * send then meets another version.
 */
export function versionedStateStore(options: VersionedStoreOptions): StateStore {
  const { files, name, sealer } = options;
  const place = `${files.place}/${name}`;
  const leases = new Leases({ ...options, name: `${name}.lease` });

  const load = async (): Promise<Known> => {
    const file = await files.read(name);
    if (file === undefined) return { state: undefined, version: undefined, current: true };
    const state = unwrap(parseState(sealer.open(file.text, name)));
    return { state, version: file.version, current: sealer.current(file.text) };
  };

  /** Writes over what is known to be there. */
  async function replace(held: Held, known: Known, next: State): Promise<Known> {
    await held.check();
    const sealed = sealer.seal(serializeState(next), name);
    const version = await files.write(name, sealed, known.version);
    if (version !== undefined) return { state: next, version, current: true };
    const now = await files.read(name);
    // Our own write, whose answer was lost.
    if (now?.text === sealed) return { state: next, version: now.version, current: true };
    await held.check();
    throw stateConflict("it was written by somebody else in the meantime", place);
  }

  async function open(held: Held): Promise<Lease> {
    let known = await load();
    if (held.takenOver) {
      const state = known.state ?? emptyState();
      known = await replace(held, known, { ...state, serial: state.serial + 1 });
    } else if (known.state && !known.current) known = await replace(held, known, known.state);
    let queue: Promise<unknown> = Promise.resolve();
    const save = async (state: State): Promise<void> => {
      if (held.lost.aborted) throw leaseLost(place);
      checkSuccession(known.state, state, place);
      if (known.state?.serial === state.serial) return held.check();
      known = await replace(held, known, state);
    };
    return {
      id: held.id,
      fence: held.fence,
      lost: held.lost,
      read: () => Promise.resolve(known.state),
      save: (state) => {
        const saving = queue.then(() => save(state));
        queue = saving.catch(() => undefined);
        return saving;
      },
      release: async () => {
        await queue;
        await held.release();
      },
    };
  }

  return {
    place,
    read: async () => (await load()).state,
    holder: () => leases.holder(),
    forceUnlock: (id) => leases.break(id),
    async lock(purpose) {
      const held = await leases.take(purpose);
      try {
        return await open(held);
      } catch (thrown) {
        await held.release();
        throw thrown;
      }
    },
  };
}
