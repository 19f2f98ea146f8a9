import { type Diagnostic, error, warning } from "@doge/core";
import { placed } from "../config/locate.ts";
import type { MovedBlock } from "../config/model.ts";
import type { Prepared } from "../graph/prepare.ts";
import { configAddress, instanceAddress, moduleOf, resourceOf, type StateInstance } from "../state/model.ts";
import type { WorkingState } from "../state/working.ts";

interface Statement extends MovedBlock {
  /** The path of the module that says so. */
  readonly module: string;
}

/**
 * Gives objects the addresses that `moved` blocks say, and those that follow from a `count` that came or
 * went. Returns the old address by the new one.
 */
export function moveObjects(prepared: Prepared, working: WorkingState, diagnostics: Diagnostic[]): Map<string, string> {
  const moved = new Map<string, string>();
  const statements = [...prepared.modules.values()].flatMap((module) =>
    module.configuration.moved.map((one) => ({ ...one, module: module.path })),
  );
  for (const one of statements) checkStatement(one, prepared, diagnostics);
  // A chain a → b → c needs as many rounds as it has links; more would be a circle.
  for (let round = 0; round <= statements.length; round++) {
    const changes = statements.flatMap((statement) => [...movesOf(statement, working)]);
    if (changes.length === 0) break;
    for (const { from, to, place } of changes)
      move(
        from,
        to,
        working,
        moved,
        (d) => diagnostics.every((one) => one.detail !== d.detail) && diagnostics.push(placed(d, place)),
      );
  }
  for (const { from, to } of impliedMoves(prepared, working)) move(from, to, working, moved, () => undefined);
  return moved;
}

/** The source must be gone from the configuration: else it could only be made again. */
function checkStatement(statement: Statement, { resources }: Prepared, diagnostics: Diagnostic[]): void {
  const from = configAddress(statement.from);
  const full = statement.module === "" ? from : `${statement.module}.${from}`;
  if (!resources.has(full) || from !== statement.from || configAddress(statement.to) === from) return;
  const detail = `This statement declares a move from ${full}, but that resource is still declared.`;
  diagnostics.push(
    placed(error({ code: "moved-still-there", summary: "Moved object still exists", detail }), statement.place),
  );
}

function* movesOf(
  statement: Statement,
  working: WorkingState,
): Iterable<{ from: string; to: string; place: MovedBlock["place"] }> {
  for (const { address } of working.instances()) {
    const prefix = prefixOf(address, statement.module);
    if (prefix === undefined) continue;
    const to = target(address.slice(prefix.length), statement);
    if (to !== undefined && prefix + to !== address) yield { from: address, to: prefix + to, place: statement.place };
  }
}

/** `module.a["x"].` where the address stands in an instance of that module. */
function prefixOf(address: string, module: string): string | undefined {
  if (module === "") return "";
  const depth = module.split(/\.?module\./).length - 1;
  const steps = /^(?:module\.[\w-]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?\.)+/.exec(address)?.[0] ?? "";
  const wanted = (steps.match(/module\.[\w-]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?\./g) ?? []).slice(0, depth).join("");
  return configAddress(wanted) === `${module}.` ? wanted : undefined;
}

/** Where an object goes, relative to the module that says so; undefined where the statement isn't about it. */
function target(address: string, { from, to }: MovedBlock): string | undefined {
  if (isModule(from)) {
    if (address.startsWith(`${from}.`)) return to + address.slice(from.length);
    // A whole call moves with the keys of its instances.
    return !hasKey(from) && !hasKey(to) && address.startsWith(`${from}[`) ? to + address.slice(from.length) : undefined;
  }
  if (address === from) return to;
  const whole = !hasKey(from) && !hasKey(to) && resourceOf(address) === from;
  return whole ? to + address.slice(from.length) : undefined;
}

const isModule = (address: string): boolean => moduleOf(`${address}.x`) === address;
const hasKey = (address: string): boolean => resourceOf(address) !== address;

function move(
  from: string,
  to: string,
  working: WorkingState,
  moved: Map<string, string>,
  complain: (diagnostic: Diagnostic) => unknown,
): void {
  const [source, destination] = [resourceOf(from), resourceOf(to)];
  const head = working.head(source);
  const instance = working.get(source, from);
  if (head === undefined || instance === undefined) return;
  if (working.get(destination, to) !== undefined) {
    complain(
      warning({
        code: "moved-occupied",
        summary: "Unresolved resource instance address changes",
        detail: `${from} could not move to ${to}: there is another object at that address.`,
      }),
    );
    return;
  }
  const module = moduleOf(destination);
  const rest = module === "" ? destination : destination.slice(module.length + 1);
  const [type = "", name = ""] = rest.split(".").slice(head.mode === "data" ? 1 : 0);
  const { index_key: _, ...others } = instance;
  const key = keyOf(to);
  const next: StateInstance = { ...others, ...(key === undefined ? {} : { index_key: key }) };
  const { module: __, ...plain } = head;
  working.delete(source, from);
  working.set({ ...plain, type, name, ...(module === "" ? {} : { module }) }, next);
  moved.set(to, moved.get(from) ?? from);
  moved.delete(from);
}

function keyOf(address: string): string | number | undefined {
  const resource = resourceOf(address);
  return resource === address ? undefined : (JSON.parse(address.slice(resource.length + 1, -1)) as string | number);
}

/** A `count` that came or went: `web` and `web[0]` are the same object. */
function* impliedMoves(prepared: Prepared, working: WorkingState): Iterable<{ from: string; to: string }> {
  const resources = new Set([...working.instances()].map(({ resource }) => resource));
  for (const resource of resources) {
    const block = prepared.resources.get(configAddress(resource))?.block;
    if (block === undefined || block.forEach) continue;
    const [single, first] = [resource, instanceAddress(resource, 0)];
    const [hasSingle, hasFirst] = [working.get(resource, single), working.get(resource, first)].map(Boolean);
    if (block.count && hasSingle && !hasFirst) yield { from: single, to: first };
    if (!block.count && hasFirst && !hasSingle) yield { from: first, to: single };
  }
}
