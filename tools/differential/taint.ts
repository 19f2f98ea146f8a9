/** `terraform taint`, on the text of a state. */
interface Resource {
  readonly module?: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly instances: readonly { readonly index_key?: string | number; readonly deposed?: string }[];
}

export function tainted(text: string, addresses: readonly string[]): string {
  const state = JSON.parse(text) as { readonly serial: number; readonly resources: readonly Resource[] };
  const resources = state.resources.map((one) => ({
    ...one,
    instances: one.instances.map((instance) =>
      one.mode === "managed" && instance.deposed === undefined && addresses.includes(addressOf(one, instance.index_key))
        ? { ...instance, status: "tainted" }
        : instance,
    ),
  }));
  return JSON.stringify({ ...state, serial: state.serial + 1, resources });
}

const addressOf = ({ module, type, name }: Resource, key: string | number | undefined): string =>
  `${module === undefined ? "" : `${module}.`}${type}.${name}${key === undefined ? "" : `[${JSON.stringify(key)}]`}`;
