import { otherSlot, type Slot, slots } from "../edge/configuration.ts";
import type { PendingRelease, ReleaseRecord } from "./model.ts";

/** What is seen of a slot. */
export interface SlotState {
  readonly running: boolean;
  /** Answers its readiness path with success: the edge sends it requests. */
  readonly ready: boolean;
}

export interface Course {
  /** The slot that serves now; its release must not be stopped before another serves. */
  readonly live: Slot | undefined;
  /** The pending release has already taken over: it is completed, not repeated. */
  readonly adopt: boolean;
  /** Where the next release starts. */
  readonly next: Slot;
  /** Slots that run without a right to: leftovers of a deploy that was killed. Drained, then stopped. */
  readonly leftovers: readonly Slot[];
}

/**
 * Where a deploy begins, by what an earlier one may have left at any point. Pure.
 * A release takes over when its intent to switch is on record and it is ready: the old one may have been
 * told to answer 503, and does not come back from that by itself.
 */
export function chooseCourse(seen: {
  readonly current: Pick<ReleaseRecord, "slot"> | undefined;
  readonly pending: Pick<PendingRelease, "slot" | "phase"> | undefined;
  readonly states: Readonly<Record<Slot, SlotState>>;
}): Course {
  const { current, pending, states } = seen;
  const adopt = (pending?.phase === "switching" || pending?.phase === "soaking") && states[pending.slot].ready;
  const claimed = adopt ? pending.slot : current?.slot;
  // Ready counts more than what is written: whoever serves must go on.
  const live =
    claimed && states[claimed].ready
      ? claimed
      : (slots.find((slot) => states[slot].ready) ?? (claimed && states[claimed].running ? claimed : undefined));
  return {
    live,
    adopt,
    next: live ? otherSlot(live) : (claimed ?? "blue"),
    leftovers: slots.filter((slot) => slot !== live && states[slot].running),
  };
}
