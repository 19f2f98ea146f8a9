import { fail, nearest } from "@doge/core";
import { type Address, parseAddress } from "./address.ts";
import { instanceAddress, resourceAddress, type State, type StateInstance, type StateResource } from "./model.ts";
import { WorkingState } from "./working.ts";

/** One object of a state, for lists. */
export interface Listed {
  readonly address: string;
  readonly resource: StateResource;
  readonly instance: StateInstance;
}

/** Every object, in the order of addresses; with addresses given, what they name. */
export function listObjects(state: State, addresses: readonly string[] = []): readonly Listed[] {
  const wanted = addresses.map(known);
  return state.resources
    .flatMap((resource) =>
      resource.instances.map((instance) => ({
        address: instanceAddress(resourceAddress(resource), instance.index_key),
        resource,
        instance,
      })),
    )
    .filter((one) => wanted.length === 0 || wanted.some((address) => names(address, one)))
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** The objects that an address names; a diagnostic with the nearest address where there are none. */
export function findObjects(state: State, address: string): readonly Listed[] {
  const found = listObjects(state, [address]);
  if (found.length > 0) return found;
  const near = nearest(
    address,
    listObjects(state).map((one) => one.address),
  );
  return fail({
    code: "state-no-object",
    summary: "The state holds no such object",
    detail: address,
    address,
    remedy: near ? `Did you mean ${near}?` : "doge state list WORKSPACE shows what there is.",
  });
}

/** Forgets objects. They go on existing. */
export function removeObjects(state: State, addresses: readonly string[]): State {
  const working = new WorkingState(state);
  for (const { address, resource, instance } of addresses.flatMap((one) => findObjects(state, one)))
    working.delete(resourceAddress(resource), address, instance.deposed);
  return working.snapshot();
}

/** Marks objects to be made anew by the next apply, or takes the mark off. */
export function setTainted(state: State, address: string, tainted: boolean): State {
  const working = new WorkingState(state);
  const objects = findObjects(state, address).filter(({ instance }) => instance.deposed === undefined);
  for (const { resource, instance } of objects) {
    const { instances: _, each: __, ...head } = resource;
    const { status: ___, ...sound } = instance;
    working.set(head, tainted ? { ...sound, status: "tainted" } : sound);
  }
  return working.snapshot();
}

/** Gives objects another address: one object, all of a resource, or a whole module. */
export function moveObjects(
  state: State,
  from: string,
  to: string,
): { readonly state: State; readonly moved: readonly string[] } {
  const [source, target] = [known(from), known(to)];
  const misfit =
    source.kind !== target.kind ||
    (source.kind === "resource" &&
      target.kind === "resource" &&
      (source.type !== target.type || source.mode !== target.mode));
  if (misfit) {
    fail({
      code: "state-move",
      summary: "An object can't become another kind of object",
      detail: `${from} and ${to} are not of one kind and type.`,
      address: to,
      remedy: "Give two modules, or two resources of one type.",
    });
  }
  const working = new WorkingState(state);
  const moved: string[] = [];
  for (const one of findObjects(state, from)) {
    const { instances: _, each: __, ...head } = one.resource;
    const next = movedTo(head, one.instance, source, target);
    const address = instanceAddress(resourceAddress(next.head), next.instance.index_key);
    working.delete(resourceAddress(head), one.address, one.instance.deposed);
    if (working.get(resourceAddress(next.head), address, one.instance.deposed) !== undefined) {
      fail({
        code: "state-move",
        summary: "There is an object at that address already",
        detail: `${one.address} can't be moved to ${address}.`,
        address,
        remedy: "Move or forget that one first: doge state mv, doge state rm.",
      });
    }
    working.set(next.head, next.instance);
    moved.push(`${one.address} → ${address}`);
  }
  return { state: working.snapshot(), moved };
}

type Head = Omit<StateResource, "instances" | "each">;

function movedTo(
  head: Head,
  instance: StateInstance,
  from: Address,
  to: Address,
): { readonly head: Head; readonly instance: StateInstance } {
  if (from.kind === "module" && to.kind === "module")
    return { head: { ...head, module: `${to.module}${(head.module ?? "").slice(from.module.length)}` }, instance };
  if (to.kind === "module") return { head, instance };
  const { module: _, ...outside } = head;
  const { index_key: key, ...rest } = instance;
  // All of a resource keep their keys; one that is named takes the key that it is given.
  const named = (from.kind === "resource" && from.key !== undefined) || to.key !== undefined || key === undefined;
  const next = named ? to.key : key;
  return {
    head: { ...outside, ...(to.module === undefined ? {} : { module: to.module }), name: to.name },
    instance: { ...(next === undefined ? {} : { index_key: next }), ...rest },
  };
}

function known(text: string): Address {
  return (
    parseAddress(text) ??
    fail({
      code: "address-invalid",
      summary: "This is no address of a resource",
      detail: text,
      address: text,
      remedy: 'For example: digitalocean_droplet.web, digitalocean_record.a["www"], module.name.',
    })
  );
}

function names(address: Address, { resource, instance }: Listed): boolean {
  const { module } = resource;
  if (address.kind === "module")
    return module === address.module || [".", "["].some((next) => module?.startsWith(address.module + next));
  return (
    address.module === module &&
    address.mode === resource.mode &&
    address.type === resource.type &&
    address.name === resource.name &&
    (address.key === undefined || address.key === instance.index_key)
  );
}
