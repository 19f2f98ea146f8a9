import { expressionsOf } from "../config/body.ts";
import type { Expression } from "../config/model.ts";
import type { ModuleInstance } from "../graph/evaluation.ts";
import { closure } from "../graph/graph.ts";
import { closeKey, inModule, type PreparedModule } from "../graph/modules.ts";
import type { Prepared, PreparedResource } from "../graph/prepare.ts";
import { referencesOf } from "../lang/references.ts";
import { configAddress } from "../state/model.ts";
import type { PlanSession } from "./session.ts";

/** Resources with something to do, by address without instance keys: in which instances of their modules. */
export class Pending {
  readonly #modules = new Map<string, Set<string>>();

  add(config: string, module: string): void {
    const known = this.#modules.get(config);
    if (known) known.add(module);
    else this.#modules.set(config, new Set([module]));
  }

  in(config: string): ReadonlySet<string> {
    return this.#modules.get(config) ?? new Set();
  }
}

/**
 * Whether a data source is left to the apply, because something is about to change that it refers to, or that it or
 * a module around it names in `depends_on`; where it has conditions, anything behind it: the change may be what
 * makes them hold.
 */
export function mustWait(session: PlanSession, resource: PreparedResource, at: ModuleInstance): boolean {
  const { prepared, pending } = session;
  const { block } = resource;
  if (modulesAwaited(resource).some((path) => hasOrphans(session, path))) return true;
  const conditions = block.preconditions.length + block.postconditions.length > 0;
  const awaited = conditions ? session.dependencies.of(resource.address) : awaitedBy(prepared, resource);
  return awaited.some((config) => {
    const other = prepared.resources.get(config);
    if (other?.block.mode !== "managed") return false;
    const modules = pending.in(config);
    // Another instance of the same module is none of its business.
    return other.module.path === resource.module.path ? modules.has(at.address) : modules.size > 0;
  });
}

function awaitedBy(prepared: Prepared, resource: PreparedResource): string[] {
  const { block, body } = resource;
  const named = explicit(prepared, resource.module, block.dependsOn);
  for (let { module } = resource; module.parent && module.call; module = module.parent)
    named.push(...explicit(prepared, module.parent, module.call.dependsOn));
  const all = [...[...expressionsOf(body)].map(({ expression }) => expression), block.count, block.forEach];
  const direct = all.flatMap((one) => (one ? referencesOf(one.node) : []));
  return [...named, ...direct.map(({ key }) => inModule(resource.module.path, key))];
}

/** The paths of the modules that the data source, or a module around it, names in `depends_on`. */
function modulesAwaited(resource: PreparedResource): string[] {
  const named = ({ path }: PreparedModule, expressions: readonly Expression[]): string[] =>
    expressions
      .flatMap((one) => referencesOf(one.node))
      .flatMap(({ key, reference }) => (reference.root === "module" ? [inModule(path, key)] : []));
  const found = named(resource.module, resource.block.dependsOn);
  for (let { module } = resource; module.parent && module.call; module = module.parent)
    found.push(...named(module.parent, module.call.dependsOn));
  return found;
}

/** Whether a module has objects that no block describes any more: they will go. */
function hasOrphans({ mode, prepared, working }: PlanSession, path: string): boolean {
  if (mode !== "normal") return false;
  for (const { resource, head } of working.instances()) {
    const config = configAddress(resource);
    if (head.mode === "managed" && config.startsWith(`${path}.`) && !prepared.resources.has(config)) return true;
  }
  return false;
}

/** What `depends_on` names; of what is no resource, all resources behind it. */
const explicit = (prepared: Prepared, module: PreparedModule, expressions: readonly Expression[]): string[] =>
  expressions
    .flatMap((one) => referencesOf(one.node))
    .flatMap(({ key, reference }) => {
      const full = inModule(module.path, key);
      if (prepared.resources.has(full)) return [full];
      return [...closure(prepared.graph, [reference.root === "module" ? closeKey(full) : full])];
    });
