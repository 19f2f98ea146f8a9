import type { Diagnostic, ResourceAction } from "@doge/core";
import type { LoadedConfiguration } from "../config/model.ts";
import type { Value } from "../lang/values.ts";
import type { State } from "../state/model.ts";
import type { CheckedObject } from "./conditions.ts";
import type { Path, StoredObject } from "../state/objects.ts";

/** A variable from outside: a JSON value, or text in HCL's expression syntax. */
export type VariableValue =
  | { readonly value: unknown }
  | { readonly expression: string }
  /** As from a command line or an environment: an expression, or the string itself where the type is primitive. */
  | { readonly text: string };

export type Mode = "normal" | "destroy" | "refresh-only";

/** Why an object is replaced, deleted or read late: Terraform's own words. */
export type Reason =
  | "replace_because_tainted"
  | "replace_because_cannot_update"
  | "replace_by_request"
  | "replace_by_triggers"
  | "delete_because_no_resource_config"
  | "delete_because_no_module"
  | "delete_because_no_move_target"
  | "delete_because_wrong_repetition"
  | "delete_because_count_index"
  | "delete_because_each_key"
  | "read_because_config_unknown"
  | "read_because_dependency_pending"
  | "read_because_check_nested";

export interface ResourceChange {
  /** `module.app["x"].digitalocean_droplet.web["a"]` */
  readonly address: string;
  /** `module.app["x"].digitalocean_droplet.web` */
  readonly resource: string;
  /** `module.app.digitalocean_droplet.web` */
  readonly config: string;
  /** `module.app["x"]`; absent in the root. */
  readonly module?: string;
  readonly key?: string | number;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly name: string;
  /** As the state spells it. */
  readonly provider: string;
  /** Of the provider that plans it; 0 for data sources. */
  readonly schemaVersion: number;
  readonly action: ResourceAction;
  readonly reason?: Reason;
  readonly replacePaths: readonly Path[];
  readonly createBeforeDestroy: boolean;
  readonly before?: Value;
  readonly after?: Value;
  /** An object that an earlier replacement left to be destroyed. */
  readonly deposed?: string;
  /** Where a `moved` block took the object from. */
  readonly previous?: string;
  /** The id by which an `import` block brings the object in. */
  readonly importing?: string;
}

export interface OutputChange {
  readonly name: string;
  readonly action: "create" | "update" | "delete" | "no-op";
  readonly sensitive: boolean;
  readonly before?: Value;
  readonly after?: Value;
}

/** What an apply will do: all that it needs, so that it does exactly this. */
export interface Plan {
  readonly mode: Mode;
  readonly configuration: LoadedConfiguration;
  readonly variables: Readonly<Record<string, VariableValue>>;
  readonly workspace: string;
  /** The state that was planned on: an apply refuses any other. */
  readonly baseline: { readonly lineage: string; readonly serial: number };
  /** The state as refreshed, objects of interrupted creates among it. */
  readonly prior: State;
  /** Source and version of every provider. */
  readonly providerVersions: Readonly<Record<string, string>>;
  readonly changes: readonly ResourceChange[];
  /** What changed outside of Doge. */
  readonly drift: readonly ResourceChange[];
  /** Where `moved` blocks took objects from, by their new address. */
  readonly moved: Readonly<Record<string, string>>;
  readonly outputs: readonly OutputChange[];
  /** What data sources said, by instance address. */
  readonly data: Readonly<Record<string, StoredObject>>;
  /** Addresses whose interrupted creates were found and taken over. */
  readonly takenOver: readonly string[];
  /** What an interrupted run had recorded when this was planned, whether or not the state knew of it already. */
  readonly unsettled: readonly string[];
  readonly targets: readonly string[];
  /** What became of conditions and checks, as far as it is known before the apply. */
  readonly checks: readonly CheckedObject[];
  readonly timestamp: string;
  readonly warnings: readonly Diagnostic[];
}

export const planSummary = (
  plan: Plan,
): { readonly add: number; readonly change: number; readonly destroy: number } => {
  const count = (...actions: readonly ResourceAction[]): number =>
    plan.changes.filter((change) => change.mode === "managed" && actions.includes(change.action)).length;
  return { add: count("create", "replace"), change: count("update"), destroy: count("delete", "replace") };
};

/** Whether an apply would do or write anything. */
export const hasChanges = (plan: Plan): boolean =>
  plan.takenOver.length > 0 ||
  plan.changes.some(
    (change) => change.action !== "no-op" || change.previous !== undefined || change.importing !== undefined,
  ) ||
  plan.outputs.some((output) => output.action !== "no-op") ||
  // What data sources said goes with the rest.
  (plan.mode === "destroy" && plan.prior.resources.some((resource) => resource.mode === "data")) ||
  (plan.mode === "refresh-only" && (plan.drift.length > 0 || Object.keys(plan.moved).length > 0));
