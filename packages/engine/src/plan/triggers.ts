import { locating } from "../config/locate.ts";
import type { Expression } from "../config/model.ts";
import type { ModuleInstance } from "../graph/evaluation.ts";
import type { Repetition } from "../graph/expand.ts";
import { inModule } from "../graph/modules.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import { keyOf, type Node } from "../lang/ast.ts";
import { evaluate, type Scope } from "../lang/evaluate.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { ResourceChange } from "./model.ts";
import type { PlanSession } from "./session.ts";

/** Whether anything that `replace_triggered_by` names is updated or replaced in this plan. */
export function triggered(
  session: PlanSession,
  resource: PreparedResource,
  at: ModuleInstance,
  repetition: Repetition,
): boolean {
  const { replaceTriggeredBy } = resource.block;
  if (replaceTriggeredBy.length === 0) return false;
  const scope = session.evaluation.scope(at, { repetition });
  return replaceTriggeredBy.some((expression) => isTriggered(session, expression, at, scope));
}

function isTriggered(session: PlanSession, { node, place }: Expression, at: ModuleInstance, scope: Scope): boolean {
  const [key, ...steps] = locating(place, undefined, () => stepsOf(node, scope));
  const address = inModule(at.address, String(key));
  const [first, ...rest] = steps;
  const about = session.changes.filter((change) => change.resource === address && change.deposed === undefined);
  const keyed = about.some((change) => change.key !== undefined);
  const matching = keyed && first !== undefined ? about.filter((change) => change.key === first) : about;
  const path = keyed ? rest : steps;
  return matching.some((change) => moves(change, path));
}

/** The key of the resource, and what follows it. */
function stepsOf(node: Node, scope: Scope): (string | number)[] {
  if (node.kind === "reference") return [keyOf(node)];
  if (node.kind === "attribute") return [...stepsOf(node.target, scope), node.name];
  if (node.kind === "index")
    return [...stepsOf(node.target, scope), v.toPlain(evaluate(node.key, scope)) as string | number];
  return [];
}

function moves(change: ResourceChange, path: readonly (string | number)[]): boolean {
  if (change.action !== "update" && change.action !== "replace") return false;
  if (path.length === 0) return true;
  const [before, after] = [partAt(change.before, path), partAt(change.after, path)];
  if (before === undefined || after === undefined) return before !== after;
  return !v.isWhollyKnown(after) || !v.equal(before, after);
}

function partAt(value: Value | undefined, [step, ...rest]: readonly (string | number)[]): Value | undefined {
  if (step === undefined || value === undefined) return value;
  if (value.kind === "unknown") return value;
  const part = v.isMapping(value)
    ? value.entries.get(String(step))
    : v.isSequence(value)
      ? value.items[Number(step)]
      : undefined;
  return partAt(part, rest);
}
