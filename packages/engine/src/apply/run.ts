import { type Diagnostic, diagnosticsOf, error, fail, hasErrors } from "@doge/core";
import { withBuiltin } from "../builtin/provider.ts";
import { evaluateBody } from "../config/body.ts";
import { Clients } from "../graph/clients.ts";
import { Dependencies } from "../graph/dependencies.ts";
import { Evaluation, type ModuleInstance, repeated } from "../graph/evaluation.ts";
import type { Key } from "../graph/expand.ts";
import { walk } from "../graph/graph.ts";
import { prepare, type Prepared, type PreparedResource } from "../graph/prepare.ts";
import type { Journal, Unsettled } from "../journal/journal.ts";
import { subjectOf } from "../journal/replay.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import { type CheckedObject, CheckResults } from "../plan/conditions.ts";
import { dataInstance, failedData, readData } from "../plan/data.ts";
import { evaluateNode } from "../plan/evaluate.ts";
import type { Plan } from "../plan/model.ts";
import { withOutput } from "../plan/outputs.ts";
import { after, before } from "../plan/rules.ts";
import { addressIn, headOf, valueFromState } from "../plan/session.ts";
import { withDependents } from "../plan/targets.ts";
import { variableValues } from "../plan/variables.ts";
import type { Provider, ProviderContext } from "../provider.ts";
import { instanceAddress, resourceOf, type State } from "../state/model.ts";
import { objectOf } from "../state/objects.ts";
import { checkResults } from "../view/checks-json.ts";
import { WorkingState } from "../state/working.ts";
import { make, repetitionsOf } from "./make.ts";
import { orderOf, type Step } from "./order.ts";
import { remove } from "./remove.ts";
import { Saver, type StateSink } from "./saver.ts";
import type { ApplySession } from "./session.ts";

export interface ApplyRequest {
  readonly plan: Plan;
  readonly providers: readonly Provider[];
  readonly context: ProviderContext;
  readonly store: StateSink;
  readonly journal: Journal;
  /** The state as it is now; where it isn't the one that was planned on, the plan is refused as stale. */
  readonly state?: State | undefined;
  /** Calls at once; 10 unless told. */
  readonly parallelism?: number;
}

export interface ApplyResult {
  readonly state: State;
  /** Errors here: something failed. What else could be done was done, and is in the state. */
  readonly diagnostics: readonly Diagnostic[];
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
}

/** Carries a plan out, exactly. Never throws for what providers do; the state so far is always saved. */
export async function applyPlan(request: ApplyRequest): Promise<ApplyResult> {
  const { plan } = request;
  const refused = [
    ...stale(plan, request.state),
    ...overtaken(plan, await request.journal.unsettled()),
    ...otherProviders(plan, withBuiltin(request.providers)),
  ];
  const prepared = prepare(plan.configuration, request.providers, plan.prior);
  const diagnostics: Diagnostic[] = [...refused, ...prepared.diagnostics];
  const variables = variableValues(plan.configuration, plan.variables, diagnostics);
  if (hasErrors(diagnostics) || prepared.value === undefined) {
    return { state: request.state ?? plan.prior, diagnostics, add: 0, change: 0, destroy: 0 };
  }
  diagnostics.length = 0;
  const session = await open(request, prepared.value, variables, diagnostics);
  await guarded(session, async () => {
    // Objects that were found, and what refreshing saw, are written before anything is touched.
    await session.saver.begin();
    await settleIntents(session);
    await carryOut(session);
  });
  await guarded(session, () => session.saver.flush());
  return { state: session.working.snapshot(), diagnostics, ...session.done };
}

async function open(
  request: ApplyRequest,
  prepared: Prepared,
  variables: ReadonlyMap<string, Value>,
  diagnostics: Diagnostic[],
): Promise<ApplySession> {
  const { plan } = request;
  const working = new WorkingState(plan.prior);
  const removed = new Set(plan.outputs.filter(({ after: value }) => value === undefined).map(({ name }) => name));
  if (plan.mode === "destroy") forgetData(working, plan.targets);
  else working.outputs = Object.fromEntries(Object.entries(working.outputs).filter(([name]) => !removed.has(name)));
  return {
    plan,
    prepared,
    dependencies: new Dependencies(prepared),
    evaluation: new Evaluation(prepared.root, variables, plan.workspace, {
      plannedAt: new Date(plan.timestamp),
      applying: request.context.clock,
      ...(request.context.files ? { files: request.context.files } : {}),
    }),
    clients: new Clients(request.context, request.parallelism ?? 10),
    working,
    saver: new Saver(working, {
      sink: request.store,
      journal: request.journal,
      clock: request.context.clock,
      serial: plan.baseline.serial,
    }),
    journal: request.journal,
    intents: new Map((await request.journal.list()).map((one) => [one.address, one] as const)),
    diagnostics,
    checks: new CheckResults(),
    done: { add: 0, change: 0, destroy: 0 },
    repetitions: new Map(),
    meant: new Set(plan.changes.map(({ address }) => address)),
    idle: new Set(plan.changes.filter(({ action }) => action === "no-op").map(({ address }) => address)),
  };
}

function forgetData(working: WorkingState, targets: readonly string[]): void {
  const meant = targets.length > 0 ? withDependents(targets, working) : undefined;
  for (const { resource, address, head } of working.instances())
    if (head.mode === "data" && meant?.has(address) !== false) working.delete(resource, address);
}

/** An intent whose object the state now holds has done its duty. */
async function settleIntents(session: ApplySession): Promise<void> {
  for (const address of session.intents.keys()) {
    if (session.working.get(resourceOf(address), address) !== undefined) await session.journal.close(address);
  }
}

async function guarded(session: ApplySession, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (thrown) {
    session.diagnostics.push(...diagnosticsOf(thrown));
  }
}

function stale(plan: Plan, state: State | undefined): Diagnostic[] {
  if (state === undefined || (state.lineage === plan.baseline.lineage && state.serial === plan.baseline.serial))
    return [];
  const detail =
    state.lineage === plan.baseline.lineage
      ? `It was made for serial ${plan.baseline.serial}; the state is at ${state.serial}.`
      : "It was made for a state of another lineage.";
  return [
    error({
      code: "plan-stale",
      summary: "Saved plan is stale",
      detail: `The given plan can no longer be applied because the state was changed by another operation after the plan was created. ${detail}`,
      remedy: "Plan again.",
    }),
  ];
}

/** An apply was interrupted after this was planned: the journal holds what the state does not. */
function overtaken(plan: Plan, { changes }: Unsettled): Diagnostic[] {
  const known = new Set(plan.unsettled);
  const moved = [...new Set(changes.map(subjectOf))].filter((subject) => !known.has(subject));
  if (moved.length === 0) return [];
  return [
    error({
      code: "plan-stale",
      summary: "Saved plan is stale",
      detail: `An apply was interrupted since, and changed ${moved.join(", ")}.`,
      remedy: "Plan again.",
    }),
  ];
}

function otherProviders(plan: Plan, providers: readonly Provider[]): Diagnostic[] {
  return Object.entries(plan.providerVersions).flatMap(([source, version]) => {
    const present = providers.find((one) => one.source === source);
    if (present?.version === version) return [];
    return [
      error({
        code: "plan-other-provider",
        summary: "The plan was made with another provider version",
        detail: `${source}: planned with ${version}, here is ${present?.version ?? "none"}.`,
        remedy: "Plan again.",
      }),
    ];
  });
}

async function carryOut(session: ApplySession): Promise<void> {
  const { graph, steps } = orderOf(session.plan, session.prepared, session.working);
  const skipped = await walk(graph, (key) => run(session, steps.get(key) ?? { kind: "join" }));
  if (session.clients.aborted) {
    const left = [...skipped].filter(
      (key) => steps.get(key)?.kind === "make" || steps.get(key)?.kind === "remove",
    ).length;
    session.diagnostics.push(
      error({
        code: "interrupted",
        summary: "The apply was interrupted",
        detail: `What was done is in the state; ${left} change(s) were not begun.`,
        remedy: "Run it again: it goes on from here.",
      }),
    );
  }
  session.working.checkResults = checkResults(allChecks(session));
  if (session.plan.mode !== "destroy" || session.plan.targets.length > 0) return;
  if (!hasErrors(session.diagnostics)) session.working.outputs = {};
}

/** Conditions that were not come to are unknown; where nothing is made, they are as the plan found them. */
function allChecks({ checks, plan }: ApplySession): readonly CheckedObject[] {
  const judged = checks.list();
  const known = new Set(judged.map((one) => one.address));
  const missed = plan.checks.filter((one) => !known.has(one.address));
  const unknown = missed.map((one) =>
    one.unjudged || plan.mode === "refresh-only" ? one : { ...one, status: "unknown" as const, messages: [] },
  );
  return [...judged, ...unknown];
}

async function run(session: ApplySession, step: Step): Promise<boolean> {
  switch (step.kind) {
    case "join":
      return true;
    case "make":
      return session.clients.limiter.run(async () => !session.clients.aborted && make(session, step.change));
    case "remove":
      return session.clients.limiter.run(async () => !session.clients.aborted && remove(session, step.change));
    case "evaluate":
      try {
        await evaluate(session, step.key);
        return true;
      } catch (thrown) {
        session.diagnostics.push(
          ...diagnosticsOf(thrown).map((d) => (d.address === undefined ? { ...d, address: step.key } : d)),
        );
        return false;
      }
  }
}

async function evaluate(session: ApplySession, key: string): Promise<void> {
  const { evaluation, working } = session;
  const node = session.prepared.nodes.get(key);
  if (node === undefined)
    return fail({ code: "internal", summary: "The plan names something that is not there", detail: key });
  if (node.kind === "provider") session.clients.evaluate(node.provider, evaluation);
  else if (node.kind === "resource") {
    for (const at of evaluation.instancesOf(node.resource.module.path))
      await evaluateResource(session, node.resource, at);
  } else {
    evaluateNode(session, node);
    if (node.kind !== "output" || node.module.path !== "") return;
    const value = evaluation.root.outputs.get(node.block.name) ?? v.nullOf();
    working.outputs = withOutput(working.outputs, node.block, value);
  }
}

async function evaluateResource(session: ApplySession, resource: PreparedResource, at: ModuleInstance): Promise<void> {
  if (resource.source) {
    try {
      return await evaluateData(session, resource, at);
    } catch (thrown) {
      return failedData(session, resource, at, thrown);
    }
  }
  const { block, schema } = resource;
  const fromState = (): void => void at.resources.set(block.address, valueFromState(resource, at, session.working));
  if (session.plan.mode !== "normal") return fromState();
  const targeted = session.plan.targets.length > 0;
  const values = new Map<Key, Value>();
  for (const repetition of repetitionsOf(session, resource, at)) {
    const address = instanceAddress(addressIn(resource, at), repetition.key);
    const stored = session.working.get(addressIn(resource, at), address);
    if (stored === undefined || (targeted && !session.meant.has(address))) continue;
    const value = objectOf(stored, schema);
    // What is made is judged before it is made; what stays as it is, here.
    if (session.idle.has(address)) before(session, resource, at, repetition, address);
    after(session, resource, at, repetition, address, value);
    values.set(repetition.key, value);
  }
  if (targeted) fromState();
  else at.resources.set(block.address, repeated(block, values));
}

/** Takes what planning read, or reads what could not be read then. */
async function evaluateData(session: ApplySession, resource: PreparedResource, at: ModuleInstance): Promise<void> {
  const { block } = resource;
  const { evaluation, plan, working } = session;
  const values = await Promise.all(
    repetitionsOf(session, resource, at).map(async (repetition): Promise<readonly [Key, Value]> => {
      const address = instanceAddress(addressIn(resource, at), repetition.key);
      const planned = plan.data[address];
      if (planned) return [repetition.key, objectOf(planned, resource.schema)];
      const config = evaluateBody(resource.body, evaluation.scope(at, { repetition }), address);
      before(session, resource, at, repetition, address);
      const value = await readData(session.clients, resource, config, address);
      after(session, resource, at, repetition, address, value);
      return [repetition.key, value];
    }),
  );
  if (plan.mode !== "destroy")
    for (const [key, value] of values) working.set(headOf(resource, at), dataInstance(resource, value, key));
  at.resources.set(block.address, repeated(block, new Map(values)));
}
