import { evaluateBody, expressionsOf } from "../config/body.ts";
import { decodeAs, typeOfBlock } from "../config/schema-types.ts";
import { blockValue, expand, type Key } from "../graph/evaluation.ts";
import type { Clients } from "../graph/clients.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import { referencesOf } from "../lang/references.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes } from "../provider.ts";
import { instanceAddress, type StateInstance } from "../state/model.ts";
import { copyMarks, markSchema, statePaths } from "../state/objects.ts";
import type { WorkingState } from "../state/working.ts";
import type { Reason } from "./model.ts";
import { propose, withDefaults } from "./propose.ts";
import { type PlanSession, report, subject } from "./session.ts";

/** Reads every instance of a data source, or leaves it to the apply. False where something failed. */
export async function planData(session: PlanSession, resource: PreparedResource): Promise<boolean> {
  const { block } = resource;
  try {
    const repetitions = expand(block, session.evaluation);
    const pending = dependsOnPending(session, resource);
    const head = { mode: "data", type: block.type, name: block.name, provider: resource.provider.address } as const;
    forget(session.working, block.address, new Set(repetitions.map(({ key }) => key)));
    const values = await Promise.all(
      repetitions.map(async (repetition): Promise<readonly [Key, Value]> => {
        const about = subject(resource, repetition.key);
        const config = evaluateBody(resource.body, session.evaluation.scope(repetition), about.address);
        const known = v.isWhollyKnown(config) && session.clients.ready(resource.provider);
        if (known && !pending) {
          const value = await readData(session.clients, resource, config, about.address);
          session.data[about.address] = v.toPlain(value) as Attributes;
          session.working.set(head, instanceOf(value, repetition.key));
          return [repetition.key, value];
        }
        session.working.delete(block.address, about.address);
        const after = propose({ schema: resource.schema, config, prior: undefined }).after;
        const reason: Reason = known ? "read_because_dependency_pending" : "read_because_config_unknown";
        session.changes.push({ ...about, action: "read", reason, replacePaths: [], createBeforeDestroy: false, after });
        return [repetition.key, after];
      }),
    );
    session.evaluation.resources.set(block.address, blockValue(block, new Map(values)));
    return true;
  } catch (thrown) {
    return report(session, thrown, block.address);
  }
}

/** What a data source said, as the state keeps it. */
export const instanceOf = (value: Value, key: Key): StateInstance => ({
  ...(key === undefined ? {} : { index_key: key }),
  schema_version: 0,
  attributes: v.toPlain(value) as Attributes,
  sensitive_attributes: statePaths(value),
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
  const client = await clients.client(resource.provider);
  const inputs = v.toPlain(withDefaults(resource.schema, config)) as Attributes;
  const attributes = await clients.limiter.run(async () =>
    resource.source?.read(client, inputs, clients.work(address)),
  );
  return dataValue(resource, attributes ?? {}, config);
}

export function dataValue(resource: PreparedResource, attributes: Attributes, config: Value): Value {
  return copyMarks(markSchema(decodeAs(attributes, typeOfBlock(resource.schema)), resource.schema), config);
}

/** What it names in depends_on has anything to do, or what it refers to is about to be made. */
function dependsOnPending(session: PlanSession, resource: PreparedResource): boolean {
  const explicit = resource.block.dependsOn.flatMap((one) => referencesOf(one.node));
  if (explicit.some((found) => session.pending.has(found.key))) return true;
  for (const { expression } of expressionsOf(resource.body)) {
    if (referencesOf(expression.node).some((found) => session.pending.get(found.key) === "created")) return true;
  }
  return false;
}
