import { randomBytes } from "node:crypto";
import { fail } from "@doge/core";
import { evaluateBody } from "../config/body.ts";
import { expand, type Repetition } from "../graph/evaluation.ts";
import { dependenciesOf } from "../graph/dependencies.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import { hashInputs } from "../journal/journal.ts";
import { filled, findLeftover } from "../journal/recover.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes, ResourceType } from "../provider.ts";
import type { ResourceChange } from "../plan/model.ts";
import { ignoring, propose, withDefaults } from "../plan/propose.ts";
import { decodeAs, typeOfBlock } from "../config/schema-types.ts";
import type { StateInstance } from "../state/model.ts";
import { copyMarks, markSchema, objectOf, statePaths } from "../state/objects.ts";
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
    const resource = session.prepared.resources.get(change.resource);
    if (resource?.type === undefined)
      return fail({
        code: "internal",
        summary: "The plan names a resource that is not there",
        detail: change.resource,
      });
    const repetition = repetitionOf(session, resource, change);
    const config = evaluateBody(resource.body, session.evaluation.scope(repetition), change.address);
    if (!v.isWhollyKnown(config)) {
      return fail({
        code: "internal",
        summary: "A value is still unknown during apply",
        detail: "This is a bug in Doge or in a provider that left an attribute out.",
      });
    }
    const making = { session, resource, type: resource.type, change, config };
    return change.action === "update" ? update(making) : create(making);
  });
}

function repetitionOf(session: ApplySession, resource: PreparedResource, change: ResourceChange): Repetition {
  const { address } = resource.block;
  let all = session.repetitions.get(address);
  if (all === undefined) {
    all = expand(resource.block, session.evaluation);
    session.repetitions.set(address, all);
  }
  const found = all.find((one) => one.key === change.key);
  return (
    found ??
    fail({
      code: "plan-inconsistent",
      summary: "The plan no longer fits",
      detail: "count or for_each gives other instances now than when this was planned.",
      remedy: "Plan again.",
    })
  );
}

async function update(making: Making): Promise<string | undefined> {
  const { session, resource, change } = making;
  const stored = session.working.get(change.resource, change.address);
  if (stored === undefined) return fail({ code: "internal", summary: "The object to update is not in the state" });
  const prior = objectOf(stored, resource.schema);
  const config = ignoring(making.config, prior, resource.block.ignoreChanges);
  const proposal = propose({
    schema: resource.schema,
    config: making.config,
    prior,
    ignore: resource.block.ignoreChanges,
  });
  // What was unknown when this was planned may have turned out as it was.
  if (proposal.action === "no-op") {
    store(making, copyMarks(prior, proposal.after), stored);
    await session.saver.save();
    return idOf(stored.attributes);
  }
  const attributes = await call(making, config, v.toPlain(prior) as Attributes, async () => undefined);
  return finish(making, attributes, proposal.after, stored, "change");
}

async function create(making: Making): Promise<string | undefined> {
  const { session, resource, type, change } = making;
  depose(making);
  const planned = propose({ schema: resource.schema, config: making.config, prior: undefined }).after;
  const inputs = v.toPlain(withDefaults(resource.schema, making.config)) as Attributes;
  const left = session.intents.get(change.address);
  const found = left && (await findLeftover(session.clients, resource.provider, type, left, making.config));
  if (found) {
    store(making, found, undefined);
    await session.saver.save();
    const attributes = await call(making, making.config, v.toPlain(found) as Attributes, async () => undefined);
    return finish(making, attributes, planned, undefined, "add");
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
  return finish(making, attributes, planned, undefined, "add");
}

/** Before a replacement is made first, the old object steps aside under a key of its own. */
function depose({ session, change }: Making): void {
  const stored = session.working.get(change.resource, change.address);
  const head = session.working.head(change.resource);
  if (change.action !== "replace" || !change.createBeforeDestroy || stored === undefined || head === undefined) return;
  session.working.delete(change.resource, change.address);
  session.working.set(head, { ...stored, deposed: randomBytes(4).toString("hex") });
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

async function finish(
  making: Making,
  attributes: Attributes,
  planned: Value,
  stored: StateInstance | undefined,
  counted: "add" | "change",
): Promise<string | undefined> {
  const { session, resource, change } = making;
  const object = markSchema(decodeAs(attributes, typeOfBlock(resource.schema)), resource.schema);
  store(making, copyMarks(object, planned), stored);
  await session.saver.save();
  if (counted === "add") await session.journal.close(change.address);
  session.done[counted]++;
  return idOf(attributes);
}

function store({ session, resource, type, change }: Making, object: Value, before: StateInstance | undefined): void {
  const marks = statePaths(object);
  const dependencies = dependenciesOf(session.prepared, change.resource);
  session.working.set(
    { mode: "managed", type: change.type, name: change.name, provider: resource.provider.address },
    {
      ...(change.key === undefined ? {} : { index_key: change.key }),
      schema_version: type.schemaVersion,
      attributes: v.toPlain(object) as Attributes,
      sensitive_attributes: marks,
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
