import { fail } from "@doge/core";
import type { Work } from "@doge/engine";

/** Pauses between polls, in milliseconds; the last one repeats. Quick at first: most waits are short. */
const pauses = [250, 500, 1_000, 2_000, 3_000] as const;

/**
 * Polls until `done` gives a value. `title` is what the wait is for ("the droplet boots"); `status` what to
 * show meanwhile. Ends with a diagnostic after `minutes`, and at once when the work's signal is raised.
 */
export async function until<T, R>(
  work: Work,
  options: {
    readonly title: string;
    readonly code: string;
    readonly minutes: number;
    readonly probe: () => Promise<T>;
    readonly done: (seen: T) => R | undefined;
    readonly status?: (seen: T) => string;
  },
): Promise<R> {
  const started = work.clock.now().getTime();
  for (let poll = 0; ; poll++) {
    const seen = await options.probe();
    const result = options.done(seen);
    if (result !== undefined) return result;
    const elapsed = work.clock.now().getTime() - started;
    const status = options.status?.(seen);
    if (elapsed > options.minutes * 60_000)
      fail({
        code: options.code,
        summary: "A wait took too long",
        detail: `Waited ${options.minutes} minutes until ${options.title}${status ? `; last seen: ${status}` : ""}.`,
        remedy: "Look at the object in the vendor's console; a further run goes on waiting where this one stopped.",
      });
    if (elapsed >= 1_000) work.progress(`${status ?? options.title}, ${Math.round(elapsed / 1_000)} s`);
    await work.clock.sleep(pauses[Math.min(poll, pauses.length - 1)] ?? 3_000, work.signal);
  }
}

/**
 * An object that was just written, as the vendor shows it: vendors read from copies that lag behind their writes, and
 * there "not there" only means "not yet".
 */
export const written = <T>(
  work: Work,
  look: () => Promise<T | undefined>,
  options: { readonly title: string; readonly code: string },
): Promise<T> => until(work, { ...options, minutes: 1, probe: look, done: (seen) => seen });
