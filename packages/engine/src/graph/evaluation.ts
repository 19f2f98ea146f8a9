import { fail } from "@doge/core";
import { locating } from "../config/locate.ts";
import type { Expression, ResourceBlock } from "../config/model.ts";
import type { Reference } from "../lang/ast.ts";
import { keyOf } from "../lang/ast.ts";
import { evaluate, type Scope } from "../lang/evaluate.ts";
import type { FunctionHost } from "../lang/functions/host.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import { instanceAddress } from "../state/model.ts";
import { expand, type Key, type Repetition } from "./expand.ts";
import { folderOf, inModule, type PreparedModule } from "./modules.ts";

/** One instance of a module, with the values known so far in one walk over the graph. */
export interface ModuleInstance {
  readonly module: PreparedModule;
  /** `""` for the root, else `module.web["a"]`. */
  readonly address: string;
  /** What `each` and `count` are in the block that calls it. */
  readonly repetition: Repetition;
  readonly parent?: ModuleInstance;
  readonly variables: Map<string, Value>;
  readonly locals: Map<string, Value>;
  /** By address within the module: an object, or a tuple or object of instances. */
  readonly resources: Map<string, Value>;
  readonly outputs: Map<string, Value>;
  /** By the name of the call. */
  readonly children: Map<string, readonly ModuleInstance[]>;
}

/** What a scope may hold besides the module's own values. */
interface Extras {
  readonly repetition?: Repetition;
  /** Asked for only where something refers to it. */
  readonly self?: () => Value;
}

/** The values of one walk over the graph, module instance by module instance. */
export class Evaluation {
  readonly root: ModuleInstance;
  readonly #instances = new Map<string, ModuleInstance[]>();
  readonly #workspace: string;
  readonly #host: FunctionHost;

  constructor(root: PreparedModule, variables: ReadonlyMap<string, Value>, workspace: string, host: FunctionHost) {
    this.root = instance(root, "", { key: undefined });
    for (const [name, value] of variables) this.root.variables.set(name, value);
    this.#instances.set("", [this.root]);
    this.#workspace = workspace;
    this.#host = host;
  }

  /** The instances of a module, by its path; none before the module was expanded. */
  instancesOf(path: string): readonly ModuleInstance[] {
    return this.#instances.get(path) ?? [];
  }

  instanceAt(path: string, address: string): ModuleInstance | undefined {
    return this.instancesOf(path).find((one) => one.address === address);
  }

  /** Makes the instances that a call's `count` and `for_each` ask for. Throws where that can't be told yet. */
  expandModule(module: PreparedModule): void {
    const { call, parent } = module;
    if (call === undefined || parent === undefined) return;
    const all: ModuleInstance[] = [];
    for (const above of this.instancesOf(parent.path)) {
      const address = inModule(above.address, `module.${call.name}`);
      const children = expand(call, address, (expression) => this.evaluate(expression, address, this.scope(above))).map(
        (repetition) => instance(module, instanceAddress(address, repetition.key), repetition, above),
      );
      above.children.set(call.name, children);
      all.push(...children);
    }
    this.#instances.set(module.path, all);
  }

  scope(at: ModuleInstance, extras: Extras = {}): Scope {
    return { value: (reference) => this.#value(reference, at, extras), host: this.#host };
  }

  evaluate(expression: Expression, address: string, scope: Scope): Value {
    return locating(expression.place, address, () => evaluate(expression.node, scope));
  }

  #value(reference: Reference, at: ModuleInstance, { repetition, self }: Extras): Value {
    const [name = ""] = reference.names;
    switch (reference.root) {
      case "var":
        return at.variables.get(name) ?? missing(reference);
      case "local":
        return at.locals.get(name) ?? missing(reference);
      case "each":
        return name === "key" ? v.string(String(repetition?.key)) : (repetition?.value ?? v.nullOf());
      case "count":
        return v.count(Number(repetition?.key));
      case "self":
        return selfPart(reference, self?.());
      case "path":
        return v.string(name === "module" ? folderOf(at.module) : ".");
      case "terraform":
        return v.string(this.#workspace);
      case "module":
        return moduleValue(at, name) ?? missing(reference);
      default:
        return at.resources.get(keyOf(reference)) ?? missing(reference);
    }
  }
}

const selfPart = (reference: Reference, self: Value | undefined): Value =>
  self && v.isMapping(self) ? (self.entries.get(reference.names[0] ?? "") ?? missing(reference)) : v.unknownOf();

const instance = (
  module: PreparedModule,
  address: string,
  repetition: Repetition,
  parent?: ModuleInstance,
): ModuleInstance => ({
  module,
  address,
  repetition,
  variables: new Map(),
  locals: new Map(),
  resources: new Map(),
  outputs: new Map(),
  children: new Map(),
  ...(parent ? { parent } : {}),
});

/** The outputs of a call: an object, or a tuple or object of such. */
function moduleValue(at: ModuleInstance, name: string): Value | undefined {
  const children = at.children.get(name);
  const call = at.module.configuration.calls.get(name);
  if (children === undefined || call === undefined) return undefined;
  return repeated(call, new Map(children.map((child) => [child.repetition.key, v.object(child.outputs)])));
}

const missing = (reference: Reference): never =>
  fail({
    code: "value-not-available",
    summary: "A value is not there",
    detail: `${keyOf(reference)} was not evaluated, because it failed or was not among the targets.`,
  });

/** The value of a block, put together from its instances. */
export function repeated(block: Pick<ResourceBlock, "count" | "forEach">, instances: ReadonlyMap<Key, Value>): Value {
  if (block.count) {
    const keys = [...instances.keys()].filter((key) => typeof key === "number");
    const length = keys.length === 0 ? 0 : Math.max(...keys) + 1;
    return v.tuple(Array.from({ length }, (_, i) => instances.get(i) ?? v.nullOf()));
  }
  if (block.forEach) {
    const keyed = [...instances].filter((one): one is [string, Value] => typeof one[0] === "string");
    return v.object(keyed);
  }
  return instances.get(undefined) ?? v.nullOf();
}
