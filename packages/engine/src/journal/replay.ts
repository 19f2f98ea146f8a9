import { instanceAddress, resourceAddress, resourceOf, type State } from "../state/model.ts";
import { type WorkingChange, WorkingState } from "../state/working.ts";
import type { StateMark, Unsettled } from "./journal.ts";

/** The object that a change is about: the address, with the key of a deposed one behind it. */
export const subjectOf = (change: WorkingChange): string => {
  const { address, deposed } =
    "gone" in change
      ? change
      : {
          address: instanceAddress(resourceAddress(change.head), change.instance.index_key),
          deposed: change.instance.deposed,
        };
  return deposed === undefined ? address : `${address} (deposed ${deposed})`;
};

/**
 * Puts into a state what an interrupted run recorded and could no longer write. On the state that it worked on, everything
 * counts. Where somebody wrote a newer one since, only objects that this knows nothing of are added: refreshing tells
 * whether they still exist. Returns what was taken over.
 */
export function replay(working: WorkingState, { changes, since }: Unsettled, baseline: StateMark): readonly string[] {
  const same = since?.lineage === baseline.lineage && since.serial === baseline.serial;
  const last = new Map(changes.map((change) => [subjectOf(change), change] as const));
  const taken: string[] = [];
  for (const [subject, change] of last) {
    if ("gone" in change) {
      if (!same || working.get(change.resource, change.address, change.deposed) === undefined) continue;
      working.delete(change.resource, change.address, change.deposed);
    } else {
      const address = instanceAddress(resourceAddress(change.head), change.instance.index_key);
      if (!same && working.get(resourceOf(address), address, change.instance.deposed) !== undefined) continue;
      working.set(change.head, change.instance);
    }
    taken.push(subject);
  }
  working.takeChanges();
  return taken;
}

/** The state with what an interrupted run recorded, for who changes states by hand. */
export function withUnsettled(state: State, unsettled: Unsettled): State {
  const working = new WorkingState(state);
  replay(working, unsettled, state);
  return working.snapshot();
}
