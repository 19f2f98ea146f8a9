import { refuseEphemeral } from "./ephemeral.ts";
import { diagnosticsOf, DogeError } from "@doge/core";
import { evaluateBody } from "../config/body.ts";
import { placed } from "../config/locate.ts";
import { decodeAs, typeOfBlock } from "../config/schema-types.ts";
import { type ModuleInstance, repeated } from "../graph/evaluation.ts";
import { expand, type Key, type Repetition } from "../graph/expand.ts";
import type { Clients } from "../graph/clients.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes } from "../provider.ts";
import { instanceAddress, type StateInstance } from "../state/model.ts";
import { copyMarks, markSchema, objectOf, storedObject } from "../state/objects.ts";
import type { WorkingState } from "../state/working.ts";
import type { Reason } from "./model.ts";
import { mustWait } from "./pending.ts";
import { propose, withDefaults } from "./propose.ts";
import { after, before, type Judging, noneToJudge } from "./rules.ts";
import { addressIn, headOf, type PlanSession, report, subject } from "./session.ts";

/** Reads every instance of a data source, or leaves it to the apply. False where something failed. */
export async function planData(session: PlanSession, resource: PreparedResource): Promise<boolean> {
  const instances = session.evaluation.instancesOf(resource.module.path);
  if (instances.length === 0) noneToJudge(session, resource);
  const all = instances.map((at) => planAt(session, resource, at));
  return (await Promise.all(all)).every(Boolean);
}

async function planAt(session: PlanSession, resource: PreparedResource, at: ModuleInstance): Promise<boolean> {
  const { block } = resource;
  const address = addressIn(resource, at);
  const { evaluation } = session;
  try {
    const scope = evaluation.scope(at);
    const repetitions = expand(block, address, (expression) => evaluation.evaluate(expression, address, scope));
    if (repetitions.length === 0) noneToJudge(session, resource);
    const pending = mustWait(session, resource, at);
    forget(session.working, address, new Set(repetitions.map(({ key }) => key)));
    const values = await Promise.all(
      repetitions.map(async (one) => [one.key, await planOne(session, resource, at, one, pending)] as const),
    );
    at.resources.set(block.address, repeated(block, new Map(values)));
    return true;
  } catch (thrown) {
    try {
      failedData(session, resource, at, thrown);
      return true;
    } catch (again) {
      return report(session, again, address);
    }
  }
}

/** The failure of a check's own data source only makes the check fail; any other is thrown on, with its place. */
export function failedData(walk: Judging, resource: PreparedResource, at: ModuleInstance, thrown: unknown): void {
  const { block } = resource;
  const diagnostics = diagnosticsOf(thrown).map((d) => placed(d, block.place, addressIn(resource, at)));
  if (block.check === undefined) throw new DogeError(diagnostics, { cause: thrown });
  walk.diagnostics.push(...diagnostics.map((d) => ({ ...d, severity: "warning" as const })));
  at.resources.set(block.address, v.unknownOf(typeOfBlock(resource.schema)));
}

async function planOne(
  session: PlanSession,
  resource: PreparedResource,
  at: ModuleInstance,
  repetition: Repetition,
  pending: boolean,
): Promise<Value> {
  const about = subject(resource, at, repetition.key);
  const { evaluation } = session;
  const config = evaluateBody(resource.body, evaluation.scope(at, { repetition }), about.address);
  refuseEphemeral(resource, config, about.address);
  before(session, resource, at, repetition, about.address);
  const known = v.isWhollyKnown(config) && session.clients.ready(resource.provider);
  const nested = resource.block.check !== undefined;
  let value = propose({ schema: resource.schema, config, prior: undefined }).after;
  if (known && !pending) {
    value = await readNow(session, resource, at, config, about.address, value);
    // A check's own is read anew by the apply: it tells how things are then.
    if (!nested) session.data[about.address] = storedObject(value, resource.schema);
    session.working.set(headOf(resource, at), dataInstance(resource, value, repetition.key));
  } else if (session.mode === "refresh-only") {
    const stored = session.working.get(about.resource, about.address);
    value = stored ? objectOf(stored, resource.schema) : v.nullOf(typeOfBlock(resource.schema));
  } else session.working.delete(about.resource, about.address);
  const previous = session.moved.get(about.address);
  if (session.mode !== "refresh-only" && (!known || pending || nested))
    session.changes.push({
      ...about,
      ...(previous === undefined ? {} : { previous }),
      action: "read",
      reason: reasonOf(known, pending),
      replacePaths: [],
      createBeforeDestroy: false,
      after: value,
    });
  after(session, resource, at, repetition, about.address, value);
  return value;
}

const reasonOf = (known: boolean, pending: boolean): Reason =>
  known ? (pending ? "read_because_dependency_pending" : "read_because_check_nested") : "read_because_config_unknown";

/** Where a check's own data source can't be read, `otherwise` is all that is known of it. */
async function readNow(
  session: PlanSession,
  resource: PreparedResource,
  at: ModuleInstance,
  config: Value,
  address: string,
  otherwise: Value,
): Promise<Value> {
  try {
    return await readData(session.clients, resource, config, address);
  } catch (thrown) {
    failedData(session, resource, at, thrown);
    return otherwise;
  }
}

/** What a data source said, as the state keeps it. */
export const dataInstance = ({ schema }: PreparedResource, value: Value, key: Key): StateInstance => ({
  ...(key === undefined ? {} : { index_key: key }),
  schema_version: 0,
  ...storedObject(value, schema),
});

function forget(working: WorkingState, resource: string, wanted: ReadonlySet<Key>): void {
  for (const { index_key } of working.instancesOf(resource))
    if (!wanted.has(index_key)) working.delete(resource, instanceAddress(resource, index_key));
}

export async function readData(
  clients: Clients,
  resource: PreparedResource,
  config: Value,
  address: string,
): Promise<Value> {
  if (resource.source?.builtin)
    return markSchema(await resource.source.builtin(config, clients.context), resource.schema);
  const client = await clients.client(resource.provider);
  const inputs = v.toPlain(withDefaults(resource.schema, config)) as Attributes;
  const attributes = await clients.reads.run(async () => resource.source?.read(client, inputs, clients.work(address)));
  return dataValue(resource, attributes ?? {}, config);
}

function dataValue(resource: PreparedResource, attributes: Attributes, config: Value): Value {
  return copyMarks(markSchema(decodeAs(attributes, typeOfBlock(resource.schema)), resource.schema), config);
}
