/** What HCP Terraform reads out of a state file (format 4). */
import { conflict, isRecord } from "./jsonapi.ts";
import type { Hcp, StateVersion, Workspace } from "./model.ts";

export interface StateContent {
  readonly serial: number;
  readonly lineage: string;
  readonly terraformVersion: string;
  readonly outputs: Readonly<Record<string, StateOutput>>;
  /** Instances of managed resources. */
  readonly resourceCount: number;
}

export interface StateOutput {
  readonly value: unknown;
  /** A type in cty's JSON form: `"string"`, `["list", "string"]`. */
  readonly type: unknown;
  readonly sensitive: boolean;
}

/** @throws ApiError 409 for what is no state of format 4. */
export function readState(bytes: string | Uint8Array): StateContent {
  let state: unknown;
  try {
    state = JSON.parse(typeof bytes === "string" ? bytes : Buffer.from(bytes).toString());
  } catch {
    throw conflict("The state is not JSON");
  }
  if (!isRecord(state) || state["version"] !== 4) throw conflict("The state is not of format version 4");
  const outputs = isRecord(state["outputs"]) ? state["outputs"] : {};
  const resources = Array.isArray(state["resources"]) ? state["resources"].filter(isRecord) : [];
  return {
    serial: Number(state["serial"]),
    lineage: asText(state["lineage"]),
    terraformVersion: asText(state["terraform_version"]),
    outputs: Object.fromEntries(
      Object.entries(outputs)
        .filter((entry): entry is [string, Readonly<Record<string, unknown>>] => isRecord(entry[1]))
        .map(([name, { value, type, sensitive }]) => [name, { value, type, sensitive: sensitive === true }]),
    ),
    resourceCount: resources
      .filter(({ mode }) => mode === "managed")
      .reduce((count, { instances }) => count + (Array.isArray(instances) ? instances.length : 0), 0),
  };
}

const asText = (value: unknown): string => (typeof value === "string" ? value : "");

export const currentState = (hcp: Hcp, workspace: Workspace): StateVersion | undefined =>
  workspace.stateVersionId === undefined ? undefined : hcp.states.get(workspace.stateVersionId);

export const resourceCount = (hcp: Hcp, workspace: Workspace): number =>
  currentState(hcp, workspace)?.resourceCount ?? 0;
