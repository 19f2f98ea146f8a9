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
  "pending",
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

/** Walks through the steps: says so, times them, notes them in the journal. */
export interface Walk {
  step<T>(name: ReleaseStep, body: () => Promise<T>): Promise<T>;
  readonly say: (message: string) => void;
  /** The step that ends every walk: it is not stopped by a signal. */
  last(name: ReleaseStep, body: () => Promise<unknown>): Promise<void>;
  /** Resolves when every note so far is in the journal. */
  noted(): Promise<void>;
  readonly timings: readonly { readonly step: string; readonly milliseconds: number }[];
}

export function startWalk(
  context: ReleaseContext,
  release: () => string,
  note: (lines: readonly object[]) => Promise<unknown>,
): Walk {
  const timings: { step: string; milliseconds: number }[] = [];
  let latest: ReleaseStep = "resolve";
  const unwritten: object[] = [];
  let writing: Promise<void> | undefined;
  /** In the background, nothing depends on a note; what came meanwhile goes with the next. */
  const write = async (): Promise<void> => {
    while (unwritten.length > 0) await note(unwritten.splice(0)).catch(() => {});
    writing = undefined;
  };
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
    noted: async () => writing,
    async last(name, body) {
      latest = name;
      emit();
      const started = context.clock.now().getTime();
      await body();
      timings.push({ step: name, milliseconds: context.clock.now().getTime() - started });
    },
    async step(name, body) {
      context.signal?.throwIfAborted();
      latest = name;
      emit();
      const started = context.clock.now().getTime();
      try {
        return await body();
      } finally {
        const milliseconds = context.clock.now().getTime() - started;
        timings.push({ step: name, milliseconds });
        // Whatever comes before the lease may be somebody else's turn, and is not noted.
        if (name !== "resolve" && name !== "lease") {
          unwritten.push({ at: context.clock.now().toISOString(), release: release(), step: name, milliseconds });
          writing ??= write();
        }
      }
    },
  };
}
