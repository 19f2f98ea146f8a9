import { error, type Outcome } from "@doge/core";
import { resourceAddress, type State, type StateInstance, type StateResource } from "./model.ts";

/** Reads a state of version 4. Older versions and torn files are errors; nothing is guessed. */
export function parseState(text: string): Outcome<State> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused("The state is not JSON", "It may have been cut off, or edited by hand.");
  }
  if (typeof json !== "object" || json === null || !("version" in json)) {
    return refused("The state has no version", "This is no Terraform state.");
  }
  const state = json as Partial<State> & { readonly version: unknown };
  if (state.version !== 4) {
    return refused(
      "Unsupported state version",
      `This state is of version ${String(state.version)}; Doge reads version 4.`,
    );
  }
  if (typeof state.lineage !== "string" || typeof state.serial !== "number") {
    return refused("The state is incomplete", "It lacks its lineage or its serial.");
  }
  const value: State = {
    version: 4,
    terraform_version: state.terraform_version ?? "",
    serial: state.serial,
    lineage: state.lineage,
    outputs: state.outputs ?? {},
    resources: state.resources ?? [],
    check_results: state.check_results ?? null,
  };
  return { value, diagnostics: [] };
}

const refused = (summary: string, detail: string): Outcome<State> => ({
  diagnostics: [
    error({
      code: "state-unreadable",
      summary,
      detail,
      remedy: "Restore a state from a backup, or from an earlier state version.",
    }),
  ],
});

/** The state's file: resources and instances in a stable order, indented like Terraform's own. */
export function serializeState(state: State): string {
  return `${JSON.stringify({ ...state, outputs: sortedRecord(state.outputs), resources: sortedResources(state.resources) }, null, 2)}\n`;
}

const sortedRecord = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

function sortedResources(resources: readonly StateResource[]): StateResource[] {
  return [...resources]
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    .map((resource) => ({ ...resource, instances: [...resource.instances].sort(byKey) }));
}

/** The root module's come first, then module by module. */
const sortKey = (resource: StateResource): string => `${resource.module ?? ""} ${resourceAddress(resource)}`;

function byKey(a: StateInstance, b: StateInstance): number {
  const [x, y] = [a.index_key, b.index_key];
  if (typeof x === "number" && typeof y === "number" && x !== y) return x - y;
  const [p, q] = [`${x ?? ""} ${a.deposed ?? ""}`, `${y ?? ""} ${b.deposed ?? ""}`];
  return p < q ? -1 : p > q ? 1 : 0;
}
