/** Nodes by key, each with the keys it depends on. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Groups of nodes that depend on themselves through each other (Tarjan, without recursion on long chains). */
export function cyclesOf(graph: Graph): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open = new Set<string>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  for (const start of graph.keys()) {
    if (index.has(start)) continue;
    const work: { key: string; edges: Iterator<string> }[] = [];
    const enter = (key: string): void => {
      index.set(key, index.size);
      low.set(key, index.size - 1);
      stack.push(key);
      open.add(key);
      work.push({ key, edges: (graph.get(key) ?? new Set<string>()).values() });
    };
    enter(start);
    while (work.length > 0) {
      const { key, edges } = work.at(-1) as (typeof work)[number];
      const next = edges.next();
      if (!next.done) {
        if (!graph.has(next.value)) continue;
        if (!index.has(next.value)) enter(next.value);
        else if (open.has(next.value)) low.set(key, Math.min(low.get(key) ?? 0, index.get(next.value) ?? 0));
        continue;
      }
      work.pop();
      const parent = work.at(-1)?.key;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(key) ?? 0));
      if (low.get(key) !== index.get(key)) continue;
      const group: string[] = [];
      for (;;) {
        const member = stack.pop() as string;
        open.delete(member);
        group.push(member);
        if (member === key) break;
      }
      if (group.length > 1 || graph.get(key)?.has(key)) cycles.push(group.sort());
    }
  }
  return cycles;
}

/** The nodes and all that they depend on. */
export function closure(graph: Graph, start: Iterable<string>): Set<string> {
  const seen = new Set<string>();
  const work = [...start];
  for (let key = work.pop(); key !== undefined; key = work.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    for (const next of graph.get(key) ?? []) work.push(next);
  }
  return seen;
}

/**
 * Visits every node after all it depends on, as many at once as the graph allows. A visit that gives false
 * (or throws) keeps everything behind it from being visited. Returns the keys that were skipped.
 */
export async function walk(graph: Graph, visit: (key: string) => Promise<boolean> | boolean): Promise<Set<string>> {
  const waiting = new Map<string, number>();
  const dependents = new Map<string, string[]>();
  const skipped = new Set<string>();
  for (const [key, needs] of graph) {
    const present = [...needs].filter((need) => graph.has(need));
    waiting.set(key, present.length);
    for (const need of present) {
      const list = dependents.get(need);
      if (list) list.push(key);
      else dependents.set(need, [key]);
    }
  }
  const blocked = new Set<string>();
  const run = async (key: string): Promise<void> => {
    const good = !blocked.has(key) && (await visit(key));
    if (blocked.has(key)) skipped.add(key);
    const ready: string[] = [];
    for (const next of dependents.get(key) ?? []) {
      if (!good) blocked.add(next);
      const left = (waiting.get(next) ?? 1) - 1;
      waiting.set(next, left);
      if (left === 0) ready.push(next);
    }
    await Promise.all(ready.map(run));
  };
  await Promise.all([...waiting].filter(([, count]) => count === 0).map(([key]) => run(key)));
  return skipped;
}

/** Lets `most` pieces of work run at once; the others wait in order. */
export class Limiter {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
