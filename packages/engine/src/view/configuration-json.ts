import type { Expression, ModuleCall, ResourceBlock } from "../config/model.ts";
import type { SourceBody } from "../config/source.ts";
import { inModule, modulesOf, type PreparedModule } from "../graph/modules.ts";
import type { Node } from "../lang/ast.ts";
import { emptyScope, evaluate } from "../lang/evaluate.ts";
import { type FoundReference, referencesOf } from "../lang/references.ts";
import * as v from "../lang/values.ts";
import type { Plan } from "../plan/model.ts";

type Json = Record<string, unknown>;

/**
 * The configuration as it was written: what each expression refers to, and the value of those that refer to nothing.
 * Without `secrets`, nothing stands there that is secret or may be: defaults, arguments, settings of providers.
 */
export function configurationJson(plan: Plan, secrets: boolean): Json {
  const modules = modulesOf(plan.configuration);
  const providers = providerConfigs(modules, secrets);
  const versions = new Map(plan.changes.map((change) => [change.config, change.schemaVersion] as const));
  return {
    ...(providers.size > 0 ? { provider_config: Object.fromEntries(providers) } : {}),
    root_module: moduleJson("", {
      modules,
      providers,
      versions,
      showsSecrets: secrets,
      secret: secrets ? () => false : secretArguments(plan),
    }),
  };
}

const builtin = "terraform.io/builtin/terraform";

/** Providers by their keys in the JSON: a module's own have its path before them; what it inherits is its caller's. */
function providerConfigs(modules: ReadonlyMap<string, PreparedModule>, secrets: boolean): Map<string, Json> {
  const configs = new Map<string, Json>();
  for (const module of modules.values()) {
    const { path, configuration } = module;
    for (const one of configuration.providers.values()) {
      const expressions = bodyJson(one.body, () => !secrets);
      configs.set(ownKey(path, one.key), {
        ...providerHead(module, one.name),
        ...(one.alias === undefined ? {} : { alias: one.alias }),
        ...(Object.keys(expressions).length > 0 ? { expressions } : {}),
      });
    }
    for (const block of configuration.resources.values()) {
      const key = providerKeyOf(module, providerName(block), configs);
      if (!configs.has(key)) configs.set(key, providerHead(module, providerName(block)));
    }
  }
  return configs;
}

function providerHead({ path, configuration }: PreparedModule, name: string): Json {
  const { source = `hashicorp/${name}`, version } = configuration.requiredProviders.get(name) ?? {};
  const full = source.split("/").length > 2 ? source : `registry.terraform.io/${source}`;
  return {
    name,
    full_name: name === "terraform" ? builtin : full,
    ...(version === undefined ? {} : { version_constraint: version }),
    ...(path === "" ? {} : { module_address: path }),
  };
}

const ownKey = (path: string, key: string): string => (path === "" ? key : `${path}:${key}`);

/** The key of the provider that serves a module: its own, or the nearest caller's. */
function providerKeyOf(
  { path, parent, call }: PreparedModule,
  key: string,
  configs: ReadonlyMap<string, Json>,
): string {
  const own = ownKey(path, key);
  if (configs.has(own) || parent === undefined) return own;
  const above = providerKeyOf(parent, call?.providers.get(key) ?? key, configs);
  return configs.has(above) ? above : own;
}

const providerName = (block: ResourceBlock): string => block.provider ?? block.type.split("_")[0] ?? "";

interface Writing {
  readonly modules: ReadonlyMap<string, PreparedModule>;
  readonly providers: ReadonlyMap<string, Json>;
  readonly versions: ReadonlyMap<string, number>;
  readonly showsSecrets: boolean;
  /** Whether an argument of a resource must not be shown. */
  readonly secret: (address: string, name: string) => boolean;
}

/** The arguments that are sensitive in any change. */
function secretArguments(plan: Plan): Writing["secret"] {
  const found = new Set<string>();
  for (const { config, before, after } of plan.changes) {
    for (const value of [before, after])
      for (const [name, part] of value && v.isMapping(value) ? value.entries : [])
        if (v.hasSensitive(part)) found.add(`${config} ${name}`);
  }
  return (address, name) => found.has(`${address} ${name}`);
}

function moduleJson(path: string, writing: Writing): Json {
  const prepared = writing.modules.get(path) as PreparedModule;
  const module = prepared.configuration;
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
      ...(variable.default === undefined
        ? {}
        : { default: variable.sensitive && !writing.showsSecrets ? "(sensitive)" : v.toPlain(variable.default) }),
      ...(variable.description === undefined ? {} : { description: variable.description }),
      ...(variable.sensitive ? { sensitive: true } : {}),
      ...(variable.ephemeral ? { ephemeral: true } : {}),
    },
  ]);
  const resources = [...module.resources.values()]
    .map((block) => resourceJson(block, prepared, writing))
    .sort(byAddress);
  const calls = [...module.calls.values()].map((call) => [
    call.name,
    callJson(call, inModule(path, `module.${call.name}`), writing),
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

function resourceJson(block: ResourceBlock, module: PreparedModule, { providers, versions, secret }: Writing): Json {
  const address = inModule(module.path, block.address);
  const expressions = bodyJson(block.body, (name) => secret(address, name));
  return {
    address: block.address,
    mode: block.mode,
    type: block.type,
    name: block.name,
    provider_config_key: providerKeyOf(module, providerName(block), providers),
    ...(Object.keys(expressions).length > 0 ? { expressions } : {}),
    schema_version: versions.get(address) ?? 0,
    ...repetitionJson(block),
    ...(block.dependsOn.length > 0 ? { depends_on: addresses(block.dependsOn) } : {}),
  };
}

function repetitionJson({ count, forEach }: Pick<ResourceBlock, "count" | "forEach">): Json {
  const [counted, each] = [count && expressionJson(count), forEach && expressionJson(forEach)];
  return {
    ...(counted && Object.keys(counted).length > 0 ? { count_expression: counted } : {}),
    ...(each && Object.keys(each).length > 0 ? { for_each_expression: each } : {}),
  };
}

function callJson(call: ModuleCall, path: string, writing: Writing): Json {
  const expressions = Object.fromEntries([...call.inputs].map(([name, one]) => [name, expressionJson(one)]));
  return {
    source: call.source,
    ...(Object.keys(expressions).length > 0 ? { expressions } : {}),
    ...repetitionJson(call),
    ...(writing.modules.has(path) ? { module: moduleJson(path, writing) } : {}),
    ...(call.version === undefined ? {} : { version_constraint: call.version }),
    ...(call.dependsOn.length > 0 ? { depends_on: addresses(call.dependsOn) } : {}),
  };
}

/** Arguments and blocks. Where JSON leaves open which it is, it counts as an argument. */
function bodyJson(body: SourceBody, secret: (name: string) => boolean): Json {
  const json: Json = {};
  for (const { name, kind, place, ...item } of body.items) {
    if (kind !== "block") {
      const attribute = item.attribute();
      const { constant_value: told, ...rest } = expressionJson({ node: attribute.node(), place });
      // Without values to refer to, strings of JSON count as what is written.
      const constant = kind === "either" ? v.toPlain(attribute.value()) : told;
      json[name] = { ...rest, ...(constant === undefined || secret(name) ? {} : { constant_value: constant }) };
    } else if (name !== "dynamic") {
      const hidden = secret(name);
      const blocks = item.blocks(0).map((one) => bodyJson(one.body, () => hidden));
      json[name] = [...((json[name] as Json[] | undefined) ?? []), ...blocks];
    }
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

/** A reference with its steps, then with ever fewer: `aws_instance.a.id`, `aws_instance.a`. */
function spelled({ key, reference, steps }: FoundReference): string[] {
  if (["each", "count", "path", "terraform", "self"].includes(reference.root)) return [key];
  const [first] = steps;
  const instance =
    first && "index" in first && first.index !== undefined ? `${key}[${JSON.stringify(first.index)}]` : key;
  const rest = instance === key ? steps : steps.slice(1);
  const all = instance === key || reference.root === "module" ? [instance] : [key, instance];
  let full = instance;
  for (const step of rest) {
    if ("index" in step && step.index === undefined) break;
    full += "attribute" in step ? `.${step.attribute}` : `[${JSON.stringify(step.index)}]`;
    all.push(full);
  }
  return all.toReversed();
}

const addresses = (expressions: readonly Expression[]): string[] =>
  expressions.flatMap((one) => referencesOf(one.node)).map((found) => found.key);
