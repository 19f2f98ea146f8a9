import type { Random } from "../random.ts";

/** What all modules of one case share. */
export class Context {
  readonly random: Random;
  #next = 0;

  constructor(random: Random) {
    this.random = random;
  }

  /** A name that nothing in the case has: of blocks and of the vendor's objects. */
  fresh(prefix: string): string {
    return `${prefix}${this.#next++}`;
  }
}
