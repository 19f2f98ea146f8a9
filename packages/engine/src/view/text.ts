import { isMapping, type Mapping, type Value } from "../lang/values.ts";
import * as v from "../lang/values.ts";
import { type OutputChange, type Plan, planSummary, type Reason, type ResourceChange } from "../plan/model.ts";
import { attributeLines } from "./diff.ts";

/** The plan as people read it, in Terraform's manner. Sensitive values never stand in it. */
export function renderPlan(plan: Plan): string {
  const changes = plan.changes.filter(
    (change) => change.action !== "no-op" || change.previous !== undefined || change.importing !== undefined,
  );
  const outputs = plan.outputs.filter((output) => output.action !== "no-op");
  const sections: string[] = [];
  if (plan.drift.length > 0) sections.push(drift(plan.drift));
  if (plan.takenOver.length > 0) {
    sections.push(
      `An earlier run was interrupted while it created these objects. They were found and are taken over:\n${plan.takenOver.map((address) => `  - ${address}`).join("\n")}`,
    );
  }
  if (changes.length === 0 && outputs.length === 0) return [...sections, nothing(plan)].join("\n\n").concat("\n");
  if (changes.length > 0) {
    sections.push(
      legend(changes),
      "Doge will perform the following actions:",
      ...changes.map(renderChange),
      counts(plan),
    );
  }
  if (outputs.length > 0) sections.push(`Changes to Outputs:\n${outputLines(outputs).join("\n")}`);
  return `${sections.join("\n\n")}\n`;
}

function nothing(plan: Plan): string {
  if (plan.mode === "destroy") return "No changes. No objects need to be destroyed.";
  if (plan.mode === "refresh-only" && plan.drift.length > 0)
    return "This is a refresh-only plan, so nothing will be done to undo these changes. Applying it records them in the state.";
  return "No changes. Your infrastructure matches the configuration.";
}

function counts(plan: Plan): string {
  const { add, change, destroy } = planSummary(plan);
  const imported = plan.changes.filter((one) => one.importing !== undefined).length;
  const importing = imported === 0 ? "" : `${imported} to import, `;
  const forgotten = plan.changes.filter((one) => one.action === "forget").length;
  const note = forgotten === 0 ? "" : ` ${forgotten} to forget.`;
  return `Plan: ${importing}${add} to add, ${change} to change, ${destroy} to destroy.${note}`;
}

function legend(changes: readonly ResourceChange[]): string {
  const has = (action: ResourceChange["action"], cbd?: boolean): boolean =>
    changes.some((one) => one.action === action && (cbd === undefined || one.createBeforeDestroy === cbd));
  const rows = [
    has("create") && "  + create",
    has("update") && "  ~ update in-place",
    has("delete") && "  - destroy",
    has("replace", false) && "-/+ destroy and then create replacement",
    has("replace", true) && "+/- create replacement and then destroy",
    has("read") && " <= read (data resources)",
    has("forget") && "  . forget",
  ];
  return `Resource actions are indicated with the following symbols:\n${rows.filter((row) => row !== false).join("\n")}`;
}

const symbols: Readonly<Record<string, string>> = {
  create: "  +",
  update: "  ~",
  delete: "  -",
  read: " <=",
  forget: "  .",
};
const sentences: Readonly<Record<string, string>> = {
  create: "will be created",
  update: "will be updated in-place",
  delete: "will be destroyed",
  read: "will be read during apply",
  forget: "will no longer be managed by Doge, but will not be destroyed",
};

const because: Readonly<Partial<Record<Reason, (change: ResourceChange) => string>>> = {
  delete_because_no_resource_config: (change) => `(because ${change.resource} is not in configuration)`,
  delete_because_no_move_target: (change) =>
    `(because ${change.resource} was moved to here, and is not in configuration)`,
  delete_because_no_module: (change) => `(because ${change.module ?? "its module"} is not in configuration)`,
  delete_because_wrong_repetition: (change) =>
    `(because its instance key does not fit ${change.resource}'s count or for_each)`,
  delete_because_count_index: (change) => `(because index [${change.key}] is out of range for count)`,
  delete_because_each_key: (change) => `(because key [${JSON.stringify(change.key)}] is not in for_each map)`,
  read_because_config_unknown: () => "(config refers to values not yet known)",
  read_because_dependency_pending: () => "(depends on a resource or a module with changes pending)",
};

function headline(change: ResourceChange): string {
  const name = change.deposed === undefined ? change.address : `${change.address} (deposed object ${change.deposed})`;
  if (change.action === "no-op")
    return change.importing === undefined ? `${change.previous} has moved to ${name}` : `${name} will be imported`;
  if (change.action !== "replace") return `${name} ${sentences[change.action] ?? change.action}`;
  if (change.reason === "replace_because_tainted") return `${name} is tainted, so it must be replaced`;
  if (change.reason === "replace_by_request") return `${name} will be replaced, as requested`;
  if (change.reason === "replace_by_triggers") return `${name} will be replaced due to changes in replace_triggered_by`;
  return `${name} must be replaced`;
}

function renderChange(change: ResourceChange): string {
  const symbol =
    change.action === "replace" ? (change.createBeforeDestroy ? "+/-" : "-/+") : (symbols[change.action] ?? "   ");
  const note = change.reason && because[change.reason]?.(change);
  const kind = change.mode === "data" ? "data" : "resource";
  return [
    `  # ${headline(change)}`,
    ...(note ? [`  # ${note}`] : []),
    ...(change.previous !== undefined && change.action !== "no-op" ? [`  # (moved from ${change.previous})`] : []),
    ...(change.importing === undefined ? [] : [`  # (imported from ${JSON.stringify(change.importing)})`]),
    `${symbol} ${kind} ${JSON.stringify(change.type)} ${JSON.stringify(change.name)} {`,
    ...body(change),
    "    }",
  ].join("\n");
}

/** In an update, `id` and `name` stay in sight to tell the object. */
function body(change: ResourceChange): string[] {
  const [before, after] = [mapping(change.before), mapping(change.after)];
  const shown = new Set(before && after ? ["id", "name"] : []);
  return attributeLines(
    change.action === "create" ? undefined : before,
    change.action === "delete" ? undefined : after,
    { indent: 6, forced: change.replacePaths, blocks: true },
    shown,
  );
}

const mapping = (value: Value | undefined): Mapping | undefined =>
  value !== undefined && isMapping(value) ? value : undefined;

function drift(changes: readonly ResourceChange[]): string {
  const rows = changes.map((change) =>
    [
      `  # ${change.address} has ${change.action === "delete" ? "been deleted" : "changed"}`,
      `  ${change.action === "delete" ? "-" : "~"} resource ${JSON.stringify(change.type)} ${JSON.stringify(change.name)} {`,
      ...body(change),
      "    }",
    ].join("\n"),
  );
  return ["Note: Objects have changed outside of Doge", ...rows].join("\n\n");
}

function outputLines(outputs: readonly OutputChange[]): string[] {
  const side = (pick: "before" | "after"): Mapping =>
    v.object(
      outputs.flatMap((output) =>
        output[pick] ? [[output.name, v.markIf(output[pick], output.sensitive)] as const] : [],
      ),
    ) as Mapping;
  return attributeLines(side("before"), side("after"), { indent: 2 }, new Set(outputs.map((output) => output.name)));
}
