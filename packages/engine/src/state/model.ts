import { randomUUID } from "node:crypto";
import type { Type } from "../schema.ts";

export type PathStep =
  | { readonly type: "get_attr"; readonly value: string }
  | { readonly type: "index"; readonly value: { readonly value: string | number; readonly type: "string" | "number" } };

/** Terraform's state, version 4, as it stands in the file. */
export interface State {
  readonly version: 4;
  readonly terraform_version: string;
  readonly serial: number;
  readonly lineage: string;
  readonly outputs: Readonly<Record<string, StateOutput>>;
  readonly resources: readonly StateResource[];
  readonly check_results: unknown;
}

export interface StateOutput {
  readonly value: unknown;
  readonly type: Type;
  readonly sensitive?: boolean;
}

export interface StateResource {
  readonly module?: string;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly name: string;
  /** `provider["registry.terraform.io/digitalocean/digitalocean"]`, with `.alias` behind it where there is one. */
  readonly provider: string;
  readonly each?: string;
  readonly instances: readonly StateInstance[];
}

export interface StateInstance {
  readonly index_key?: string | number;
  readonly status?: "tainted";
  readonly deposed?: string;
  readonly schema_version: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly sensitive_attributes?: readonly (readonly PathStep[])[];
  readonly private?: string;
  readonly dependencies?: readonly string[];
  readonly create_before_destroy?: boolean;
  readonly identity?: unknown;
  readonly identity_schema_version?: number;
}

/** The version of Terraform whose states and plans these are. */
export const terraformVersion = "1.11.4";

/** A state with nothing in it and a lineage of its own. */
export const emptyState = (): State => ({
  version: 4,
  terraform_version: terraformVersion,
  serial: 0,
  lineage: randomUUID(),
  outputs: {},
  resources: [],
  check_results: null,
});

export const resourceAddress = (resource: Pick<StateResource, "module" | "mode" | "type" | "name">): string =>
  `${resource.module === undefined ? "" : `${resource.module}.`}${resource.mode === "data" ? "data." : ""}${resource.type}.${resource.name}`;

/** `web`, `web[0]`, `web["a"]` */
export const instanceAddress = (resource: string, key: string | number | undefined): string =>
  key === undefined ? resource : `${resource}[${JSON.stringify(key)}]`;

/** The address of the resource that an instance's address belongs to. */
export const resourceOf = (address: string): string => address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]$/, "");

const keys = /\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g;

/** The address without any instance keys, of modules or of the resource. */
export const configAddress = (address: string): string => address.replace(keys, "");

/** The module instance that a resource or instance belongs to; `""` for the root. */
export function moduleOf(address: string): string {
  const found = /^(?:module\.[\w-]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?\.)+/.exec(address)?.[0];
  return found === undefined ? "" : found.slice(0, -1);
}
