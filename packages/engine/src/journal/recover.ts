import type { Clients } from "../graph/clients.ts";
import { seenOrGone } from "../graph/absence.ts";
import type { PreparedProvider } from "../graph/providers.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { Attributes, ResourceType } from "../provider.ts";
import { copyMarks, markSchema } from "../state/objects.ts";
import { decodeAs, typeOfBlock } from "../config/schema-types.ts";
import { propose, withDefaults } from "../plan/propose.ts";
import { hashInputs, type Intent } from "./journal.ts";

/** What was made so long ago is in every copy that a vendor reads from. */
const catchingUp = 60_000;

/**
 * The object that an interrupted create left, or undefined. `config` is what the configuration says now; it
 * is asked first where it is wholly known, then the inputs that the journal kept.
 */
export async function findLeftover(
  clients: Clients,
  provider: PreparedProvider,
  type: ResourceType<unknown>,
  intent: Intent,
  config: Value | undefined,
): Promise<Value | undefined> {
  if (type.find === undefined) return undefined;
  const known = config !== undefined && v.isWhollyKnown(config);
  const inputs = known ? (v.toPlain(withDefaults(type.schema, config)) as Attributes) : intent.config;
  const client = await clients.client(provider);
  const work = clients.work(intent.address);
  const since = new Date(intent.since);
  const find = type.find.bind(type, client, { config: inputs, since }, work);
  const fresh = work.clock.now().getTime() - since.getTime() < catchingUp;
  const found = fresh ? await seenOrGone(find, work) : await find();
  if (found === undefined) return undefined;
  const object = decodeAs(found, typeOfBlock(type.schema));
  // What the vendor doesn't show (a hash of user data, a secret) is what we sent, if we still say the same.
  const same = known && hashInputs(inputs) === intent.inputs;
  return markSchema(
    same ? filled(object, propose({ schema: type.schema, config, prior: undefined }).after) : object,
    type.schema,
  );
}

/** The object with what was planned where it is null; unknown plans stay null. */
export function filled(object: Value, planned: Value): Value {
  if (!v.isMapping(object) || !v.isMapping(planned)) return object;
  return v.mapParts(object, (part, name) => {
    const wanted = planned.entries.get(String(name));
    if (wanted === undefined) return part;
    return part.kind === "null" && v.isWhollyKnown(wanted) ? wanted : copyMarks(part, wanted);
  });
}
