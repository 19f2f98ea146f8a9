/** One who waits for its turn, or has it. */
export interface Member {
  /** Called once when a newer member takes its place: `by` is the group's name. */
  cancel(by: string): void;
}

interface Waiting {
  readonly member: Member;
  readonly enter: (entered: boolean) => void;
}

/**
 * GitHub's concurrency groups: one member has its turn, one waits. A newer one takes the place of who waits, and with
 * `cancelInProgress` also ends who has the turn. Names know no case.
 */
export class ConcurrencyGroups {
  readonly #groups = new Map<string, { holder: Member; waiting: Waiting[] }>();

  /**
   * Resolves to true when the turn has come, to false when the member was replaced or withdrew before.
   * `queue` "max" lets any number wait.
   */
  enter(
    name: string,
    member: Member,
    options: { readonly cancelInProgress: boolean; readonly queue: "single" | "max"; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const key = name.toLowerCase();
    const group = this.#groups.get(key);
    if (!group) {
      this.#groups.set(key, { holder: member, waiting: [] });
      return Promise.resolve(true);
    }
    if (options.queue === "single") {
      for (const replaced of group.waiting.splice(0)) {
        replaced.member.cancel(name);
        replaced.enter(false);
      }
    }
    return new Promise((resolve) => {
      const waiting: Waiting = { member, enter: resolve };
      group.waiting.push(waiting);
      options.signal.addEventListener("abort", () => {
        const at = group.waiting.indexOf(waiting);
        if (at >= 0) group.waiting.splice(at, 1);
        resolve(false);
      });
      if (options.cancelInProgress) group.holder.cancel(name);
    });
  }

  /** Ends a member's turn: the next one's begins. */
  leave(name: string, member: Member): void {
    const key = name.toLowerCase();
    const group = this.#groups.get(key);
    if (group?.holder !== member) return;
    const next = group.waiting.shift();
    if (!next) {
      this.#groups.delete(key);
      return;
    }
    group.holder = next.member;
    next.enter(true);
  }
}

/** At most so many at once, in the order they came. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** A function that gives the slot back; undefined where the signal came first. */
  async take(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.#free > 0) this.#free--;
    else {
      const entered = await new Promise<boolean>((resolve) => {
        const enter = (): void => resolve(true);
        this.#waiting.push(enter);
        signal.addEventListener("abort", () => {
          const at = this.#waiting.indexOf(enter);
          if (at < 0) return;
          this.#waiting.splice(at, 1);
          resolve(false);
        });
      });
      if (!entered) return undefined;
    }
    return () => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }
}
