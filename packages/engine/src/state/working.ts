import {
  instanceAddress,
  resourceAddress,
  type State,
  type StateInstance,
  type StateOutput,
  type StateResource,
  terraformVersion,
} from "./model.ts";

type Head = Omit<StateResource, "instances" | "each">;

/** One change of a working state. */
export type WorkingChange =
  | { readonly head: Head; readonly instance: StateInstance }
  | { readonly resource: string; readonly address: string; readonly deposed?: string; readonly gone: true };

/** A state that is being changed. Instances are found by their address, deposed ones by address and key. */
export class WorkingState {
  readonly #resources = new Map<string, Entry>();
  outputs: Record<string, StateOutput>;
  /** What became of conditions, in the state's spelling. */
  checkResults: unknown;
  #last: State;
  /** Outputs and check results of the state given last. */
  #lastRest: string;
  /** Whether something is not as in the state given last. */
  #dirty = false;
  #changes: WorkingChange[] = [];

  constructor(state: State) {
    this.#last = state;
    this.#lastRest = restOf(state.outputs, state.check_results);
    this.outputs = { ...state.outputs };
    this.checkResults = state.check_results;
    for (const { instances, each: _, ...head } of state.resources) {
      const address = resourceAddress(head);
      const keyed = instances.map((one) => [slot(instanceAddress(address, one.index_key), one.deposed), one] as const);
      this.#resources.set(address, { head, instances: new Map(keyed) });
    }
  }

  get(resource: string, instance: string, deposed?: string): StateInstance | undefined {
    return this.#resources.get(resource)?.instances.get(slot(instance, deposed));
  }

  head(resource: string): Head | undefined {
    return this.#resources.get(resource)?.head;
  }

  set(head: Head, instance: StateInstance): void {
    const address = resourceAddress(head);
    const entry: Entry = this.#resources.get(address) ?? { head, instances: new Map() };
    const key = slot(instanceAddress(address, instance.index_key), instance.deposed);
    const before = entry.instances.get(key);
    if (before === undefined || textOf([entry.head, before]) !== textOf([head, instance])) this.#dirty = true;
    entry.head = head;
    entry.instances.set(key, instance);
    delete entry.whole;
    this.#resources.set(address, entry);
    this.#changes.push({ head, instance });
  }

  delete(resource: string, instance: string, deposed?: string): void {
    const entry = this.#resources.get(resource);
    if (entry?.instances.delete(slot(instance, deposed))) {
      this.#dirty = true;
      delete entry.whole;
      this.#changes.push({ resource, address: instance, ...(deposed === undefined ? {} : { deposed }), gone: true });
    }
    if (entry?.instances.size === 0) this.#resources.delete(resource);
  }

  /** What was changed since this was asked last. */
  takeChanges(): readonly WorkingChange[] {
    return this.#changes.splice(0);
  }

  /** All instances, deposed ones among them. */
  *instances(): Iterable<{
    readonly resource: string;
    readonly address: string;
    readonly head: Head;
    readonly instance: StateInstance;
  }> {
    for (const [resource, entry] of this.#resources) {
      for (const instance of entry.instances.values()) {
        yield { resource, address: instanceAddress(resource, instance.index_key), head: entry.head, instance };
      }
    }
  }

  instancesOf(resource: string): readonly StateInstance[] {
    return [...(this.#resources.get(resource)?.instances.values() ?? [])];
  }

  /** The state as it is now: with the next serial if its content is new, else the one given last. */
  snapshot(): State {
    const rest = restOf(this.outputs, this.checkResults);
    if (!this.#dirty && rest === this.#lastRest) return this.#last;
    // What did not change since is not built anew: an apply asks often.
    const resources = [...this.#resources.values()].map(
      (entry) => (entry.whole ??= { ...entry.head, instances: [...entry.instances.values()] }),
    );
    this.#last = {
      ...this.#last,
      outputs: this.outputs,
      resources,
      check_results: this.checkResults,
      terraform_version: terraformVersion,
      serial: this.#last.serial + 1,
    };
    this.#lastRest = rest;
    this.#dirty = false;
    return this.#last;
  }
}

interface Entry {
  head: Head;
  readonly instances: Map<string, StateInstance>;
  /** As it is in a state, until it changes. */
  whole?: StateResource;
}

/** One text per content; a state's objects are always built in the same order. */
const textOf = (content: unknown): string => JSON.stringify(content);

const restOf = (outputs: Readonly<Record<string, StateOutput>>, checks: unknown): string =>
  textOf([Object.entries(outputs).sort(([a], [b]) => (a < b ? -1 : 1)), checks]);

const slot = (address: string, deposed: string | undefined): string =>
  deposed === undefined ? address : `${address} ${deposed}`;
