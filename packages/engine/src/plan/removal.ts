import { fail } from "@doge/core";
import { locating } from "../config/locate.ts";
import type { ResourceBlock } from "../config/model.ts";
import type { Prepared, PreparedResource } from "../graph/prepare.ts";
import { configAddress, moduleOf, type StateInstance, type StateResource } from "../state/model.ts";
import type { Value } from "../lang/values.ts";
import { objectOf } from "../state/objects.ts";
import type { Reason } from "./model.ts";
import { type PlanSession, providerOf, report, storedSubject, typeFor } from "./session.ts";

type Head = Omit<StateResource, "instances" | "each">;

/** Plans that an object of the state goes: destroyed, or only forgotten. False where something failed. */
export async function planRemoval(
  session: PlanSession,
  head: Head,
  resource: string,
  instance: StateInstance,
  reason: Reason | undefined,
): Promise<boolean> {
  const about = storedSubject(head, resource, instance);
  const { address } = about;
  if (session.targeted && !session.targeted(address, resource)) return true;
  try {
    if (instance.deposed === undefined) await session.refresher.settled(address);
    const stored = session.working.get(resource, address, instance.deposed);
    const provider = providerOf(session.prepared, head.provider);
    if (stored === undefined || provider === undefined) return true;
    const { schema } = typeFor(provider, head.type, stored.schema_version, address);
    const declared = session.prepared.resources.get(about.config);
    const forgotten = declared === undefined && isForgotten(session.prepared, about.config);
    if (declared?.block.preventDestroy && instance.deposed === undefined) refuseDestroy(declared.block, address);
    const previous = session.moved.get(address);
    session.changes.push({
      ...about,
      action: forgotten ? "forget" : "delete",
      replacePaths: [],
      createBeforeDestroy: instance.create_before_destroy ?? false,
      // As terraform does, what goes is shown as it was known, not as it was found.
      before: asKnown(session, address, instance) ?? objectOf(stored, schema),
      ...(reason ? { reason } : {}),
      ...(instance.deposed === undefined ? {} : { deposed: instance.deposed }),
      ...(previous === undefined ? {} : { previous }),
    });
    session.pending.add(about.config, head.module ?? "");
    return true;
  } catch (thrown) {
    return report(session, thrown, address);
  }
}

function asKnown(session: PlanSession, address: string, { deposed }: StateInstance): Value | undefined {
  return session.mode === "normal" && deposed === undefined ? session.refresher.before(address) : undefined;
}

/** Whether a `removed` block says that what it names stays as it is. */
function isForgotten(prepared: Prepared, config: string): boolean {
  return [...prepared.modules.values()].some((module) =>
    module.configuration.removed.some(({ from, destroy }) => {
      const full = module.path === "" ? from : `${module.path}.${from}`;
      return !destroy && (config === full || config.startsWith(`${full}.`));
    }),
  );
}

/** Why an object of a declared resource goes. */
export function removalReason({ block }: PreparedResource, key: string | number | undefined): Reason {
  if (typeof key === "number" && block.count) return "delete_because_count_index";
  if (typeof key === "string" && block.forEach) return "delete_because_each_key";
  return "delete_because_wrong_repetition";
}

/** Why an object goes whose block or module instance is gone. */
export function orphanReason(session: PlanSession, resource: string, address: string): Reason {
  if (session.prepared.resources.has(configAddress(resource))) return "delete_because_no_module";
  return session.moved.has(address) ? "delete_because_no_move_target" : "delete_because_no_resource_config";
}

export const refuseDestroy = (block: ResourceBlock, address: string): never =>
  locating(block.place, address, () =>
    fail({
      code: "prevent-destroy",
      summary: "Instance cannot be destroyed",
      detail: `Resource ${address} has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed.`,
      remedy: "Take prevent_destroy out, or reduce the scope of the plan with -target.",
    }),
  );

/** Whether the configuration has a place for objects at this address. */
export function isDeclared(session: PlanSession, resource: string): boolean {
  if (!session.prepared.resources.has(configAddress(resource))) return false;
  const module = moduleOf(resource);
  return session.evaluation.instanceAt(configAddress(module), module) !== undefined;
}
