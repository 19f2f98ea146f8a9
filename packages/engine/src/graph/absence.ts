import type { Work } from "../provider.ts";

/** Pauses before "not there" is asked about again, in milliseconds. */
const doubts = [500, 1_500] as const;

/**
 * What a look finds, or undefined where it is not there and stays so: vendors read from copies that lag behind their
 * writes, and who believes the first "not there" makes an object twice.
 */
export async function seenOrGone<T>(
  look: () => Promise<T | undefined>,
  { clock, signal }: Work,
): Promise<T | undefined> {
  let seen = await look();
  for (const pause of doubts) {
    if (seen !== undefined) return seen;
    await clock.sleep(pause, signal);
    seen = await look();
  }
  return seen;
}
