import { moduleOf } from "../state/model.ts";

type Json = Record<string, unknown>;

/** Resources by the module instances they belong to, nested as plan and state JSON have them. */
export function moduleTree(resources: readonly (Json & { readonly address: string })[]): Json {
  const modules = new Map<string, Json[]>([["", []]]);
  for (const resource of resources) {
    const module = moduleOf(resource.address);
    for (const one of ancestors(module)) if (!modules.has(one)) modules.set(one, []);
    modules.get(module)?.push(resource);
  }
  const build = (address: string): Json => {
    const own = modules.get(address) ?? [];
    const children = [...modules.keys()].filter((one) => one !== "" && parentOf(one) === address).sort();
    return {
      ...(own.length > 0 ? { resources: own } : {}),
      ...(address === "" ? {} : { address }),
      ...(children.length > 0 ? { child_modules: children.map(build) } : {}),
    };
  };
  return build("");
}

/** The address of a module without its last step. */
const parentOf = moduleOf;

function* ancestors(module: string): Iterable<string> {
  for (let one = module; one !== ""; one = parentOf(one)) yield one;
}
