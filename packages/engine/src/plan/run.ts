import { type Diagnostic, error, hasErrors, type Outcome, warning } from "@doge/core";
import type { LoadedConfiguration } from "../config/model.ts";
import { Clients } from "../graph/clients.ts";
import { Evaluation } from "../graph/evaluation.ts";
import { closure, type Graph, walk } from "../graph/graph.ts";
import { prepare, type Prepared, type PreparedResource } from "../graph/prepare.ts";
import type { Journal } from "../journal/journal.ts";
import { findLeftover } from "../journal/recover.ts";
import { replay } from "../journal/replay.ts";
import * as v from "../lang/values.ts";
import type { Attributes, Provider, ProviderContext } from "../provider.ts";
import { emptyState, resourceOf, type State } from "../state/model.ts";
import { statePaths } from "../state/objects.ts";
import { WorkingState } from "../state/working.ts";
import { planData } from "./data.ts";
import type { Mode, OutputChange, Plan, VariableValue } from "./model.ts";
import { outputChange, outputValue, removedOutputs, withOutput } from "./outputs.ts";
import { Refresher } from "./refresh.ts";
import { planManaged, planRemoval } from "./resource.ts";
import { createBeforeDestroyOf, type PlanSession, providerOf, report, typeFor } from "./session.ts";
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
  if (prepared.value === undefined) return { diagnostics: prepared.diagnostics };
  const diagnostics: Diagnostic[] = [...prepared.diagnostics];
  const variables = variableValues(request.configuration, request.variables, diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  const session = await open(request, prepared.value, baseline, variables, diagnostics);
  const graph = graphFor(session, request);
  const outputs: OutputChange[] = [];
  await walk(graph, (key) => visit(session, key, baseline, outputs));
  await finish(session, request);
  if (request.context.signal?.aborted) {
    diagnostics.push(
      error({ code: "interrupted", summary: "The plan was interrupted", detail: "Nothing was changed." }),
    );
  }
  if (hasErrors(diagnostics)) return { diagnostics };
  const destroy = request.mode === "destroy";
  if (!request.targets?.length)
    outputs.push(...removedOutputs(baseline, (name) => !destroy && request.configuration.outputs.has(name)));
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
    outputs: outputs.sort((a, b) => (a.name < b.name ? -1 : 1)),
    data: session.data,
    takenOver: session.takenOver,
    targets: request.targets ?? [],
    timestamp: request.context.clock.now().toISOString(),
    warnings: diagnostics,
  };
  return { value: plan, diagnostics };
}

async function open(
  request: PlanRequest,
  prepared: Prepared,
  baseline: State,
  variables: ReadonlyMap<string, v.Value>,
  diagnostics: Diagnostic[],
): Promise<PlanSession> {
  const working = new WorkingState(baseline);
  const unsettled = await request.journal?.unsettled();
  const takenOver = unsettled ? [...replay(working, unsettled, baseline)] : [];
  const clients = new Clients(request.context, request.parallelism ?? 10);
  const targeted = targetFilter(prepared.graph, request.targets ?? [], diagnostics, working);
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
    evaluation: new Evaluation(variables, request.workspace ?? "default"),
    clients,
    refresher: new Refresher(clients, working, wanted),
    working,
    intents,
    replace: new Set(request.replace),
    createBeforeDestroy: createBeforeDestroyOf(prepared),
    diagnostics,
    changes: [],
    data: {},
    takenOver,
    pending: new Map(),
    ...(request.journal ? { journal: request.journal } : {}),
    ...(targeted ? { targeted } : {}),
  };
}

/** The targets and what they depend on; undefined where everything is meant. */
function targetFilter(
  graph: Graph,
  targets: readonly string[],
  diagnostics: Diagnostic[],
  working: WorkingState,
): PlanSession["targeted"] {
  if (targets.length === 0) return undefined;
  const resources = new Set(targets.map(resourceOf));
  for (const resource of resources) {
    if (!graph.has(resource) && working.instancesOf(resource).length === 0) {
      diagnostics.push(
        warning({
          code: "target-unknown",
          summary: "A target matches nothing",
          detail: `There is no ${resource} in the configuration or the state.`,
        }),
      );
    }
  }
  const reached = closure(graph, resources);
  const needed = new Set([...reached].filter((key) => !resources.has(key)));
  for (const key of resources)
    for (const other of resources) if (other !== key && closure(graph, [other]).has(key)) needed.add(key);
  return (instance, resource) => needed.has(resource) || targets.includes(resource) || targets.includes(instance);
}

/** The part of the graph that this kind of planning walks. */
function graphFor(session: PlanSession, request: PlanRequest): Graph {
  const { graph, providers } = session.prepared;
  let start: Iterable<string> = graph.keys();
  if (request.mode === "destroy") {
    const used = new Set([...session.working.instances()].map(({ head }) => head.provider));
    const keys = [...providers.values()].filter((one) => used.has(one.address)).map((one) => `provider.${one.key}`);
    start = [...keys, ...[...session.intents.keys()].map(resourceOf).filter((key) => graph.has(key))];
  } else if (request.targets?.length) {
    start = request.targets.map(resourceOf).filter((key) => graph.has(key));
  } else return graph;
  const reached = closure(graph, start);
  return new Map([...graph].filter(([key]) => reached.has(key)));
}

async function visit(session: PlanSession, key: string, baseline: State, outputs: OutputChange[]): Promise<boolean> {
  const { prepared, evaluation, clients } = session;
  if (clients.aborted) return false;
  const resource = prepared.resources.get(key);
  if (resource) return resource.type ? planManaged(session, resource) : planData(session, resource);
  const [kind, name] = [key.slice(0, key.indexOf(".")), key.slice(key.indexOf(".") + 1)];
  try {
    const { locals, outputs: declared } = prepared.configuration;
    const local = kind === "local" ? locals.get(name) : undefined;
    if (local) evaluation.locals.set(name, evaluation.evaluate(local, key));
    const provider = kind === "provider" ? prepared.providers.get(name) : undefined;
    if (provider) {
      clients.evaluate(provider, evaluation);
      session.refresher.begin(provider);
    }
    const output = kind === "output" ? declared.get(name) : undefined;
    if (output) {
      const value = outputValue(output, evaluation);
      outputs.push(outputChange(output, value, baseline));
      if (v.isWhollyKnown(value)) session.working.outputs = withOutput(session.working.outputs, output, value);
    }
    return true;
  } catch (thrown) {
    return report(session, thrown, key);
  }
}

/** What the state holds and no block asks for; in a destroy, everything. */
async function finish(session: PlanSession, request: PlanRequest): Promise<void> {
  await orphanedIntents(session);
  if (hasErrors(session.diagnostics)) return;
  for (const { resource, address, head, instance } of session.working.instances()) {
    const declared = session.prepared.resources.get(resource);
    if (head.mode === "data") {
      if (request.mode === "destroy" || (declared === undefined && request.mode === "normal"))
        session.working.delete(resource, address);
      continue;
    }
    if (request.mode === "refresh-only" || (request.mode === "normal" && declared !== undefined)) {
      await session.refresher.settled(address).catch((thrown: unknown) => report(session, thrown, address));
      continue;
    }
    const known = declared ?? standIn(session, head, instance.schema_version, address);
    if (known)
      await planRemoval(
        session,
        known,
        instance,
        request.mode === "destroy" ? undefined : "delete_because_no_resource_config",
      );
  }
}

/** A block for an object whose own block is gone. */
function standIn(
  session: PlanSession,
  head: { mode: "managed" | "data"; type: string; name: string; provider: string },
  version: number,
  address: string,
): PreparedResource | undefined {
  const provider = providerOf(session.prepared, head.provider);
  if (provider === undefined) return undefined;
  try {
    const type = typeFor(provider, head.type, version, address);
    const place = { source: { file: "", content: "" }, path: [] };
    const body = { schema: type.schema, attributes: new Map(), blocks: new Map(), place };
    const { mode, name } = head;
    const block = {
      mode,
      type: head.type,
      name,
      address: resourceOf(address),
      body: {},
      dependsOn: [],
      preventDestroy: false,
      createBeforeDestroy: false,
      ignoreChanges: [],
      place,
    };
    return { block, provider, schema: type.schema, type, body };
  } catch (thrown) {
    report(session, thrown, address);
    return undefined;
  }
}

/** Interrupted creates whose block is gone: found by the inputs that the journal kept. */
async function orphanedIntents(session: PlanSession): Promise<void> {
  for (const intent of session.intents.values()) {
    const resource = resourceOf(intent.address);
    if (session.prepared.resources.has(resource) || session.working.get(resource, intent.address)) continue;
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
        const key = /\[(.+)\]$/.exec(intent.address)?.[1];
        const instance = {
          ...(key === undefined ? {} : { index_key: JSON.parse(key) as string | number }),
          schema_version: type.schemaVersion,
          attributes: v.toPlain(found) as Attributes,
          sensitive_attributes: statePaths(found),
        };
        session.working.set({ mode: "managed", type: intent.type, name, provider: provider.address }, instance);
        session.takenOver.push(intent.address);
      }
    } catch (thrown) {
      report(session, thrown, intent.address);
    }
  }
}
