import { type Diagnostic, error, hasErrors, nearest, type Outcome } from "@doge/core";
import { type Body, compileBody, expressionsOf } from "../config/body.ts";
import { placed } from "../config/locate.ts";
import type { Expression, LoadedConfiguration, ResourceBlock } from "../config/model.ts";
import type { DataSource, Provider, ResourceType } from "../provider.ts";
import type { Block } from "../schema.ts";
import type { State } from "../state/model.ts";
import { cyclesOf, type Graph } from "./graph.ts";
import { ReferenceCheck } from "./references.ts";

export interface PreparedProvider {
  /** `github`, `github.other` */
  readonly key: string;
  readonly provider: Provider;
  /** As the state spells it. */
  readonly address: string;
  /** Undefined where the configuration has no block for it. */
  readonly body?: Body;
}

export interface PreparedResource {
  readonly block: ResourceBlock;
  readonly provider: PreparedProvider;
  readonly schema: Block;
  readonly type?: ResourceType<unknown>;
  readonly source?: DataSource<unknown>;
  readonly body: Body;
}

/** A configuration that has met its providers: bodies parsed, names checked, dependencies known. */
export interface Prepared {
  readonly configuration: LoadedConfiguration;
  readonly providers: ReadonlyMap<string, PreparedProvider>;
  readonly resources: ReadonlyMap<string, PreparedResource>;
  /** Keys: resource addresses, `local.x`, `output.x`, `provider.x`. */
  readonly graph: Graph;
}

/** Checks everything that needs no values. The state's providers are prepared too, for what is to be removed. */
export function prepare(
  configuration: LoadedConfiguration,
  providers: readonly Provider[],
  state?: State,
): Outcome<Prepared> {
  const diagnostics: Diagnostic[] = [];
  const prepared = prepareProviders(configuration, providers, diagnostics);
  const resources = new Map<string, PreparedResource>();
  for (const block of configuration.resources.values()) {
    const one = prepareResource(block, configuration, providers, prepared, diagnostics);
    if (one) resources.set(block.address, one);
  }
  for (const { provider: address } of state?.resources ?? [])
    addStateProvider(address, providers, prepared, diagnostics);
  // References to a resource that could not be prepared would only repeat what is wrong with it.
  if (hasErrors(diagnostics) && resources.size < configuration.resources.size) return { diagnostics };
  const graph = dependencies(configuration, prepared, resources, diagnostics);
  for (const cycle of cyclesOf(graph)) {
    diagnostics.push(
      error({
        code: "dependency-cycle",
        summary: "Cycle",
        detail: `These depend on each other: ${cycle.join(", ")}.`,
        address: cycle[0] as string,
        remedy: "Take one of the references out.",
      }),
    );
  }
  return hasErrors(diagnostics)
    ? { diagnostics }
    : { value: { configuration, providers: prepared, resources, graph }, diagnostics };
}

const withoutHost = (source: string): string => source.replace(/^registry\.(terraform\.io|opentofu\.org)\//, "");

function findProvider(
  name: string,
  configuration: LoadedConfiguration,
  providers: readonly Provider[],
): Provider | undefined {
  const source = configuration.requiredProviders.get(name)?.source;
  return providers.find((one) =>
    source === undefined ? one.name === name : one.source === withoutHost(source).toLowerCase(),
  );
}

export const providerAddress = (provider: Provider, alias: string | undefined): string =>
  `provider["registry.terraform.io/${provider.source}"]${alias === undefined ? "" : `.${alias}`}`;

function prepareProviders(
  configuration: LoadedConfiguration,
  providers: readonly Provider[],
  diagnostics: Diagnostic[],
): Map<string, PreparedProvider> {
  const prepared = new Map<string, PreparedProvider>();
  for (const block of configuration.providers.values()) {
    const provider = findProvider(block.name, configuration, providers);
    if (provider === undefined) diagnostics.push(placed(noProvider(block.name, providers), block.place));
    else {
      const body = compileBody(block.body, block.place, provider.schema, diagnostics);
      prepared.set(block.key, { key: block.key, provider, address: providerAddress(provider, block.alias), body });
    }
  }
  return prepared;
}

function noProvider(name: string, providers: readonly Provider[]): Diagnostic {
  const known = providers.map((one) => one.name);
  const close = nearest(name, known);
  return error({
    code: "provider-unknown",
    summary: "Provider not available",
    detail: `Doge's own engine has no provider "${name}"; it has ${known.join(", ") || "none"}.`,
    remedy:
      close === undefined
        ? "Use the terraform or the hcp executor for this configuration."
        : `Did you mean "${close}"?`,
  });
}

function addStateProvider(
  address: string,
  providers: readonly Provider[],
  prepared: Map<string, PreparedProvider>,
  diagnostics: Diagnostic[],
): void {
  if ([...prepared.values()].some((one) => one.address === address)) return;
  const [, source = "", alias] = /provider\["([^"]+)"\](?:\.(.+))?$/.exec(address) ?? [];
  const provider = providers.find((one) => one.source === withoutHost(source));
  if (provider === undefined || alias !== undefined) {
    const detail = `The state has objects of ${address}, which the configuration doesn't set up.`;
    diagnostics.push(
      error({
        code: "provider-not-present",
        summary: "Provider configuration not present",
        detail,
        remedy: "Put the provider's block back until its objects are destroyed.",
      }),
    );
    return;
  }
  const key = prepared.has(provider.name) ? `${provider.name} (state)` : provider.name;
  prepared.set(key, { key, provider, address });
}

function prepareResource(
  block: ResourceBlock,
  configuration: LoadedConfiguration,
  providers: readonly Provider[],
  prepared: Map<string, PreparedProvider>,
  diagnostics: Diagnostic[],
): PreparedResource | undefined {
  const key = block.provider ?? block.type.split("_")[0] ?? "";
  let provider = prepared.get(key);
  if (provider === undefined) {
    const found = findProvider(key, configuration, providers);
    if (found === undefined) {
      const problem = key.includes(".")
        ? error({
            code: "provider-not-present",
            summary: "Provider configuration not present",
            detail: `There is no provider block with the alias of "${key}".`,
          })
        : noProvider(key, providers);
      diagnostics.push(placed(problem, block.place, block.address));
      return undefined;
    }
    provider = { key, provider: found, address: providerAddress(found, undefined) };
    prepared.set(key, provider);
  }
  const managed = block.mode === "managed";
  const type = managed ? provider.provider.resources.find((one) => one.type === block.type) : undefined;
  const source = managed ? undefined : provider.provider.dataSources.find((one) => one.type === block.type);
  const found = type ?? source;
  if (found === undefined) {
    diagnostics.push(placed(noType(block, provider.provider), block.place, block.address));
    return undefined;
  }
  const mine: Diagnostic[] = [];
  const body = compileBody(block.body, block.place, found.schema, mine);
  diagnostics.push(...mine.map((d) => ({ ...d, address: d.address ?? block.address })));
  return { block, provider, schema: found.schema, body, ...(type ? { type } : {}), ...(source ? { source } : {}) };
}

function noType(block: ResourceBlock, provider: Provider): Diagnostic {
  const what = block.mode === "managed" ? "resource type" : "data source";
  const known = (block.mode === "managed" ? provider.resources : provider.dataSources).map((one) => one.type);
  const close = nearest(block.type, known);
  return error({
    code: "config-unknown-type",
    summary: block.mode === "managed" ? "Invalid resource type" : "Invalid data source",
    detail: `The provider ${provider.source} does not support ${what} "${block.type}".`,
    ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
  });
}

function dependencies(
  configuration: LoadedConfiguration,
  providers: ReadonlyMap<string, PreparedProvider>,
  resources: ReadonlyMap<string, PreparedResource>,
  diagnostics: Diagnostic[],
): Graph {
  const graph = new Map<string, Set<string>>();
  const schemas = new Map([...resources].map(([address, one]) => [address, one.schema] as const));
  const check = new ReferenceCheck(configuration, schemas, diagnostics);
  const needs = (
    key: string,
    address: string,
    expressions: Iterable<Expression>,
    options: { each?: boolean; count?: boolean; bound?: readonly string[] } = {},
  ): void => {
    const set = graph.get(key) ?? new Set<string>();
    for (const expression of expressions) for (const need of check.needs(expression, address, options)) set.add(need);
    graph.set(key, set);
  };
  for (const [name, expression] of configuration.locals) needs(`local.${name}`, `local.${name}`, [expression]);
  for (const { key, body } of providers.values()) {
    needs(`provider.${key}`, `provider.${key}`, []);
    for (const { expression, bound } of body ? expressionsOf(body) : [])
      needs(`provider.${key}`, `provider.${key}`, [expression], { bound });
  }
  for (const { block, body, provider } of resources.values()) {
    const { address, count, forEach } = block;
    needs(
      address,
      address,
      [count, forEach].filter((one) => one !== undefined),
    );
    needs(address, address, block.dependsOn);
    const repetition = { each: forEach !== undefined, count: count !== undefined };
    for (const { expression, bound } of expressionsOf(body))
      needs(address, address, [expression], { ...repetition, bound });
    graph.get(address)?.add(`provider.${provider.key}`);
  }
  for (const output of configuration.outputs.values()) {
    needs(`output.${output.name}`, `output.${output.name}`, [output.value, ...output.dependsOn]);
  }
  for (const variable of configuration.variables.values()) {
    for (const { condition, message } of variable.validations)
      for (const one of [condition, message]) check.needs(one, `var.${variable.name}`, {});
  }
  return graph;
}
