import { type Diagnostic, error, hasErrors, nearest, type Outcome } from "@doge/core";
import { type Body, compileBody } from "../config/body.ts";
import { placed } from "../config/locate.ts";
import type { LoadedConfiguration, ResourceBlock } from "../config/model.ts";
import { withBuiltin } from "../builtin/provider.ts";
import type { DataSource, Provider, ResourceType } from "../provider.ts";
import type { Block } from "../schema.ts";
import type { State } from "../state/model.ts";
import { checkCall } from "./calls.ts";
import { cyclesOf, type Graph } from "./graph.ts";
import { inModule, modulesOf, type PreparedModule } from "./modules.ts";
import { type GraphNode, nodesOf } from "./nodes.ts";
import { type PreparedProvider, ProviderResolver } from "./providers.ts";

export interface PreparedResource {
  readonly module: PreparedModule;
  /** With the module's path: `module.web.digitalocean_droplet.app`. */
  readonly address: string;
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
  readonly modules: ReadonlyMap<string, PreparedModule>;
  readonly root: PreparedModule;
  readonly providers: ReadonlyMap<string, PreparedProvider>;
  /** By address without instance keys. */
  readonly resources: ReadonlyMap<string, PreparedResource>;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** The keys of `nodes`, each with those it needs. */
  readonly graph: Graph;
}

/** Beside what is wrong, what could be prepared all the same: to look for more that is wrong. */
export type Preparation = Outcome<Prepared> & { readonly partial?: Prepared };

/** Checks everything that needs no values. The state's providers are prepared too, for what is to be removed. */
export function prepare(configuration: LoadedConfiguration, given: readonly Provider[], state?: State): Preparation {
  const diagnostics: Diagnostic[] = [];
  const providers = withBuiltin(given);
  const modules = modulesOf(configuration);
  const resolver = new ProviderResolver(modules.values(), providers, diagnostics);
  const resources = new Map<string, PreparedResource>();
  let complete = true;
  for (const module of modules.values()) {
    checkCall(module, diagnostics);
    for (const block of module.configuration.resources.values()) {
      const one = prepareResource(module, block, resolver, diagnostics);
      if (one) resources.set(one.address, one);
      else complete = false;
    }
  }
  for (const { provider } of state?.resources ?? []) resolver.addFromState(provider, diagnostics);
  // References to a resource that could not be prepared would only repeat what is wrong with it.
  if (!complete) return { diagnostics };
  const { nodes, graph } = nodesOf(modules, resolver.prepared, resources, diagnostics);
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
  const root = modules.get("") as PreparedModule;
  const prepared = { configuration, modules, root, providers: resolver.prepared, resources, nodes, graph };
  return hasErrors(diagnostics) ? { partial: prepared, diagnostics } : { value: prepared, diagnostics };
}

function prepareResource(
  module: PreparedModule,
  block: ResourceBlock,
  resolver: ProviderResolver,
  diagnostics: Diagnostic[],
): PreparedResource | undefined {
  const address = inModule(module.path, block.address);
  const provider = resolver.resolve(module, block.provider ?? block.type.split("_")[0] ?? "");
  if ("severity" in provider) {
    diagnostics.push(placed(provider, block.place, address));
    return undefined;
  }
  const managed = block.mode === "managed";
  const type = managed ? provider.provider.resources.find((one) => one.type === block.type) : undefined;
  const source = managed ? undefined : provider.provider.dataSources.find((one) => one.type === block.type);
  const found = type ?? source;
  if (found === undefined) {
    diagnostics.push(placed(noType(block, provider.provider), block.place, address));
    return undefined;
  }
  const mine: Diagnostic[] = [];
  const body = compileBody(block.body, found.schema, mine);
  diagnostics.push(...mine.map((d) => ({ ...d, address: d.address ?? address })));
  return {
    module,
    address,
    block,
    provider,
    schema: found.schema,
    body,
    ...(type ? { type } : {}),
    ...(source ? { source } : {}),
  };
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
