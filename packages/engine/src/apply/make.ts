import { randomBytes } from "node:crypto";
import { fail } from "@doge/core";
import { evaluateBody } from "../config/body.ts";
import type { ModuleInstance } from "../graph/evaluation.ts";
import { expand, type Repetition } from "../graph/expand.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import { hashInputs } from "../journal/journal.ts";
import { filled, findLeftover } from "../journal/recover.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes, ResourceType } from "../provider.ts";
import type { ResourceChange } from "../plan/model.ts";
import { before } from "../plan/rules.ts";
import { addressIn } from "../plan/session.ts";
import { ignoring, proposeObject, withDefaults } from "../plan/propose.ts";
import { decodeAs, typeOfBlock } from "../config/schema-types.ts";
import type { StateInstance } from "../state/model.ts";
import { copyMarks, markSchema, objectOf, storedObject } from "../state/objects.ts";
import { type ApplySession, reporting } from "./session.ts";

interface Making {
  readonly session: ApplySession;
  readonly resource: PreparedResource;
  readonly type: ResourceType<unknown>;
  readonly change: ResourceChange;
  readonly config: Value;
}

/** Creates or updates one object, or makes its replacement. */
export function make(session: ApplySession, change: ResourceChange): Promise<boolean> {
  return reporting(session, change.address, change.action, async () => {
    const resource = session.prepared.resources.get(change.config);
    const at = resource && session.evaluation.instanceAt(resource.module.path, change.module ?? "");
    if (resource?.type === undefined || at === undefined)
      return fail({
        code: "internal",
        summary: "The plan names a resource that is not there",
        detail: change.resource,
      });
    const repetition = repetitionOf(session, resource, at, change);
    const config = evaluateBody(resource.body, session.evaluation.scope(at, { repetition }), change.address);
    if (!v.isWhollyKnown(config)) {
      return fail({
        code: "internal",
        summary: "A value is still unknown during apply",
        detail: "This is a bug in Doge or in a provider that left an attribute out.",
      });
    }
    before(session, resource, at, repetition, change.address);
    const making = { session, resource, type: resource.type, change, config };
    return change.action === "update" ? update(making) : create(making);
  });
}

function repetitionOf(
  session: ApplySession,
  resource: PreparedResource,
  at: ModuleInstance,
  change: ResourceChange,
): Repetition {
  return (
    repetitionsOf(session, resource, at).find((one) => one.key === change.key) ??
    fail({
      code: "plan-inconsistent",
      summary: "The plan no longer fits",
      detail: "count or for_each gives other instances now than when this was planned.",
      remedy: "Plan again.",
    })
  );
}

/** The instances of a resource in one instance of its module. */
export function repetitionsOf(
  session: ApplySession,
  resource: PreparedResource,
  at: ModuleInstance,
): readonly Repetition[] {
  const address = addressIn(resource, at);
  let all = session.repetitions.get(address);
  if (all === undefined) {
    const scope = session.evaluation.scope(at);
    all = expand(resource.block, address, (expression) => session.evaluation.evaluate(expression, address, scope));
    session.repetitions.set(address, all);
  }
  return all;
}

async function update(making: Making): Promise<string | undefined> {
  const { session, resource, change } = making;
  const stored = session.working.get(change.resource, change.address);
  if (stored === undefined) return fail({ code: "internal", summary: "The object to update is not in the state" });
  const prior = objectOf(stored, resource.schema);
  const config = ignoring(making.config, prior, resource.block.ignoreChanges);
  const proposal = proposeObject(making.type, {
    config: making.config,
    prior,
    ignore: resource.block.ignoreChanges,
  });
  // What was unknown when this was planned may have turned out as it was.
  if (proposal.action === "no-op") return idOf(stored.attributes);
  // Only what counts as a secret changed: nothing that the vendor knows of.
  if (v.equal(proposal.after, prior)) return finish(making, proposal.after, proposal.after, stored, "change");
  if (making.type.builtin)
    return finish(making, making.type.builtin.make(proposal.after), proposal.after, stored, "change");
  const attributes = await call(making, config, v.toPlain(prior) as Attributes, async () => undefined);
  return finish(making, decoded(making, attributes), proposal.after, stored, "change");
}

/** A replacement that fails before there is a new object leaves the old one in its place. */
async function create(making: Making): Promise<string | undefined> {
  const restore = depose(making);
  try {
    return await createAnew(making);
  } catch (thrown) {
    await restore();
    throw thrown;
  }
}

async function createAnew(making: Making): Promise<string | undefined> {
  const { session, resource, type, change } = making;
  const planned = proposeObject(type, { config: making.config, prior: undefined }).after;
  if (type.builtin) return finish(making, type.builtin.make(planned), planned, undefined, "add");
  const inputs = v.toPlain(withDefaults(resource.schema, making.config)) as Attributes;
  const left = session.intents.get(change.address);
  const found = left && (await findLeftover(session.clients, resource.provider, type, left, making.config));
  if (found) {
    store(making, found, undefined);
    await session.saver.save();
    const attributes = await call(making, making.config, v.toPlain(found) as Attributes, async () => undefined);
    return finish(making, decoded(making, attributes), planned, undefined, "add");
  }
  const since = session.clients.context.clock.now().toISOString();
  await session.journal.open({
    address: change.address,
    type: type.type,
    inputs: hashInputs(inputs),
    since,
    config: withoutSecrets(making.config, resource),
  });
  const attributes = await call(making, making.config, undefined, async (partial) => {
    // Kept as a sound object, not as tainted: the next run reads it and goes on where this one was.
    store(making, filled(decodeAs(partial, typeOfBlock(resource.schema)), planned), undefined);
    await session.saver.save();
    await session.journal.close(change.address);
  });
  return finish(making, decoded(making, attributes), planned, undefined, "add");
}

/** Before a replacement is made first, the old object steps aside under a key of its own. Returns the way back. */
function depose({ session, change }: Making): () => Promise<void> {
  const { working } = session;
  const stored = working.get(change.resource, change.address);
  const head = working.head(change.resource);
  if (change.action !== "replace" || !change.createBeforeDestroy || stored === undefined || head === undefined)
    return async () => undefined;
  const deposed = randomBytes(4).toString("hex");
  working.delete(change.resource, change.address);
  working.set(head, { ...stored, deposed });
  return async () => {
    if (working.get(change.resource, change.address) !== undefined) return;
    working.delete(change.resource, change.address, deposed);
    working.set(head, stored);
    await session.saver.save();
  };
}

async function call(
  making: Making,
  config: Value,
  prior: Attributes | undefined,
  created: (partial: Attributes) => Promise<void>,
): Promise<Attributes> {
  const { session, resource, type, change } = making;
  const client = await session.clients.client(resource.provider);
  const inputs = v.toPlain(withDefaults(resource.schema, config)) as Attributes;
  return type.reconcile(client, { config: inputs, prior, created }, session.clients.work(change.address));
}

const decoded = ({ resource: { schema } }: Making, attributes: Attributes): Value =>
  markSchema(decodeAs(attributes, typeOfBlock(schema)), schema);

async function finish(
  making: Making,
  object: Value,
  planned: Value,
  stored: StateInstance | undefined,
  counted: "add" | "change",
): Promise<string | undefined> {
  const { session, change } = making;
  store(making, copyMarks(object, planned), stored);
  await session.saver.save();
  if (counted === "add") await session.journal.close(change.address);
  session.done[counted]++;
  return idOf(v.toPlain(object) as Attributes);
}

function store({ session, resource, type, change }: Making, object: Value, before: StateInstance | undefined): void {
  const dependencies = session.dependencies.of(change.config);
  session.working.set(
    {
      ...(change.module === undefined ? {} : { module: change.module }),
      mode: "managed",
      type: change.type,
      name: change.name,
      provider: resource.provider.address,
    },
    {
      ...(change.key === undefined ? {} : { index_key: change.key }),
      schema_version: type.schemaVersion,
      ...storedObject(object, resource.schema),
      ...(before?.private === undefined ? {} : { private: before.private }),
      ...(before?.identity === undefined ? {} : { identity: before.identity }),
      ...(before?.identity_schema_version === undefined
        ? {}
        : { identity_schema_version: before.identity_schema_version }),
      ...(dependencies.length > 0 ? { dependencies } : {}),
      ...(change.createBeforeDestroy ? { create_before_destroy: true } : {}),
    },
  );
}

function withoutSecrets(config: Value, resource: PreparedResource): Attributes {
  const hide = (value: Value): Value => (value.sensitive ? v.nullOf() : v.mapParts(value, hide));
  return v.toPlain(hide(markSchema(withDefaults(resource.schema, config), resource.schema))) as Attributes;
}

const idOf = (attributes: Readonly<Attributes>): string | undefined =>
  typeof attributes["id"] === "string" ? attributes["id"] : undefined;
