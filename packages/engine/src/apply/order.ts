import { closure, type Graph } from "../graph/graph.ts";
import type { Prepared } from "../graph/prepare.ts";
import type { Plan, ResourceChange } from "../plan/model.ts";
import { configAddress } from "../state/model.ts";
import type { WorkingState } from "../state/working.ts";

/** What one node of an apply does. */
export type Step =
  /** Evaluates a local, provider, output, data source, or puts a resource's value together. */
  | { readonly kind: "evaluate"; readonly key: string }
  | { readonly kind: "make"; readonly change: ResourceChange }
  | { readonly kind: "remove"; readonly change: ResourceChange }
  | { readonly kind: "join" };

export interface Order {
  readonly graph: Graph;
  readonly steps: ReadonlyMap<string, Step>;
}

const makes = (change: ResourceChange): boolean =>
  change.mode === "managed" && ["create", "update", "replace"].includes(change.action);
const removes = (change: ResourceChange): boolean => ["delete", "replace", "forget"].includes(change.action);

/**
 * The order of an apply. Objects are made after all that they depend on; removed after all that depended on
 * them. A replacement removes first, unless it is made before: then the old one goes when everything that
 * used it has moved on.
 */
export function orderOf(plan: Plan, prepared: Prepared, working: WorkingState): Order {
  const graph = new Map<string, Set<string>>();
  const steps = new Map<string, Step>();
  const add = (key: string, step: Step, needs: Iterable<string> = []): void => {
    steps.set(key, step);
    graph.set(key, new Set([...(graph.get(key) ?? []), ...needs]));
  };
  const need = (key: string, other: string): void => void graph.get(key)?.add(other);

  const evaluated = evaluatedKeys(plan, prepared);
  for (const key of evaluated) {
    const needs = [...(prepared.graph.get(key) ?? [])];
    if (prepared.resources.get(key)?.type === undefined) add(key, { kind: "evaluate", key }, needs);
    else {
      add(`open ${key}`, { kind: "join" }, needs);
      add(key, { kind: "evaluate", key }, [`open ${key}`]);
    }
  }
  for (const change of plan.changes) {
    if (!makes(change)) continue;
    add(`make ${change.address}`, { kind: "make", change }, [`open ${change.config}`]);
    need(change.config, `make ${change.address}`);
  }
  addRemovals(plan, prepared, working, { add, need, graph });
  return { graph, steps };
}

interface Builder {
  readonly add: (key: string, step: Step, needs?: Iterable<string>) => void;
  readonly need: (key: string, other: string) => void;
  readonly graph: Graph;
}

const removalKey = (change: ResourceChange): string =>
  `remove ${change.address}${change.deposed === undefined ? "" : ` ${change.deposed}`}`;

function addRemovals(plan: Plan, prepared: Prepared, working: WorkingState, { add, need, graph }: Builder): void {
  const removals = plan.changes.filter(removes);
  const users = usersOf(working);
  for (const change of removals) {
    const provider = [...prepared.providers.values()].find((one) => one.address === change.provider);
    add(removalKey(change), { kind: "remove", change }, provider ? [`provider.${provider.key}`] : []);
    add(`gone ${change.config}`, { kind: "join" }, [removalKey(change)]);
  }
  for (const change of removals) {
    const key = removalKey(change);
    const later = change.action === "replace" && change.createBeforeDestroy;
    if (change.action === "replace") {
      if (later) need(key, `make ${change.address}`);
      else need(`make ${change.address}`, key);
    }
    for (const user of users.get(change.config) ?? []) {
      if (user !== change.config && graph.has(`gone ${user}`)) need(key, `gone ${user}`);
    }
    if (later) for (const user of configuredUsers(prepared, change.config)) if (graph.has(user)) need(key, user);
  }
  // Whoever stops using an object is changed before the object goes, as long as that closes no circle.
  for (const change of removals.filter((one) => one.action === "delete" && one.deposed === undefined)) {
    for (const user of users.get(change.config) ?? []) {
      for (const update of plan.changes.filter((one) => one.config === user && one.action === "update")) {
        if (!closure(graph, [`make ${update.address}`]).has(removalKey(change)))
          need(removalKey(change), `make ${update.address}`);
      }
    }
  }
}

/** By resource, without instance keys: the resources whose objects depended on it when they were last written. */
function usersOf(working: WorkingState): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  for (const { resource, instance } of working.instances()) {
    for (const dependency of instance.dependencies ?? []) {
      const set = users.get(dependency);
      if (set) set.add(configAddress(resource));
      else users.set(dependency, new Set([configAddress(resource)]));
    }
  }
  return users;
}

function configuredUsers(prepared: Prepared, resource: string): string[] {
  return [...prepared.graph.keys()].filter((key) => key !== resource && prepared.graph.get(key)?.has(resource));
}

/** Everything whose value an apply needs. A destroy needs the providers' settings only. */
function evaluatedKeys(plan: Plan, prepared: Prepared): Set<string> {
  const { graph, providers } = prepared;
  if (plan.mode === "destroy") {
    const used = new Set(plan.changes.map((change) => change.provider));
    const keys = [...providers.values()].filter((one) => used.has(one.address)).map((one) => `provider.${one.key}`);
    return closure(graph, keys);
  }
  if (plan.targets.length === 0) return new Set(graph.keys());
  const resources = plan.changes.map((change) => change.config).filter((key) => graph.has(key));
  const outputs = plan.outputs.map((output) => `output.${output.name}`).filter((key) => graph.has(key));
  const keys = [...providers.values()]
    .filter((one) => plan.changes.some((change) => change.provider === one.address))
    .map((one) => `provider.${one.key}`);
  return closure(graph, [...resources, ...outputs, ...keys]);
}
