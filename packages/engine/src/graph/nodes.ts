import type { Diagnostic } from "@doge/core";
import { expressionsOf } from "../config/body.ts";
import type { CheckBlock, Expression, ImportBlock, OutputBlock, Rule, VariableBlock } from "../config/model.ts";
import { importTarget } from "../config/modules.ts";
import type { Graph } from "./graph.ts";
import { closeKey, inModule, type PreparedModule } from "./modules.ts";
import type { PreparedResource } from "./prepare.ts";
import type { PreparedProvider } from "./providers.ts";
import { type Context, ReferenceCheck } from "./references.ts";

/** One step of a walk. */
export type GraphNode =
  | { readonly kind: "variable"; readonly module: PreparedModule; readonly block: VariableBlock }
  | { readonly kind: "local"; readonly module: PreparedModule; readonly name: string; readonly expression: Expression }
  | { readonly kind: "output"; readonly module: PreparedModule; readonly block: OutputBlock }
  /** Makes the module's instances. */
  | { readonly kind: "module"; readonly module: PreparedModule }
  /** Behind all of a module. */
  | { readonly kind: "close"; readonly module: PreparedModule }
  | { readonly kind: "provider"; readonly provider: PreparedProvider }
  | { readonly kind: "resource"; readonly resource: PreparedResource }
  | { readonly kind: "check"; readonly module: PreparedModule; readonly block: CheckBlock };

/** Every node with what it needs: references, providers, modules. Reports references to what isn't there. */
export function nodesOf(
  modules: ReadonlyMap<string, PreparedModule>,
  providers: ReadonlyMap<string, PreparedProvider>,
  resources: ReadonlyMap<string, PreparedResource>,
  diagnostics: Diagnostic[],
): { readonly nodes: ReadonlyMap<string, GraphNode>; readonly graph: Graph } {
  const building: Building = { nodes: new Map(), graph: new Map() };
  const schemas = new Map([...resources].map(([address, one]) => [address, one.schema] as const));
  const checks = new Map([...modules].map(([path, one]) => [path, new ReferenceCheck(one, schemas, diagnostics)]));
  for (const module of modules.values()) addModule(building, module, checks);
  for (const provider of providers.values()) addProvider(building, provider, checks);
  const imports = modules.get("")?.configuration.imports ?? [];
  for (const resource of resources.values()) addResource(building, resource, checks, imports);
  for (const module of modules.values()) if (module.path !== "") addClose(building, module);
  return building;
}

interface Building {
  readonly nodes: Map<string, GraphNode>;
  readonly graph: Map<string, Set<string>>;
}

type Checks = ReadonlyMap<string, ReferenceCheck>;

function node({ nodes, graph }: Building, key: string, value: GraphNode, path: string): Set<string> {
  const needs = new Set<string>(path === "" ? [] : [path]);
  nodes.set(key, value);
  graph.set(key, needs);
  return needs;
}

const both = (rules: readonly Rule[]): Expression[] => rules.flatMap((rule) => [rule.condition, rule.message]);

function addModule(building: Building, module: PreparedModule, checks: Checks): void {
  const { path, configuration, parent, call } = module;
  const check = checks.get(path) as ReferenceCheck;
  const above = parent && (checks.get(parent.path) as ReferenceCheck);
  if (parent && call && above) {
    const needs = node(building, path, { kind: "module", module }, parent.path);
    const expressions = [call.count, call.forEach, ...call.dependsOn].filter((one) => one !== undefined);
    above.all(expressions, path, {}, needs);
  }
  for (const block of configuration.variables.values()) {
    const key = inModule(path, `var.${block.name}`);
    const needs = node(building, key, { kind: "variable", module, block }, path);
    const given = call?.inputs.get(block.name);
    const context = { each: call?.forEach !== undefined, count: call?.count !== undefined };
    if (given && above) above.all([given], path, context, needs);
    check.all(both(block.validations), key, { itself: key }, needs);
  }
  for (const [name, expression] of configuration.locals) {
    const key = inModule(path, `local.${name}`);
    check.all([expression], key, {}, node(building, key, { kind: "local", module, name, expression }, path));
  }
  for (const block of configuration.outputs.values()) {
    const key = inModule(path, `output.${block.name}`);
    const needs = node(building, key, { kind: "output", module, block }, path);
    check.all([block.value, ...block.dependsOn, ...both(block.preconditions)], key, {}, needs);
  }
  for (const block of configuration.checks.values()) {
    const key = inModule(path, `check.${block.name}`);
    check.all(both(block.rules), key, {}, node(building, key, { kind: "check", module, block }, path));
  }
}

function addProvider(building: Building, provider: PreparedProvider, checks: Checks): void {
  const key = `provider.${provider.key}`;
  const needs = node(building, key, { kind: "provider", provider }, provider.module);
  for (const { expression, bound } of provider.body ? expressionsOf(provider.body) : [])
    checks.get(provider.module)?.all([expression], key, { bound }, needs);
}

function addResource(
  building: Building,
  resource: PreparedResource,
  checks: Checks,
  imports: readonly ImportBlock[],
): void {
  const root = checks.get("") as ReferenceCheck;
  const { address, block, body, provider, module } = resource;
  const check = checks.get(module.path) as ReferenceCheck;
  const needs = node(building, address, { kind: "resource", resource }, module.path);
  const { count, forEach } = block;
  const repetition: Context = { each: forEach !== undefined, count: count !== undefined };
  check.all(
    [count, forEach, ...block.dependsOn].filter((one) => one !== undefined),
    address,
    {},
    needs,
  );
  check.all([...block.replaceTriggeredBy, ...both(block.preconditions)], address, repetition, needs);
  check.all(both(block.postconditions), address, { ...repetition, self: true, itself: address }, needs);
  for (const { expression, bound } of expressionsOf(body))
    check.all([expression], address, { ...repetition, bound }, needs);
  needs.add(`provider.${provider.key}`);
  for (const one of imports) {
    if (importTarget(one) !== address) continue;
    const wanted = [one.id, one.forEach].filter((expression) => expression !== undefined);
    root.all(wanted, address, { each: one.forEach !== undefined }, needs);
  }
}

/** Behind everything of the module, the modules that it calls among it. */
function addClose(building: Building, module: PreparedModule): void {
  const key = closeKey(module.path);
  const needs = node(building, key, { kind: "close", module }, module.path);
  for (const other of building.graph.keys()) if (other !== key && other.startsWith(`${module.path}.`)) needs.add(other);
}
