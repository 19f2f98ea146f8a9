import { instanceAddress, resourceAddress, type State, type StateResource, terraformVersion } from "../state/model.ts";

type Json = Record<string, unknown>;

/** A state in the JSON format 1.0 of `terraform show -json`. Sensitive values are in clear, as there. */
export function stateToJson(state: State): Json {
  return {
    format_version: "1.0",
    terraform_version: state.terraform_version || terraformVersion,
    values: {
      ...(Object.keys(state.outputs).length > 0 ? { outputs: outputs(state) } : {}),
      root_module: moduleJson(state.resources, undefined),
    },
  };
}

const outputs = (state: State): Json =>
  Object.fromEntries(
    Object.entries(state.outputs).map(([name, { value, type, sensitive }]) => [
      name,
      { sensitive: sensitive ?? false, value, type },
    ]),
  );

function moduleJson(resources: readonly StateResource[], address: string | undefined): Json {
  const own = resources.filter((one) => one.module === address);
  const below = new Set(resources.flatMap((one) => childOf(one.module, address) ?? []));
  return {
    ...(address === undefined ? {} : { address }),
    ...(own.length > 0 ? { resources: own.flatMap(instances) } : {}),
    ...(below.size > 0 ? { child_modules: [...below].sort().map((child) => moduleJson(resources, child)) } : {}),
  };
}

/** The child of `parent` that `module` is or stands in. */
function childOf(module: string | undefined, parent: string | undefined): string | undefined {
  if (module === undefined || (parent !== undefined && !module.startsWith(`${parent}.`))) return undefined;
  const rest = parent === undefined ? module : module.slice(parent.length + 1);
  const step = /^module\.[^.[]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?/.exec(rest)?.[0];
  return step === undefined ? undefined : parent === undefined ? step : `${parent}.${step}`;
}

const instances = (resource: StateResource): Json[] =>
  resource.instances.map((instance) => ({
    address: instanceAddress(resourceAddress(resource), instance.index_key),
    mode: resource.mode,
    type: resource.type,
    name: resource.name,
    ...(instance.index_key === undefined ? {} : { index: instance.index_key }),
    provider_name: /"([^"]+)"/.exec(resource.provider)?.[1] ?? resource.provider,
    schema_version: instance.schema_version,
    values: instance.attributes,
    sensitive_values: sensitiveTree(instance.sensitive_attributes ?? []),
    ...(instance.dependencies?.length ? { depends_on: instance.dependencies } : {}),
    ...(instance.status === "tainted" ? { tainted: true } : {}),
    ...(instance.deposed === undefined ? {} : { deposed_key: instance.deposed }),
  }));

/** `true` at every sensitive place, nested like the values. */
function sensitiveTree(paths: NonNullable<StateResource["instances"][number]["sensitive_attributes"]>): Json {
  const tree: Json = {};
  for (const path of paths) {
    let at = tree;
    path.forEach((step, i) => {
      const key = String(step.type === "get_attr" ? step.value : step.value.value);
      if (i === path.length - 1) at[key] = true;
      else if (at[key] !== true) at = (at[key] ??= {}) as Json;
    });
  }
  return tree;
}
