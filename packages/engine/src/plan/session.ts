import { type Diagnostic, diagnosticsOf, fail } from "@doge/core";
import { typeOfBlock } from "../config/schema-types.ts";
import type { Clients } from "../graph/clients.ts";
import { type Evaluation, type ModuleInstance, repeated } from "../graph/evaluation.ts";
import type { Key } from "../graph/expand.ts";
import type { Dependencies } from "../graph/dependencies.ts";
import { closure } from "../graph/graph.ts";
import { inModule } from "../graph/modules.ts";
import type { Prepared, PreparedResource } from "../graph/prepare.ts";
import type { PreparedProvider } from "../graph/providers.ts";
import type { Intent, Journal } from "../journal/journal.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { ResourceType } from "../provider.ts";
import { configAddress, instanceAddress, type StateInstance, type StateResource } from "../state/model.ts";
import { objectOf, type StoredObject } from "../state/objects.ts";
import type { WorkingState } from "../state/working.ts";
import type { CheckResults } from "./conditions.ts";
import type { Mode, ResourceChange } from "./model.ts";
import type { Pending } from "./pending.ts";
import type { Refresher } from "./refresh.ts";

/** One planning at work: what it was given, and what it found so far. */
export interface PlanSession {
  readonly mode: Mode;
  readonly prepared: Prepared;
  readonly dependencies: Dependencies;
  readonly evaluation: Evaluation;
  readonly clients: Clients;
  readonly refresher: Refresher;
  /** The state, brought up to date as objects are read. */
  readonly working: WorkingState;
  readonly journal?: Journal;
  readonly intents: Map<string, Intent>;
  /** False: the state is believed. */
  readonly refresh: boolean;
  readonly replace: ReadonlySet<string>;
  /** Undefined: everything. */
  readonly targeted?: (instance: string, resource: string) => boolean;
  /** Addresses without instance keys. */
  readonly createBeforeDestroy: ReadonlySet<string>;
  readonly diagnostics: Diagnostic[];
  readonly changes: ResourceChange[];
  readonly data: Record<string, StoredObject>;
  readonly takenOver: string[];
  readonly unsettled: readonly string[];
  readonly checks: CheckResults;
  /** Failing conditions are warned of only. */
  readonly lenient: boolean;
  /** Where `moved` blocks took objects from, by their new address. */
  readonly moved: ReadonlyMap<string, string>;
  readonly pending: Pending;
}

export function report(session: { readonly diagnostics: Diagnostic[] }, thrown: unknown, address?: string): false {
  session.diagnostics.push(
    ...diagnosticsOf(thrown).map((d) => (d.address === undefined && address !== undefined ? { ...d, address } : d)),
  );
  return false;
}

/** The address of a resource in one instance of its module: `module.web["a"].digitalocean_droplet.app`. */
export const addressIn = (resource: PreparedResource, at: ModuleInstance): string =>
  inModule(at.address, resource.block.address);

/** The resource's value from the state alone: for what is not planned. */
export function valueFromState(resource: PreparedResource, at: ModuleInstance, working: WorkingState): Value {
  const { block, schema } = resource;
  const instances = new Map<Key, Value>();
  for (const one of working.instancesOf(addressIn(resource, at))) {
    if (one.deposed === undefined) instances.set(one.index_key, objectOf(one, schema));
  }
  const single = block.count === undefined && block.forEach === undefined;
  if (single && !instances.has(undefined)) return v.unknownOf(typeOfBlock(schema));
  return repeated(block, instances);
}

/** The resource type behind an object of the state. */
export function typeFor(
  provider: PreparedProvider,
  type: string,
  schemaVersion: number,
  address: string,
): ResourceType<unknown> {
  const found = provider.provider.resources.find((one) => one.type === type);
  if (found === undefined) {
    return fail({
      code: "state-unknown-type",
      summary: "The state holds an object of an unknown type",
      detail: `Provider ${provider.provider.source} has no resource type "${type}".`,
      address,
    });
  }
  if (schemaVersion > found.schemaVersion) {
    return fail({
      code: "state-newer-schema",
      summary: "Resource instance managed by newer provider version",
      detail: `The object was written with schema version ${schemaVersion}; this provider (${provider.provider.version}) knows version ${found.schemaVersion}.`,
      address,
    });
  }
  return found;
}

/** The provider that an object of the state belongs to. */
export function providerOf(prepared: Prepared, address: string): PreparedProvider | undefined {
  for (const provider of prepared.providers.values()) if (provider.address === address) return provider;
  return undefined;
}

/** Resources that are made anew before the old ones go: those that say so and all they depend on. */
export function createBeforeDestroyOf(prepared: Prepared): Set<string> {
  const asked = [...prepared.resources.values()].filter((one) => one.block.createBeforeDestroy);
  const reached = closure(
    prepared.graph,
    asked.map((one) => one.address),
  );
  return new Set([...reached].filter((key) => prepared.resources.get(key)?.block.mode === "managed"));
}

/** Where the state keeps a resource's instances. */
export const headOf = (resource: PreparedResource, at: ModuleInstance): Omit<StateResource, "instances" | "each"> => ({
  ...(at.address === "" ? {} : { module: at.address }),
  mode: resource.block.mode,
  type: resource.block.type,
  name: resource.block.name,
  provider: resource.provider.address,
});

/** The part of a change that says what it is about. */
export const subject = (resource: PreparedResource, at: ModuleInstance, key: Key) => ({
  address: instanceAddress(addressIn(resource, at), key),
  resource: addressIn(resource, at),
  config: resource.address,
  ...(at.address === "" ? {} : { module: at.address }),
  ...(key === undefined ? {} : { key }),
  mode: resource.block.mode,
  type: resource.block.type,
  name: resource.block.name,
  provider: resource.provider.address,
  schemaVersion: resource.type?.schemaVersion ?? 0,
});

/** The same of an object that the state alone knows. */
export const storedSubject = (
  head: Omit<StateResource, "instances" | "each">,
  resource: string,
  { index_key: key, schema_version: schemaVersion }: Pick<StateInstance, "index_key" | "schema_version">,
) => ({
  address: instanceAddress(resource, key),
  resource,
  config: configAddress(resource),
  ...(head.module === undefined ? {} : { module: head.module }),
  ...(key === undefined ? {} : { key }),
  mode: head.mode,
  type: head.type,
  name: head.name,
  provider: head.provider,
  schemaVersion,
});
