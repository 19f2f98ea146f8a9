import { type Diagnostic, error, warning } from "@doge/core";
import { closure, type Graph } from "../graph/graph.ts";
import type { Prepared } from "../graph/prepare.ts";
import { configAddress, moduleOf, resourceOf } from "../state/model.ts";
import type { WorkingState } from "../state/working.ts";
import type { Mode } from "./model.ts";
import type { PlanSession } from "./session.ts";

const isModule = (target: string): boolean => moduleOf(`${target}.x`) === target;

/** The resources of the configuration that a target names: of a module, all below it. */
function resourcesOf({ resources }: Prepared, target: string): string[] {
  const config = configAddress(target);
  if (isModule(target)) return [...resources.keys()].filter((key) => key.startsWith(`${config}.`));
  return resources.has(config) ? [config] : [];
}

const covers = (target: string, instance: string, resource: string): boolean =>
  target === instance ||
  target === resource ||
  (isModule(target) && (instance.startsWith(`${target}.`) || instance.startsWith(`${target}[`))) ||
  (resourceOf(target) === target && target === configAddress(resource));

/** The targets and what they depend on, or in a destroy what depends on them; undefined where everything is meant. */
export function targetFilter(
  prepared: Prepared,
  { targets = [], mode }: { readonly targets?: readonly string[]; readonly mode: Mode },
  diagnostics: Diagnostic[],
  working: WorkingState,
): PlanSession["targeted"] {
  if (targets.length === 0) return undefined;
  const stored = [...working.instances()];
  for (const target of targets) {
    const known = resourcesOf(prepared, target).length > 0;
    if (known || stored.some(({ address, resource }) => covers(target, address, resource))) continue;
    diagnostics.push(
      warning({
        code: "target-unknown",
        summary: "A target matches nothing",
        detail: `There is no ${target} in the configuration or the state.`,
      }),
    );
  }
  if (mode === "destroy") {
    const doomed = withDependents(targets, working);
    return (instance) => doomed.has(instance);
  }
  const { graph } = prepared;
  const named = new Set(targets.flatMap((target) => resourcesOf(prepared, target)));
  const needed = new Set([...closure(graph, named)].filter((key) => !named.has(key)));
  // A target that another one depends on is wanted whole.
  for (const key of named)
    for (const other of named) if (other !== key && closure(graph, [other]).has(key)) needed.add(key);
  return (instance, resource) =>
    needed.has(configAddress(resource)) || targets.some((target) => covers(target, instance, resource));
}

/** Instances that the targets cover, and all that depended on these when they were last written. */
export function withDependents(targets: readonly string[], working: WorkingState): ReadonlySet<string> {
  const stored = [...working.instances()];
  const found = new Set<string>();
  const configs = new Set<string>();
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { address, resource, instance } of stored) {
      const covered = targets.some((target) => covers(target, address, resource));
      if (!covered && !instance.dependencies?.some((one) => configs.has(one))) continue;
      found.add(address);
      configs.add(configAddress(resource));
    }
  }
  return found;
}

/** What moved must be planned as a whole: both of its addresses have to be among the targets. */
export function excludedMoves(moved: ReadonlyMap<string, string>, targets: readonly string[]): readonly Diagnostic[] {
  if (targets.length === 0) return [];
  const meant = (address: string): boolean => targets.some((target) => covers(target, address, resourceOf(address)));
  const excluded = [...moved].flat().filter((address) => !meant(address));
  if (excluded.length === 0) return [];
  const resources = [...new Set(excluded.map(resourceOf))].sort();
  return [
    error({
      code: "moved-excluded",
      summary: "Moved resource instances excluded by targeting",
      detail: `Objects of the state have moved to new addresses in the configuration, and the targets leave some of these out: ${resources.join(", ")}.`,
      remedy: `Plan without targets, or add ${resources.map((one) => `--target '${one}'`).join(" ")}.`,
    }),
  ];
}

/** The part of the graph that this kind of planning walks. */
export function graphFor(
  session: PlanSession,
  request: { readonly mode: Mode; readonly targets?: readonly string[] },
): Graph {
  const { graph, providers } = session.prepared;
  const used = new Set([...session.working.instances()].map(({ head }) => head.provider));
  const needed = [...providers.values()].filter((one) => used.has(one.address)).map((one) => `provider.${one.key}`);
  let reached: Set<string>;
  if (request.mode === "destroy") {
    const intents = [...session.intents.keys()].map(configAddress).filter((key) => graph.has(key));
    reached = closure(graph, [...needed, ...intents]);
  } else if (request.targets?.length) {
    const start = request.targets.flatMap((target) => resourcesOf(session.prepared, target));
    reached = closure(graph, [...start, ...orphanProviders(session, request.targets, needed)]);
    for (const key of outputsWithin(session.prepared, reached))
      for (const one of closure(graph, [key])) reached.add(one);
  } else return graph;
  return new Map([...graph].filter(([key]) => reached.has(key)));
}

/** A target that only the state knows needs its provider. */
function orphanProviders(
  session: PlanSession,
  targets: readonly string[],
  needed: readonly string[],
): readonly string[] {
  const orphaned = [...session.working.instances()].some(
    ({ address, resource }) =>
      !session.prepared.resources.has(configAddress(resource)) &&
      targets.some((target) => covers(target, address, resource)),
  );
  return orphaned ? needed : [];
}

/** Outputs of the root that need nothing beyond the targets. */
function outputsWithin({ graph, resources, configuration }: Prepared, reached: ReadonlySet<string>): string[] {
  return [...configuration.outputs.keys()]
    .map((name) => `output.${name}`)
    .filter((key) => {
      const needs = [...closure(graph, [key])].filter((one) => resources.has(one));
      return needs.length > 0 && needs.every((one) => reached.has(one));
    });
}
