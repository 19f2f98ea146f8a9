import type { Expression, ModuleCall, ModuleConfiguration, ResourceBlock } from "../config/model.ts";
import type { SourceBody } from "../config/source.ts";
import { inModule, modulesOf } from "../graph/modules.ts";
import type { Node } from "../lang/ast.ts";
import { emptyScope, evaluate } from "../lang/evaluate.ts";
import { type FoundReference, referencesOf } from "../lang/references.ts";
import * as v from "../lang/values.ts";
import type { Plan } from "../plan/model.ts";

type Json = Record<string, unknown>;

/** The configuration as it was written: what each expression refers to, and the value of those that refer to nothing. */
export function configurationJson(plan: Plan): Json {
  const versions = new Map(plan.changes.map((change) => [change.config, change.schemaVersion] as const));
  return { provider_config: providerConfigs(plan), root_module: moduleJson(plan.configuration, "", versions) };
}

const builtin = "terraform.io/builtin/terraform";

function providerConfigs(plan: Plan): Json {
  const configs: Json = {};
  for (const { path, configuration } of modulesOf(plan.configuration).values()) {
    const full = (name: string): string => {
      const source = configuration.requiredProviders.get(name)?.source ?? `hashicorp/${name}`;
      return name === "terraform" ? builtin : source.split("/").length > 2 ? source : `registry.terraform.io/${source}`;
    };
    const version = (name: string): Json => {
      const constraint = configuration.requiredProviders.get(name)?.version;
      return constraint === undefined ? {} : { version_constraint: constraint };
    };
    const key = (name: string): string => (path === "" ? name : `${path}:${name}`);
    for (const one of configuration.providers.values()) {
      const expressions = bodyJson(one.body);
      configs[key(one.key)] = {
        name: one.name,
        full_name: full(one.name),
        ...(one.alias === undefined ? {} : { alias: one.alias }),
        ...version(one.name),
        ...(path === "" ? {} : { module_address: path }),
        ...(Object.keys(expressions).length > 0 ? { expressions } : {}),
      };
    }
    for (const block of configuration.resources.values()) {
      const name = providerKey(block).split(".")[0] ?? "";
      if (path === "" && configs[name] === undefined) configs[name] = { name, full_name: full(name), ...version(name) };
    }
  }
  return configs;
}

const providerKey = (block: ResourceBlock): string => block.provider ?? block.type.split("_")[0] ?? "";

function moduleJson(module: ModuleConfiguration, path: string, versions: ReadonlyMap<string, number>): Json {
  const outputs = [...module.outputs.values()].map((output) => [
    output.name,
    {
      ...(output.sensitive ? { sensitive: true } : {}),
      ...(output.ephemeral ? { ephemeral: true } : {}),
      expression: expressionJson(output.value),
      ...(output.description === undefined ? {} : { description: output.description }),
      ...(output.dependsOn.length > 0 ? { depends_on: addresses(output.dependsOn) } : {}),
    },
  ]);
  const variables = [...module.variables.values()].map((variable) => [
    variable.name,
    {
      ...(variable.default === undefined ? {} : { default: v.toPlain(variable.default) }),
      ...(variable.description === undefined ? {} : { description: variable.description }),
      ...(variable.sensitive ? { sensitive: true } : {}),
      ...(variable.ephemeral ? { ephemeral: true } : {}),
    },
  ]);
  const resources = [...module.resources.values()].map((block) => resourceJson(block, path, versions)).sort(byAddress);
  const calls = [...module.calls.values()].map((call) => [
    call.name,
    callJson(call, module, inModule(path, `module.${call.name}`), versions),
  ]);
  return {
    ...(outputs.length > 0 ? { outputs: Object.fromEntries(outputs) } : {}),
    ...(resources.length > 0 ? { resources } : {}),
    ...(calls.length > 0 ? { module_calls: Object.fromEntries(calls) } : {}),
    ...(variables.length > 0 ? { variables: Object.fromEntries(variables) } : {}),
  };
}

/** Managed resources come before data sources. */
const byAddress = (a: Json, b: Json): number => {
  const [x, y] = [a, b].map((one) => `${one["mode"] === "data" ? 1 : 0} ${String(one["address"])}`) as [string, string];
  return x < y ? -1 : 1;
};

function resourceJson(block: ResourceBlock, path: string, versions: ReadonlyMap<string, number>): Json {
  const expressions = bodyJson(block.body);
  return {
    address: block.address,
    mode: block.mode,
    type: block.type,
    name: block.name,
    provider_config_key: providerKey(block),
    ...(Object.keys(expressions).length > 0 ? { expressions } : {}),
    schema_version: versions.get(inModule(path, block.address)) ?? 0,
    ...repetitionJson(block),
    ...(block.dependsOn.length > 0 ? { depends_on: addresses(block.dependsOn) } : {}),
  };
}

const repetitionJson = ({ count, forEach }: Pick<ResourceBlock, "count" | "forEach">): Json => ({
  ...(count ? { count_expression: expressionJson(count) } : {}),
  ...(forEach ? { for_each_expression: expressionJson(forEach) } : {}),
});

function callJson(
  call: ModuleCall,
  caller: ModuleConfiguration,
  path: string,
  versions: ReadonlyMap<string, number>,
): Json {
  const child = caller.children.get(call.name);
  const expressions = Object.fromEntries([...call.inputs].map(([name, one]) => [name, expressionJson(one)]));
  return {
    source: call.source,
    ...(Object.keys(expressions).length > 0 ? { expressions } : {}),
    ...repetitionJson(call),
    ...(child ? { module: moduleJson(child, path, versions) } : {}),
    ...(call.version === undefined ? {} : { version_constraint: call.version }),
    ...(call.dependsOn.length > 0 ? { depends_on: addresses(call.dependsOn) } : {}),
  };
}

/** Arguments and blocks. Where JSON leaves open which it is, it counts as an argument. */
function bodyJson(body: SourceBody): Json {
  const json: Json = {};
  for (const item of body.items) {
    if (item.kind !== "block") json[item.name] = expressionJson({ node: item.attribute().node(), place: item.place });
    else if (item.name !== "dynamic")
      json[item.name] = [
        ...((json[item.name] as Json[] | undefined) ?? []),
        ...item.blocks(0).map((one) => bodyJson(one.body)),
      ];
  }
  return json;
}

function expressionJson({ node }: Expression): Json {
  const references = [...new Set(referencesOf(node).flatMap(spelled))];
  if (references.length > 0) return { references };
  try {
    return hasCall(node) ? {} : { constant_value: v.toPlain(evaluate(node, emptyScope)) };
  } catch {
    return {};
  }
}

/** Functions are not called for this. */
const hasCall = (node: Node): boolean => JSON.stringify(node, (_, part: unknown) => part)?.includes('"kind":"call"');

/** A reference with its steps, then without: `aws_instance.a.id`, `aws_instance.a`. */
function spelled({ key, reference, steps }: FoundReference): string[] {
  if (["each", "count", "path", "terraform", "self"].includes(reference.root)) return [key];
  const [first] = steps;
  const instance =
    first && "index" in first && first.index !== undefined ? `${key}[${JSON.stringify(first.index)}]` : key;
  const rest = instance === key ? steps : steps.slice(1);
  let full = instance;
  for (const step of rest) {
    if ("attribute" in step) full += `.${step.attribute}`;
    else if (step.index !== undefined) full += `[${JSON.stringify(step.index)}]`;
    else break;
  }
  const bases = instance === key || reference.root === "module" ? [instance] : [instance, key];
  return full === instance ? bases : [full, ...bases];
}

const addresses = (expressions: readonly Expression[]): string[] =>
  expressions.flatMap((one) => referencesOf(one.node)).map((found) => found.key);
