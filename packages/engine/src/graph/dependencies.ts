import { configAddress } from "../state/model.ts";
import type { WorkingState } from "../state/working.ts";
import { closure } from "./graph.ts";
import { closeKey } from "./modules.ts";
import type { Prepared } from "./prepare.ts";

/** What resources depend on, all the way down: what the state keeps as `dependencies`. */
export class Dependencies {
  readonly #prepared: Prepared;
  /** Resources of the state that no block describes. */
  readonly #orphans: ReadonlySet<string>;
  readonly #known = new Map<string, readonly string[]>();

  constructor(prepared: Prepared, working?: WorkingState) {
    this.#prepared = prepared;
    const current = [...(working?.instances() ?? [])].filter(({ instance }) => instance.deposed === undefined);
    const configs = new Set(current.map(({ resource }) => configAddress(resource)));
    this.#orphans = new Set([...configs].filter((config) => !prepared.resources.has(config)));
  }

  /**
   * All resources and data sources behind one (by its address without instance keys), sorted. To a plan, which is given
   * the state, whoever waits for a whole module waits for what is about to go in it, too.
   */
  of(resource: string): readonly string[] {
    let found = this.#known.get(resource);
    if (found === undefined) {
      const { graph, resources } = this.#prepared;
      const reached = closure(graph, graph.get(resource) ?? []);
      const orphans = [...this.#orphans].filter((orphan) =>
        modulesAround(orphan).some((path) => reached.has(closeKey(path))),
      );
      found = [...[...reached].filter((key) => key !== resource && resources.has(key)), ...orphans].sort();
      this.#known.set(resource, found);
    }
    return found;
  }
}

/** `module.a.module.b.x.y` → `module.a`, `module.a.module.b` */
function modulesAround(config: string): string[] {
  const paths: string[] = [];
  for (let [path, rest] = ["", config]; rest.startsWith("module.");) {
    const name = rest.split(".", 2).join(".");
    path = path === "" ? name : `${path}.${name}`;
    rest = rest.slice(name.length + 1);
    paths.push(path);
  }
  return paths;
}
