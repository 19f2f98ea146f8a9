import type { Lease } from "../lease/lease.ts";
import type { Journal } from "./journal.ts";
import type { ReleaseContext } from "./model.ts";

/** The life of a deploy, in order. Each may be the last one that was begun: the next run takes it from there. */
export const releaseSteps = [
  "resolve",
  "lease",
  "host",
  "services",
  "converge",
  "pull",
  "proof",
  "restore-point",
  "migrate",
  "start",
  "health",
  "switch",
  "soak",
  "drain",
  "stop",
  "record",
  "prune",
  "release",
] as const;

export type ReleaseStep = (typeof releaseSteps)[number];

/** Walks through the steps: says so, times them, notes them in the journal, and stops where the lease is lost. */
export interface Walk {
  step<T>(name: ReleaseStep, body: () => Promise<T>): Promise<T>;
  /** A step without a lease to check or a note to write. */
  enter(name: ReleaseStep): void;
  readonly say: (message: string) => void;
  /** Resolves when every note so far is in the journal. */
  noted(): Promise<void>;
  readonly timings: readonly { readonly step: string; readonly milliseconds: number }[];
}

export function startWalk(
  context: ReleaseContext,
  release: () => string,
  guard: () => { readonly lease: Lease; readonly journal: Journal } | undefined,
): Walk {
  const timings: { step: string; milliseconds: number }[] = [];
  let latest: ReleaseStep = "resolve";
  let notes: Promise<void> = Promise.resolve();
  const emit = (message?: string): void =>
    context.emit({
      type: "release.step",
      environment: context.target.environment,
      release: release(),
      step: latest,
      ...(message === undefined ? {} : { message }),
    });
  return {
    timings,
    say: emit,
    enter(name) {
      latest = name;
      emit();
    },
    noted: () => notes,
    async step(name, body) {
      context.signal?.throwIfAborted();
      latest = name;
      emit();
      const held = guard();
      await held?.lease.check();
      const started = context.clock.now().getTime();
      try {
        return await body();
      } finally {
        const milliseconds = context.clock.now().getTime() - started;
        timings.push({ step: name, milliseconds });
        // In the background: nothing depends on a note.
        const note = { at: context.clock.now().toISOString(), release: release(), step: name, milliseconds };
        if (held) notes = notes.then(() => held.journal.note(note)).catch(() => {});
      }
    },
  };
}
