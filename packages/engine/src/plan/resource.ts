import { refuseEphemeral } from "./ephemeral.ts";
import { DogeError, fail } from "@doge/core";
import { evaluateBody } from "../config/body.ts";
import { placed } from "../config/locate.ts";
import { type ModuleInstance, repeated } from "../graph/evaluation.ts";
import { expand, type Key, type Repetition } from "../graph/expand.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import { findLeftover } from "../journal/recover.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes, ResourceType } from "../provider.ts";
import { instanceAddress, type StateInstance } from "../state/model.ts";
import type { WorkingState } from "../state/working.ts";
import { copyMarks, objectOf, storedObject } from "../state/objects.ts";
import { importObject, importsOf, refuseStrayImports } from "./imports.ts";
import type { Reason, ResourceChange } from "./model.ts";
import { proposeObject } from "./propose.ts";
import { planRemoval, refuseDestroy, removalReason } from "./removal.ts";
import { after, before, noneToJudge } from "./rules.ts";
import { addressIn, headOf, type PlanSession, report, subject, valueFromState } from "./session.ts";
import { triggered } from "./triggers.ts";

/** Plans every instance of a managed resource, those to be removed among them. False where something failed. */
export async function planManaged(session: PlanSession, resource: PreparedResource): Promise<boolean> {
  const instances = session.evaluation.instancesOf(resource.module.path);
  if (instances.length === 0) noneToJudge(session, resource);
  if (session.mode !== "normal")
    return (await Promise.all(instances.map((at) => settleOnly(session, resource, at)))).every(Boolean);
  let imports: ReadonlyMap<string, string>;
  try {
    // Looking around before a destroy imports nothing.
    imports = session.lenient ? new Map() : importsOf(session, resource);
    refuseStrayImports(imports, resource, session);
  } catch (thrown) {
    return report(session, thrown, resource.address);
  }
  return (await Promise.all(instances.map((at) => planAt(session, resource, at, imports)))).every(Boolean);
}

async function planAt(
  session: PlanSession,
  resource: PreparedResource,
  at: ModuleInstance,
  imports: ReadonlyMap<string, string>,
): Promise<boolean> {
  const { block } = resource;
  const address = addressIn(resource, at);
  let repetitions: readonly Repetition[];
  try {
    const scope = session.evaluation.scope(at);
    repetitions = expand(block, address, (expression) => session.evaluation.evaluate(expression, address, scope));
  } catch (thrown) {
    return report(session, thrown, address);
  }
  if (repetitions.length === 0) noneToJudge(session, resource);
  const values = new Map<Key, Value>();
  const outcomes = await Promise.all(
    repetitions.map(async (repetition) => {
      const value = await planInstance(session, resource, at, repetition, imports).catch((thrown: unknown) =>
        report(session, thrown, instanceAddress(address, repetition.key)),
      );
      if (value !== false) values.set(repetition.key, value);
      return value !== false;
    }),
  );
  const wanted = new Set(repetitions.map((one) => one.key));
  const head = session.working.head(address);
  const extra = session.working
    .instancesOf(address)
    .filter((one) => one.deposed !== undefined || !wanted.has(one.index_key));
  const removed = await Promise.all(
    head
      ? extra.map((one) =>
          planRemoval(
            session,
            head,
            address,
            one,
            one.deposed === undefined ? removalReason(resource, one.index_key) : undefined,
          ),
        )
      : [],
  );
  const ordered = new Map(
    repetitions.filter((one) => values.has(one.key)).map((one) => [one.key, values.get(one.key) as Value]),
  );
  at.resources.set(block.address, repeated(block, ordered));
  return [...outcomes, ...removed].every(Boolean);
}

/** Where nothing is proposed: the objects are read, and interrupted creates looked for. */
async function settleOnly(session: PlanSession, resource: PreparedResource, at: ModuleInstance): Promise<boolean> {
  const { block } = resource;
  const resourceAddress = addressIn(resource, at);
  const { evaluation } = session;
  try {
    if ([...session.intents.values()].some((one) => one.address.startsWith(resourceAddress))) {
      const scope = evaluation.scope(at);
      for (const repetition of expand(block, resourceAddress, (one) =>
        evaluation.evaluate(one, resourceAddress, scope),
      )) {
        const { address } = subject(resource, at, repetition.key);
        const config = evaluateBody(resource.body, evaluation.scope(at, { repetition }), address);
        await takeOver(session, resource, at, repetition.key, config);
      }
    }
    for (const { index_key } of session.working.instancesOf(resourceAddress))
      await session.refresher.settled(instanceAddress(resourceAddress, index_key));
    if (session.mode === "refresh-only") noteStored(session, resource, at);
  } catch (thrown) {
    return report(session, thrown, resourceAddress);
  }
  at.resources.set(block.address, valueFromState(resource, at, session.working));
  return true;
}

/** Where nothing is proposed, what is configured is noted and its conditions are judged all the same. */
function noteStored(session: PlanSession, resource: PreparedResource, at: ModuleInstance): void {
  const { block, schema } = resource;
  const { evaluation, working } = session;
  const address = addressIn(resource, at);
  const repetitions = expand(block, address, (one) => evaluation.evaluate(one, address, evaluation.scope(at)));
  if (repetitions.length === 0) noneToJudge(session, resource);
  for (const repetition of repetitions) {
    const instance = instanceAddress(address, repetition.key);
    const stored = working.get(address, instance);
    if (stored) noteConfigured(session, resource, at, stored, { settled: false, read: true });
    before(session, resource, at, repetition, instance);
    const self = stored ? objectOf(stored, schema) : () => missingInstance(resource, at, repetition.key, working);
    after(session, resource, at, repetition, instance, self);
  }
}

/** What is to be made is not known; but as for terraform, one of several that are made already is not among them. */
function missingInstance(resource: PreparedResource, at: ModuleInstance, key: Key, working: WorkingState): Value {
  const all = valueFromState(resource, at, working);
  if (key === undefined || (v.isSequence(all) && Number(key) < all.items.length)) return v.unknownOf();
  return fail({
    code: "invalid-index",
    summary: "Invalid index",
    detail: `${instanceAddress(addressIn(resource, at), key)} is not made yet, so nothing can be said of it.`,
    remedy: "Plan without refresh-only first.",
  });
}

async function planInstance(
  session: PlanSession,
  resource: PreparedResource,
  at: ModuleInstance,
  repetition: Repetition,
  imports: ReadonlyMap<string, string>,
): Promise<Value> {
  const { block, schema } = resource;
  const about = subject(resource, at, repetition.key);
  const { address } = about;
  await session.refresher.settled(address);
  if (session.targeted && !session.targeted(address, about.resource)) {
    const stored = session.working.get(about.resource, address);
    return stored ? objectOf(stored, schema) : v.unknownOf();
  }
  const config = evaluateBody(resource.body, session.evaluation.scope(at, { repetition }), address);
  refuseEphemeral(resource, config, address);
  check(resource, config, address);
  before(session, resource, at, repetition, address);
  const importing = session.working.get(about.resource, address) ? undefined : imports.get(address);
  if (importing !== undefined) await importObject(session, resource, about, importing);
  const stored =
    session.working.get(about.resource, address) ?? (await takeOver(session, resource, at, repetition.key, config));
  const prior = stored && objectOf(stored, schema);
  const forced = forcedBy(session, resource, at, repetition, stored, address);
  const type = resource.type as ResourceType<unknown>;
  const proposal = proposeObject(type, { config, prior, ignore: block.ignoreChanges, force: forced !== undefined });
  const replacing = proposal.action === "replace";
  if (replacing && block.preventDestroy) refuseDestroy(block, address);
  const previous = session.moved.get(address);
  const change: ResourceChange = {
    ...about,
    action: proposal.action,
    // What is tainted goes whatever differs.
    replacePaths: stored?.status === "tainted" ? [] : proposal.replacePaths,
    createBeforeDestroy: session.createBeforeDestroy.has(resource.address),
    ...reasonOf(replacing, forced),
    ...(prior ? { before: prior } : {}),
    after: proposal.after,
    ...(previous === undefined ? {} : { previous }),
    ...(importing === undefined ? {} : { importing }),
  };
  session.changes.push(change);
  // What is imported has no dependencies yet that would order its removal.
  const read = session.refresh && importing === undefined;
  if (stored) noteConfigured(session, resource, at, stored, { settled: proposal.action === "no-op", read });
  if (proposal.action !== "no-op") session.pending.add(resource.address, at.address);
  after(session, resource, at, repetition, address, proposal.after);
  return proposal.after;
}

/**
 * The object's place in the state as the configuration now has it. What it depended on when it was made
 * still orders its removal, until a plan finds nothing to do.
 */
function noteConfigured(
  session: PlanSession,
  resource: PreparedResource,
  at: ModuleInstance,
  stored: StateInstance,
  { settled, read }: { readonly settled: boolean; readonly read: boolean },
): void {
  const { dependencies: earlier = [], create_before_destroy: _, ...rest } = stored;
  const now = session.dependencies.of(resource.address);
  const dependencies =
    !settled && !read ? earlier : settled || earlier.length === 0 ? now : [...new Set([...earlier, ...now])].sort();
  session.working.set(headOf(resource, at), {
    ...rest,
    ...(dependencies.length > 0 ? { dependencies } : {}),
    ...(session.createBeforeDestroy.has(resource.address) ? { create_before_destroy: true } : {}),
  });
}

/** Why the object is made anew even where nothing of it differs. */
function forcedBy(
  session: PlanSession,
  resource: PreparedResource,
  at: ModuleInstance,
  repetition: Repetition,
  stored: StateInstance | undefined,
  address: string,
): Reason | undefined {
  if (triggered(session, resource, at, repetition)) return "replace_by_triggers";
  if (stored?.status === "tainted") return "replace_because_tainted";
  return session.replace.has(address) ? "replace_by_request" : undefined;
}

/** A trigger is named also where something is made for the first time. */
function reasonOf(replacing: boolean, forced: Reason | undefined): { readonly reason?: Reason } {
  if (forced === "replace_by_triggers") return { reason: forced };
  return replacing ? { reason: forced ?? "replace_because_cannot_update" } : {};
}

function check(resource: PreparedResource, config: Value, address: string): void {
  if (!resource.type?.validate || !v.isWhollyKnown(config)) return;
  const [first, ...rest] = resource.type
    .validate(v.toPlain(config) as Attributes)
    .filter((d) => d.severity === "error");
  if (first === undefined) return;
  const all = [first, ...rest].map((d) => placed(d, resource.block.place, address));
  throw new DogeError(all);
}

/** Puts what an interrupted create left into the state; clears the intent where there is nothing. */
async function takeOver(
  session: PlanSession,
  resource: PreparedResource,
  at: ModuleInstance,
  key: Key,
  config: Value,
): Promise<StateInstance | undefined> {
  const about = subject(resource, at, key);
  const { address } = about;
  const intent = session.intents.get(address);
  const { type, provider } = resource;
  if (intent === undefined || type === undefined || !session.clients.ready(provider)) return undefined;
  if (session.working.get(about.resource, address) !== undefined) return undefined;
  const found = await findLeftover(session.clients, provider, type, intent, config);
  if (found === undefined) {
    // An apply that finds the inputs known asks once more before it creates.
    if (v.isWhollyKnown(config)) await session.journal?.close(address);
    return undefined;
  }
  const instance: StateInstance = {
    ...(key === undefined ? {} : { index_key: key }),
    schema_version: type.schemaVersion,
    ...storedObject(copyMarks(found, config), resource.schema),
  };
  session.working.set(headOf(resource, at), instance);
  session.takenOver.push(address);
  return instance;
}
