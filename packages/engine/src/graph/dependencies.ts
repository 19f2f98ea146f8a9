import { closure } from "./graph.ts";
import type { Prepared } from "./prepare.ts";

const known = new WeakMap<Prepared, Map<string, readonly string[]>>();

/** All resources and data sources behind one (by its address without instance keys), sorted: what the state keeps as `dependencies`. */
export function dependenciesOf(prepared: Prepared, resource: string): readonly string[] {
  let cache = known.get(prepared);
  if (cache === undefined) known.set(prepared, (cache = new Map()));
  let found = cache.get(resource);
  if (found === undefined) {
    const reached = closure(prepared.graph, prepared.graph.get(resource) ?? []);
    found = [...reached].filter((key) => key !== resource && prepared.resources.has(key)).sort();
    cache.set(resource, found);
  }
  return found;
}
