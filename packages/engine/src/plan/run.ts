import { type Diagnostic, error, hasErrors, type Outcome } from "@doge/core";
import type { LoadedConfiguration } from "../config/model.ts";
import { Clients } from "../graph/clients.ts";
import { Dependencies } from "../graph/dependencies.ts";
import { Evaluation } from "../graph/evaluation.ts";
import { type Graph, walk } from "../graph/graph.ts";
import { prepare, type Prepared } from "../graph/prepare.ts";
import type { Journal } from "../journal/journal.ts";
import { findLeftover } from "../journal/recover.ts";
import { replay, subjectOf } from "../journal/replay.ts";
import type { FunctionHost } from "../lang/functions/host.ts";
import * as v from "../lang/values.ts";
import type { Provider, ProviderContext } from "../provider.ts";
import { configAddress, emptyState, moduleOf, resourceOf, type State } from "../state/model.ts";
import { storedObject } from "../state/objects.ts";
import { WorkingState } from "../state/working.ts";
import { type Checkable, checkables, CheckResults } from "./conditions.ts";
import { planData } from "./data.ts";
import { evaluateNode } from "./evaluate.ts";
import { checkImports } from "./imports.ts";
import type { Mode, OutputChange, Plan, ResourceChange, VariableValue } from "./model.ts";
import { checkReplaced, warnOfUnreplaced } from "./force-replace.ts";
import { moveObjects } from "./moves.ts";
import { outputChange, removedOutputs, withOutput } from "./outputs.ts";
import { Pending } from "./pending.ts";
import { Refresher } from "./refresh.ts";
import { isDeclared, orphanReason, planRemoval } from "./removal.ts";
import { planManaged } from "./resource.ts";
import { createBeforeDestroyOf, type PlanSession, report } from "./session.ts";
import { excludedMoves, graphFor, targetFilter } from "./targets.ts";
import { validateValues } from "./validate.ts";
import { variableValues } from "./variables.ts";

export interface PlanRequest {
  readonly configuration: LoadedConfiguration;
  readonly variables: Readonly<Record<string, VariableValue>>;
  readonly state: State | undefined;
  readonly providers: readonly Provider[];
  readonly context: ProviderContext;
  readonly mode: Mode;
  /** False: believe the state. */
  readonly refresh?: boolean;
  /** Addresses of resources or instances; what they depend on comes along. */
  readonly targets?: readonly string[];
  /** Instances to make anew. */
  readonly replace?: readonly string[];
  /** Calls at once; 10 unless told. */
  readonly parallelism?: number;
  /** Where interrupted creates left their intents. */
  readonly journal?: Journal;
  /** `terraform.workspace`; "default" unless told. */
  readonly workspace?: string;
}

/**
 * Compares configuration, state and reality. Reads through the providers, changes nothing there. All
 * problems are collected; there is a plan only without errors.
 */
export async function planRun(request: PlanRequest): Promise<Outcome<Plan>> {
  const baseline = request.state ?? emptyState();
  const prepared = prepare(request.configuration, request.providers, baseline);
  const diagnostics: Diagnostic[] = [...prepared.diagnostics];
  const tried = prepared.value ?? prepared.partial;
  if (tried && request.mode !== "destroy") diagnostics.push(...validateValues(tried, hostOf(request), diagnostics));
  if (prepared.value === undefined) return { diagnostics };
  const variables = variableValues(request.configuration, request.variables, diagnostics);
  diagnostics.push(...checkReplaced(request.replace ?? []));
  if (hasErrors(diagnostics)) return { diagnostics };
  const planning: Planning = {
    prepared: prepared.value,
    baseline,
    variables,
    plannedAt: request.context.clock.now(),
    checkables: checkables(prepared.value, request),
  };
  const something = baseline.resources.length > 0 || Object.keys(baseline.outputs).length > 0;
  const looking = request.mode === "destroy" && request.refresh !== false && something;
  const seen = looking ? await lookAround(request, planning) : undefined;
  const { session, outputs } = await carryThrough(
    // What was just seen need not be read again.
    seen ? { ...request, refresh: false } : request,
    planning,
    // Nor has it moved again.
    seen ? { ...seen, moved: new Map() } : await begin(request, planning, diagnostics),
    diagnostics,
  );
  if (seen) session.refresher.drift.push(...seen.drift);
  diagnostics.push(...warnOfUnreplaced(session));
  if (request.context.signal?.aborted) {
    diagnostics.push(
      error({ code: "interrupted", summary: "The plan was interrupted", detail: "Nothing was changed." }),
    );
  }
  if (hasErrors(diagnostics)) return { diagnostics };
  const plan: Plan = {
    mode: request.mode,
    configuration: request.configuration,
    variables: request.variables,
    workspace: request.workspace ?? "default",
    baseline: { lineage: baseline.lineage, serial: baseline.serial },
    prior: session.working.snapshot(),
    providerVersions: Object.fromEntries(
      [...prepared.value.providers.values()].map(({ provider }) => [provider.source, provider.version]),
    ),
    changes: session.changes.sort((a, b) => (a.address < b.address ? -1 : 1)),
    drift: session.refresher.drift.sort((a, b) => (a.address < b.address ? -1 : 1)),
    moved: Object.fromEntries(session.moved),
    outputs: outputs.sort((a, b) => (a.name < b.name ? -1 : 1)),
    data: session.data,
    takenOver: session.takenOver,
    unsettled: session.unsettled,
    targets: request.targets ?? [],
    checks: session.checks.list(planning.checkables),
    timestamp: planning.plannedAt.toISOString(),
    warnings: diagnostics,
  };
  return { value: plan, diagnostics };
}

const hostOf = ({ context: { files } }: PlanRequest): FunctionHost => (files ? { files } : {});

/** What a planning is given once and for all. */
interface Planning {
  readonly prepared: Prepared;
  readonly baseline: State;
  readonly variables: ReadonlyMap<string, v.Value>;
  readonly plannedAt: Date;
  readonly checkables: readonly Checkable[];
}

/** The state to plan on: with what interrupted runs left, its objects where `moved` blocks want them. */
interface Ground {
  readonly working: WorkingState;
  readonly takenOver: string[];
  readonly unsettled: readonly string[];
  readonly moved: ReadonlyMap<string, string>;
}

async function begin(
  request: PlanRequest,
  { prepared, baseline }: Planning,
  diagnostics: Diagnostic[],
): Promise<Ground> {
  const working = new WorkingState(baseline);
  const unsettled = await request.journal?.unsettled();
  const takenOver = unsettled ? [...replay(working, unsettled, baseline)] : [];
  const moved = moveObjects(prepared, working, diagnostics);
  diagnostics.push(...excludedMoves(moved, request.targets ?? []));
  handOver(prepared, working);
  return { working, takenOver, moved, unsettled: [...new Set(unsettled?.changes.map(subjectOf))] };
}

/** Objects belong to the provider that the configuration names by now. */
function handOver({ resources }: Prepared, working: WorkingState): void {
  for (const { resource, head, instance } of working.instances()) {
    const provider = resources.get(configAddress(resource))?.provider.address ?? head.provider;
    if (provider !== head.provider) working.set({ ...head, provider }, instance);
  }
}

async function carryThrough(
  request: PlanRequest,
  planning: Planning,
  ground: Ground,
  diagnostics: Diagnostic[],
  lenient = request.mode === "refresh-only",
): Promise<{ readonly session: PlanSession; readonly outputs: OutputChange[] }> {
  const session = await open(request, planning, ground, diagnostics, lenient);
  const graph = graphFor(session, request);
  await walk(graph, (key) => visit(session, key));
  await finish(session, request);
  return { session, outputs: outputChanges(session, request, graph, planning.baseline) };
}

/**
 * Before a destroy everything is planned as if it were to stay, as terraform does: so the state that the plan shows
 * has what data sources and outputs say by now. Undefined where the configuration can't be evaluated any more, as
 * after a destroy that was interrupted: that hinders no destroy.
 */
async function lookAround(
  request: PlanRequest,
  planning: Planning,
): Promise<(Ground & { readonly drift: readonly ResourceChange[] }) | undefined> {
  const diagnostics: Diagnostic[] = [];
  const ground = await begin(request, planning, diagnostics);
  const { session } = await carryThrough({ ...request, mode: "normal" }, planning, ground, diagnostics, true);
  return hasErrors(diagnostics) ? undefined : { ...ground, drift: session.refresher.drift };
}

function outputChanges(session: PlanSession, request: PlanRequest, graph: Graph, baseline: State): OutputChange[] {
  const { root } = session.evaluation;
  const destroy = request.mode === "destroy";
  const changes: OutputChange[] = [];
  for (const block of destroy ? [] : request.configuration.outputs.values()) {
    const value = graph.has(`output.${block.name}`) ? root.outputs.get(block.name) : undefined;
    if (value === undefined) continue;
    changes.push(outputChange(block, value, baseline));
    if (v.isWhollyKnown(value)) session.working.outputs = withOutput(session.working.outputs, block, value);
  }
  // What is destroyed is shown with what its outputs say by now.
  const outputs = destroy ? session.working.outputs : baseline.outputs;
  if (!request.targets?.length)
    changes.push(...removedOutputs(outputs, (name) => !destroy && request.configuration.outputs.has(name)));
  return changes;
}

async function open(
  request: PlanRequest,
  { prepared, variables, plannedAt }: Planning,
  { working, takenOver, unsettled, moved }: Ground,
  diagnostics: Diagnostic[],
  lenient: boolean,
): Promise<PlanSession> {
  checkImports(prepared, diagnostics);
  const clients = new Clients(request.context, request.parallelism ?? 10);
  const targeted = targetFilter(prepared, request, diagnostics, working);
  const wanted = (instance: string, resource: string): boolean =>
    request.refresh !== false && (targeted?.(instance, resource) ?? true);
  const intents = new Map((await request.journal?.list())?.map((one) => [one.address, one] as const));
  for (const address of intents.keys()) {
    // The object reached the state, only the intent outlived it.
    if (working.get(resourceOf(address), address) === undefined) continue;
    await request.journal?.close(address);
    intents.delete(address);
  }
  return {
    mode: request.mode,
    prepared,
    dependencies: new Dependencies(prepared, working),
    evaluation: new Evaluation(prepared.root, variables, request.workspace ?? "default", {
      plannedAt,
      ...hostOf(request),
    }),
    clients,
    refresher: new Refresher(clients, working, wanted),
    working,
    intents,
    refresh: request.refresh !== false,
    replace: new Set(request.replace),
    createBeforeDestroy: createBeforeDestroyOf(prepared),
    diagnostics,
    changes: [],
    data: {},
    takenOver,
    unsettled,
    checks: new CheckResults(),
    moved,
    pending: new Pending(),
    lenient,
    ...(request.journal ? { journal: request.journal } : {}),
    ...(targeted ? { targeted } : {}),
  };
}

async function visit(session: PlanSession, key: string): Promise<boolean> {
  const { prepared, evaluation, clients } = session;
  const node = prepared.nodes.get(key);
  if (clients.aborted || node === undefined) return false;
  try {
    switch (node.kind) {
      case "resource":
        return node.resource.type ? await planManaged(session, node.resource) : await planData(session, node.resource);
      case "provider":
        clients.evaluate(node.provider, evaluation);
        session.refresher.begin(node.provider);
        return true;
      default:
        evaluateNode(session, node);
        return true;
    }
  } catch (thrown) {
    return report(session, thrown, key);
  }
}

/** What the state holds and no block asks for; in a destroy, everything. */
async function finish(session: PlanSession, request: PlanRequest): Promise<void> {
  await orphanedIntents(session);
  if (hasErrors(session.diagnostics)) return;
  for (const { resource, address, head, instance } of session.working.instances()) {
    const declared = isDeclared(session, resource);
    if (head.mode === "data") {
      const meant = session.targeted?.(address, resource) ?? true;
      if (!declared && meant && request.mode !== "destroy") session.working.delete(resource, address);
      continue;
    }
    if (request.mode === "refresh-only" || (request.mode === "normal" && declared)) {
      await session.refresher.settled(address).catch((thrown: unknown) => report(session, thrown, address));
      continue;
    }
    const reason = request.mode === "destroy" ? undefined : orphanReason(session, resource, address);
    await planRemoval(session, head, resource, instance, instance.deposed === undefined ? reason : undefined);
  }
}

/** Interrupted creates whose block is gone: found by the inputs that the journal kept. */
async function orphanedIntents(session: PlanSession): Promise<void> {
  for (const intent of session.intents.values()) {
    const resource = resourceOf(intent.address);
    if (isDeclared(session, resource) || session.working.get(resource, intent.address)) continue;
    const provider = [...session.prepared.providers.values()].find(({ provider: one }) =>
      one.resources.some((type) => type.type === intent.type),
    );
    const type = provider?.provider.resources.find((one) => one.type === intent.type);
    if (provider === undefined || type === undefined || !session.clients.ready(provider)) continue;
    try {
      const found = await findLeftover(session.clients, provider, type, intent, undefined);
      if (found === undefined) await session.journal?.close(intent.address);
      else {
        const [name] = resource.split(".").slice(-1) as [string];
        const module = moduleOf(resource);
        const key = /\[(.+)\]$/.exec(intent.address)?.[1];
        const instance = {
          ...(key === undefined ? {} : { index_key: JSON.parse(key) as string | number }),
          schema_version: type.schemaVersion,
          ...storedObject(found, type.schema),
        };
        session.working.set(
          {
            ...(module === "" ? {} : { module }),
            mode: "managed",
            type: intent.type,
            name,
            provider: provider.address,
          },
          instance,
        );
        session.takenOver.push(intent.address);
      }
    } catch (thrown) {
      report(session, thrown, intent.address);
    }
  }
}
