import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Clients } from "../graph/clients.ts";
import { seenOrGone } from "../graph/absence.ts";
import type { PreparedProvider } from "../graph/providers.ts";
import type { Attributes } from "../provider.ts";
import type { StateInstance, StateResource } from "../state/model.ts";
import { objectOf, storedObject, withMarks } from "../state/objects.ts";
import type { WorkingState } from "../state/working.ts";
import type { ResourceChange } from "./model.ts";
import { storedSubject, typeFor } from "./session.ts";

type Head = Omit<StateResource, "instances" | "each">;

/** Reads the objects of the state: all of a provider at once, as soon as it is configured. */
export class Refresher {
  readonly drift: ResourceChange[] = [];
  readonly #clients: Clients;
  readonly #working: WorkingState;
  readonly #wanted: (instance: string, resource: string) => boolean;
  readonly #running = new Map<string, Promise<void>>();
  readonly #before = new Map<string, Value>();

  constructor(clients: Clients, working: WorkingState, wanted: (instance: string, resource: string) => boolean) {
    this.#clients = clients;
    this.#working = working;
    this.#wanted = wanted;
  }

  /** Starts all reads of a provider's objects. */
  begin(provider: PreparedProvider): void {
    if (!this.#clients.ready(provider)) return;
    for (const { resource, address, head, instance } of this.#working.instances()) {
      const mine = head.mode === "managed" && instance.deposed === undefined && head.provider === provider.address;
      if (!mine || this.#running.has(address) || !this.#wanted(address, resource)) continue;
      const reading = this.#clients.reads.run(() => this.#read(provider, resource, address, head, instance));
      // Whoever waits for it sees the failure; until then it must not end the process.
      reading.catch(() => undefined);
      this.#running.set(address, reading);
    }
  }

  /** Waits until the object is read; throws what its read threw. */
  async settled(address: string): Promise<void> {
    await this.#running.get(address);
  }

  /** The object as it was before this read something else. */
  before(address: string): Value | undefined {
    return this.#before.get(address);
  }

  async #read(
    provider: PreparedProvider,
    resource: string,
    address: string,
    head: Head,
    instance: StateInstance,
  ): Promise<void> {
    const type = typeFor(provider, head.type, instance.schema_version, address);
    if (type.builtin) return;
    this.#clients.context.emit({ type: "resource.refreshing", address });
    const client = await this.#clients.client(provider);
    const prior = objectOf(instance, type.schema);
    const work = this.#clients.work(address);
    const attributes = await seenOrGone(() => type.read(client, v.toPlain(prior) as Attributes, work), work);
    const about = {
      ...storedSubject(head, resource, instance),
      replacePaths: [],
      createBeforeDestroy: false,
      before: prior,
    };
    if (attributes === undefined) {
      this.#working.delete(resource, address);
      this.drift.push({ ...about, action: "delete" });
      return;
    }
    const after = withMarks(attributes, type.schema, instance.sensitive_attributes ?? []);
    if (!v.equal(prior, after)) {
      this.#before.set(address, prior);
      this.drift.push({ ...about, action: "update", after });
    }
    const stored = {
      ...instance,
      schema_version: type.schemaVersion,
      ...storedObject(after, type.schema),
    };
    this.#working.set(head, stored);
  }
}
