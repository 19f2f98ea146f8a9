import { fail } from "@doge/core";
import * as v from "../lang/values.ts";
import type { ResourceChange } from "../plan/model.ts";
import { providerOf, typeFor } from "../plan/session.ts";
import type { Attributes } from "../provider.ts";
import { objectOf } from "../state/objects.ts";
import { type ApplySession, reporting } from "./session.ts";

/** Removes one object, and then its place in the state. */
export async function remove(session: ApplySession, change: ResourceChange): Promise<boolean> {
  const { working } = session;
  const deposed =
    change.deposed ??
    (change.action === "replace" && change.createBeforeDestroy ? deposedKey(session, change) : undefined);
  const stored = working.get(change.resource, change.address, deposed);
  if (stored === undefined) return true;
  if (change.action === "forget") {
    working.delete(change.resource, change.address, deposed);
    await session.saver.save();
    return true;
  }
  return reporting(session, change.address, "delete", async () => {
    const provider = providerOf(session.prepared, change.provider);
    if (provider === undefined || !session.clients.ready(provider)) {
      return fail({
        code: "provider-not-configured",
        summary: "The provider's settings are not known",
        detail: `${change.provider} depends on something that does not exist.`,
        remedy: "Apply what the provider depends on first, with -target.",
      });
    }
    const type = typeFor(provider, change.type, stored.schema_version, change.address);
    const client = await session.clients.client(provider);
    const attributes = v.toPlain(objectOf(stored, type.schema)) as Attributes;
    await type.remove(client, attributes, session.clients.work(change.address));
    working.delete(change.resource, change.address, deposed);
    await session.saver.save();
    session.done.destroy++;
    return typeof attributes["id"] === "string" ? attributes["id"] : undefined;
  });
}

/** The key of the object that stepped aside in this apply. */
function deposedKey(session: ApplySession, change: ResourceChange): string | undefined {
  const known = new Set(session.plan.changes.map((one) => one.deposed));
  return session.working
    .instancesOf(change.resource)
    .find((one) => one.index_key === change.key && one.deposed !== undefined && !known.has(one.deposed))?.deposed;
}
