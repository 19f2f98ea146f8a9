import { DogeError, fail } from "@doge/core";
import { evaluateBody } from "../config/body.ts";
import { locating, placed } from "../config/locate.ts";
import { blockValue, expand, type Key, type Repetition } from "../graph/evaluation.ts";
import { dependenciesOf } from "../graph/dependencies.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import { findLeftover } from "../journal/recover.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes } from "../provider.ts";
import { instanceAddress, type StateInstance } from "../state/model.ts";
import { copyMarks, objectOf, statePaths } from "../state/objects.ts";
import type { Reason, ResourceChange } from "./model.ts";
import { propose } from "./propose.ts";
import { type PlanSession, report, subject, valueFromState } from "./session.ts";

/** Plans every instance of a managed resource, those to be removed among them. False where something failed. */
export async function planManaged(session: PlanSession, resource: PreparedResource): Promise<boolean> {
  const { block } = resource;
  if (session.mode !== "normal") return settleOnly(session, resource);
  let repetitions: readonly Repetition[];
  try {
    repetitions = expand(block, session.evaluation);
  } catch (thrown) {
    return report(session, thrown, block.address);
  }
  const values = new Map<Key, Value>();
  const outcomes = await Promise.all(
    repetitions.map(async (repetition) => {
      const value = await planInstance(session, resource, repetition).catch((thrown: unknown) =>
        report(session, thrown, instanceAddress(block.address, repetition.key)),
      );
      if (value !== false) values.set(repetition.key, value);
      return value !== false;
    }),
  );
  const wanted = new Set(repetitions.map((one) => one.key));
  const removed = await Promise.all(
    session.working
      .instancesOf(block.address)
      .filter((one) => one.deposed !== undefined || !wanted.has(one.index_key))
      .map((one) => planRemoval(session, resource, one, removalReason(resource, one.index_key))),
  );
  const ordered = new Map(
    repetitions.filter((one) => values.has(one.key)).map((one) => [one.key, values.get(one.key) as Value]),
  );
  session.evaluation.resources.set(block.address, blockValue(block, ordered));
  return [...outcomes, ...removed].every(Boolean);
}

/** Where nothing is proposed: the objects are read, and interrupted creates looked for. */
async function settleOnly(session: PlanSession, resource: PreparedResource): Promise<boolean> {
  const { block, schema } = resource;
  try {
    if ([...session.intents.values()].some((one) => one.address.startsWith(block.address))) {
      for (const repetition of expand(block, session.evaluation)) {
        const address = instanceAddress(block.address, repetition.key);
        const config = evaluateBody(resource.body, session.evaluation.scope(repetition), address);
        await takeOver(session, resource, repetition.key, address, config);
      }
    }
    for (const one of session.working.instancesOf(block.address))
      await session.refresher.settled(instanceAddress(block.address, one.index_key));
  } catch (thrown) {
    return report(session, thrown, block.address);
  }
  session.evaluation.resources.set(block.address, valueFromState({ ...resource, schema }, session.working));
  return true;
}

async function planInstance(session: PlanSession, resource: PreparedResource, repetition: Repetition): Promise<Value> {
  const { block, schema } = resource;
  const about = subject(resource, repetition.key);
  const { address } = about;
  await session.refresher.settled(address);
  if (session.targeted && !session.targeted(address, block.address)) {
    const stored = session.working.get(block.address, address);
    return stored ? objectOf(stored, schema) : v.unknownOf();
  }
  const config = evaluateBody(resource.body, session.evaluation.scope(repetition), address);
  check(resource, config, address);
  const stored =
    session.working.get(block.address, address) ?? (await takeOver(session, resource, repetition.key, address, config));
  const prior = stored && objectOf(stored, schema);
  const tainted = stored?.status === "tainted";
  const requested = session.replace.has(address);
  const proposal = propose({ schema, config, prior, ignore: block.ignoreChanges, force: tainted || requested });
  const reason: Reason | undefined =
    proposal.action !== "replace"
      ? undefined
      : tainted
        ? "replace_because_tainted"
        : requested
          ? "replace_by_request"
          : "replace_because_cannot_update";
  if (proposal.action === "replace" && block.preventDestroy) refuseDestroy(resource, address);
  const change: ResourceChange = {
    ...about,
    action: proposal.action,
    replacePaths: proposal.replacePaths,
    createBeforeDestroy: session.createBeforeDestroy.has(block.address),
    ...(reason ? { reason } : {}),
    ...(prior ? { before: prior } : {}),
    after: proposal.after,
  };
  session.changes.push(change);
  if (stored) noteConfigured(session, resource, stored, proposal.action === "no-op");
  const made = proposal.action === "create" || proposal.action === "replace";
  if (made) session.pending.set(block.address, "created");
  else if (proposal.action === "update" && !session.pending.has(block.address))
    session.pending.set(block.address, "changed");
  return proposal.after;
}

/**
 * The object's place in the state as the configuration now has it. What it depended on when it was made
 * still orders its removal, until a plan finds nothing to do.
 */
function noteConfigured(
  session: PlanSession,
  resource: PreparedResource,
  stored: StateInstance,
  settled: boolean,
): void {
  const head = session.working.head(resource.block.address);
  if (head === undefined) return;
  const { dependencies: before = [], create_before_destroy: _, ...rest } = stored;
  const now = dependenciesOf(session.prepared, resource.block.address);
  const dependencies = settled || before.length === 0 ? now : [...new Set([...before, ...now])].sort();
  session.working.set(head, {
    ...rest,
    ...(dependencies.length > 0 ? { dependencies } : {}),
    ...(session.createBeforeDestroy.has(resource.block.address) ? { create_before_destroy: true } : {}),
  });
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
  key: Key,
  address: string,
  config: Value,
): Promise<StateInstance | undefined> {
  const intent = session.intents.get(address);
  const { type, provider, block } = resource;
  if (intent === undefined || type === undefined || !session.clients.ready(provider)) return undefined;
  if (session.working.get(block.address, address) !== undefined) return undefined;
  const found = await findLeftover(session.clients, provider, type, intent, config);
  if (found === undefined) {
    // An apply that finds the inputs known asks once more before it creates.
    if (v.isWhollyKnown(config)) await session.journal?.close(address);
    return undefined;
  }
  const marked = copyMarks(found, config);
  const instance: StateInstance = {
    ...(key === undefined ? {} : { index_key: key }),
    schema_version: type.schemaVersion,
    attributes: v.toPlain(marked) as Attributes,
    sensitive_attributes: statePaths(marked),
  };
  session.working.set({ mode: "managed", type: block.type, name: block.name, provider: provider.address }, instance);
  session.takenOver.push(address);
  return instance;
}

export async function planRemoval(
  session: PlanSession,
  resource: PreparedResource,
  instance: StateInstance,
  reason: Reason | undefined,
): Promise<boolean> {
  const about = subject(resource, instance.index_key);
  if (session.targeted && !session.targeted(about.address, about.resource)) return true;
  try {
    if (instance.deposed === undefined) await session.refresher.settled(about.address);
    const stored = session.working.get(about.resource, about.address, instance.deposed);
    if (stored === undefined) return true;
    if (resource.block.preventDestroy && instance.deposed === undefined) refuseDestroy(resource, about.address);
    session.changes.push({
      ...about,
      action: "delete",
      replacePaths: [],
      createBeforeDestroy: false,
      before: objectOf(stored, resource.schema),
      ...(reason ? { reason } : {}),
      ...(instance.deposed === undefined ? {} : { deposed: instance.deposed }),
    });
    if (!session.pending.has(about.resource)) session.pending.set(about.resource, "changed");
    return true;
  } catch (thrown) {
    return report(session, thrown, about.address);
  }
}

function removalReason(resource: PreparedResource, key: Key): Reason {
  const { count, forEach } = resource.block;
  if (typeof key === "number" && count) return "delete_because_count_index";
  if (typeof key === "string" && forEach) return "delete_because_each_key";
  return "delete_because_wrong_repetition";
}

const refuseDestroy = (resource: PreparedResource, address: string): never =>
  locating(resource.block.place, address, () =>
    fail({
      code: "prevent-destroy",
      summary: "Instance cannot be destroyed",
      detail: `Resource ${address} has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed.`,
      remedy: "Take prevent_destroy out, or reduce the scope of the plan with -target.",
    }),
  );
