/** Plans and states without what may rightly differ, and where two of them part. */

import type { Step } from "./case.ts";

type Json = Record<string, unknown>;

/** The ids of `terraform_data` are random. */
const withoutRandom = (json: Json): Json =>
  JSON.parse(JSON.stringify(json).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "an id")) as Json;

const byAddress = (a: Json, b: Json): number => {
  const [x, y] = [a, b].map((one) => JSON.stringify([one["address"], one["deposed"], one["deposed_key"]]));
  return (x as string) < (y as string) ? -1 : x === y ? 0 : 1;
};

/** Deposed keys are random: told apart they need not be, there is one at most. */
const named = (json: Json): Json => ({
  ...json,
  ...("deposed" in json ? { deposed: "deposed" } : {}),
  ...("deposed_key" in json ? { deposed_key: "deposed" } : {}),
});

/** The plan's meaning: what will change, and the values before and after. */
function planMeaning(given: Json, { mode }: Pick<Step, "mode">): Json {
  const plan = withoutRandom(given);
  const changes = (list: unknown): Json[] => ((list ?? []) as Json[]).map(named).sort(byAddress);
  const { planned_values, output_changes, variables, applyable, errored, complete, checks, format_version } = plan;
  return {
    format_version,
    planned_values: tree(planned_values as Json | undefined),
    resource_changes: changes(plan["resource_changes"]),
    resource_drift: changes(plan["resource_drift"]),
    output_changes: output_changes ?? {},
    variables: variables ?? {},
    prior_state: priorState(plan["prior_state"] as Json | undefined),
    // To refresh-only terraform counts what it only notes, such as dependencies.
    ...(mode === "refresh-only" ? {} : { applyable }),
    errored,
    complete,

    checks: planChecks(checks),
  };
}

const priorState = (state: Json | undefined): Json => tree((state?.["values"] as Json | undefined) ?? {});

/** Resources and modules in a stable order, empty parts left out. */
function tree(values: Json | undefined): Json {
  const module = (one: Json): Json => {
    const resources = ((one["resources"] ?? []) as Json[]).map(named).sort(byAddress);
    const children = ((one["child_modules"] ?? []) as Json[]).map(module).sort(byAddress);
    return {
      ...("address" in one ? { address: one["address"] } : {}),
      ...(resources.length > 0 ? { resources } : {}),
      ...(children.length > 0 ? { child_modules: children } : {}),
    };
  };
  return { outputs: values?.["outputs"] ?? {}, root_module: module((values?.["root_module"] ?? {}) as Json) };
}

/** A state without serial, lineage and the order of things. */
function stateMeaning(text: string | undefined): Json {
  const state = withoutRandom(JSON.parse(text ?? '{"resources": [], "outputs": {}, "check_results": null}') as Json);
  const instance = (one: Json): Json => {
    const { private: _, create_before_destroy, ...rest } = named(one);
    const paths = ((rest["sensitive_attributes"] ?? []) as unknown[]).map((path) => JSON.stringify(path));
    // With instances terraform writes it for those alone that somebody refers to by their key.
    const first = create_before_destroy && !("index_key" in one) ? { create_before_destroy } : {};
    return { ...rest, ...first, sensitive_attributes: paths.sort() };
  };
  const sorted = (list: unknown): unknown[] =>
    (list as Json[]).map(instance).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const key = (one: Json): string => `${JSON.stringify(one["index_key"])} ${String(one["deposed"])}`;
  const resources = (state["resources"] as Json[])
    .map((one): Json => ({ ...one, instances: sorted(one["instances"]) }))
    .sort((a, b) => (address(a) < address(b) ? -1 : 1));
  return { outputs: state["outputs"], resources, check_results: stateChecks(state["check_results"]) };
}

const address = (one: Json): string => [one["module"], one["mode"], one["type"], one["name"]].map(String).join(".");

const sortedBy = (list: unknown, key: (one: Json) => string): Json[] =>
  ((list ?? []) as Json[]).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));

/** Conditions and their instances come in any order. */
const planChecks = (checks: unknown): Json[] => {
  const shown = (one: Json): string => String((one["address"] as Json)["to_display"]);
  return sortedBy(checks, shown).map((one) =>
    "instances" in one ? { ...one, instances: sortedBy(one["instances"], shown) } : one,
  );
};

const stateChecks = (results: unknown): Json[] =>
  sortedBy(results, (one) => String(one["config_addr"])).map((one) =>
    one["objects"] ? { ...one, objects: sortedBy(one["objects"], (each) => String(each["object_addr"])) } : one,
  );

interface Difference {
  readonly path: string;
  readonly one: unknown;
  readonly other: unknown;
}

/**
 * The places where our plan differs from terraform's, as far as it matters. Terraform forgets the schema's sensitive
 * attributes in the planned value of an object that is replaced, and so in all that refers to it, and shows secrets:
 * where something is replaced, more may be sensitive to us than to it, but never less.
 */
export function planDifferences(ours: Json, theirs: Json, step: Pick<Step, "mode">): string[] {
  const replaces = ((theirs["resource_changes"] ?? []) as Json[]).some(
    (one) => ((one["change"] as Json)["actions"] as unknown[]).length > 1,
  );
  const careful = ({ path, one, other }: Difference): boolean =>
    /\.(after_sensitive|sensitive_values)\b/.test(path) &&
    (one === true || !(JSON.stringify(other) ?? "").includes("true"));
  return parts(planMeaning(ours, step), planMeaning(theirs, step))
    .filter((difference) => !replaces || !careful(difference))
    .map(show);
}

/**
 * The places where two states differ, as far as it matters. With a target terraform judges those instances alone that
 * something refers to by their key: the others are unknown to it.
 */
export function stateDifferences(
  ours: string | undefined,
  theirs: string | undefined,
  { targets }: Pick<Step, "targets">,
): string[] {
  const unjudged = ({ path, other }: Difference): boolean =>
    /^\.check_results.*\.status$/.test(path) && other === "unknown";
  return parts(stateMeaning(ours), stateMeaning(theirs))
    .filter((difference) => !targets || !unjudged(difference))
    .map(show);
}

/** The places where two values differ: `path: one ≠ other`. */
export const differences = (one: unknown, other: unknown): string[] => parts(one, other).map(show);

const show = ({ path, one, other }: Difference): string => `${path}: ${short(one)} ≠ ${short(other)}`;

function parts(one: unknown, other: unknown, path = ""): Difference[] {
  if (isObject(one) && isObject(other)) {
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
    return keys.flatMap((key) => parts(one[key], other[key], `${path}.${key}`));
  }
  if (Array.isArray(one) && Array.isArray(other) && one.length === other.length)
    return one.flatMap((item: unknown, i) => parts(item, other[i] as unknown, `${path}[${i}]`));
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  return [{ path, one, other }];
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const short = (value: unknown): string => (JSON.stringify(value) ?? "absent").slice(0, 200);
