import { fail } from "@doge/core";
import { locating } from "../config/locate.ts";
import type { OutputBlock } from "../config/model.ts";
import { decodeAs } from "../config/schema-types.ts";
import type { ModuleInstance } from "../graph/evaluation.ts";
import { inModule } from "../graph/modules.ts";
import { sameType } from "../lang/types.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { State, StateOutput } from "../state/model.ts";
import type { OutputChange } from "./model.ts";
import { type Judging, settle } from "./rules.ts";

/** Evaluates an output in every instance of its module. One of the root that holds secrets must be declared sensitive. */
export function evaluateOutput(walk: Judging, block: OutputBlock, instances: readonly ModuleInstance[]): void {
  for (const at of instances) {
    const address = inModule(at.address, `output.${block.name}`);
    const scope = walk.evaluation.scope(at);
    if (block.preconditions.length > 0) {
      const config = inModule(at.module.path, `output.${block.name}`);
      const about = { summary: "Module output value precondition failed", address };
      settle(walk, "output_value", config, block.preconditions, about, scope);
    }
    const value = walk.evaluation.evaluate(block.value, address, scope);
    refuseEphemeral(block, value, at.parent === undefined, address);
    if (at.parent === undefined) refuseSecrets(block, value);
    // Terraform 1.11 hands a module's outputs to the caller as they are: only the root's own are marked.
    const seen = v.markIf(value, block.sensitive && at.parent === undefined);
    at.outputs.set(block.name, block.ephemeral ? v.markEphemeral(seen) : seen);
  }
}

/** What is ephemeral is not kept: not in the state, which has the root's outputs, and elsewhere only where it says so. */
function refuseEphemeral(block: OutputBlock, value: Value, root: boolean, address: string): void {
  if (root && block.ephemeral)
    locating(block.place, address, () =>
      fail({
        code: "ephemeral-output",
        summary: "Ephemeral output not allowed",
        detail: "Outputs of the root module are kept in the state, so none of them can be ephemeral.",
        remedy: "Take ephemeral = true away, or give the value to a provider instead.",
      }),
    );
  if (block.ephemeral || !v.hasEphemeral(value)) return;
  locating(block.place, address, () =>
    fail({
      code: "ephemeral-output",
      summary: "Ephemeral value not allowed",
      detail: "This output is not declared as ephemeral, so it can't have a value that comes from an ephemeral one.",
      ...(root ? {} : { remedy: "Set ephemeral = true on the output." }),
    }),
  );
}

function refuseSecrets(block: OutputBlock, value: Value): void {
  if (!v.hasSensitive(value) || block.sensitive) return;
  locating(block.place, `output.${block.name}`, () =>
    fail({
      code: "output-sensitive",
      summary: "Output refers to sensitive values",
      detail:
        "To reduce the risk of accidentally exporting sensitive data that was intended to be only internal, any root output containing sensitive data must be explicitly marked as sensitive.",
      remedy: "Set sensitive = true on the output, or wrap its value in nonsensitive(…) if it is safe to show.",
    }),
  );
}

/** As the state keeps it; undefined for null, which Terraform doesn't keep. */
export function storedOutput(value: Value, sensitive: boolean): StateOutput | undefined {
  if (value.kind === "null") return undefined;
  return { value: v.toPlain(value), type: v.typeOf(value), ...(sensitive ? { sensitive: true } : {}) };
}

export function withOutput(
  outputs: Readonly<Record<string, StateOutput>>,
  { name, sensitive }: OutputBlock,
  value: Value,
): Record<string, StateOutput> {
  const { [name]: _, ...others } = outputs;
  const stored = storedOutput(value, sensitive);
  return stored ? { ...others, [name]: stored } : others;
}

export function outputChange(block: OutputBlock, after: Value, state: State): OutputChange {
  const stored = state.outputs[block.name];
  const before = stored && v.markIf(decodeAs(stored.value, stored.type), stored.sensitive);
  const rest = { name: block.name, sensitive: block.sensitive, ...(before ? { before } : {}), after };
  if (before === undefined) return { ...rest, action: after.kind === "null" ? "no-op" : "create" };
  if (after.kind === "null") return { ...rest, action: "delete" };
  const same =
    v.isWhollyKnown(after) &&
    v.canonical(after) === v.canonical(before) &&
    sameType(v.typeOf(after), v.typeOf(before)) &&
    (stored?.sensitive ?? false) === block.sensitive;
  return { ...rest, action: same ? "no-op" : "update" };
}

export function removedOutputs(outputs: State["outputs"], keep: (name: string) => boolean): OutputChange[] {
  return Object.entries(outputs)
    .filter(([name]) => !keep(name))
    .map(([name, stored]) => ({
      name,
      action: "delete",
      sensitive: stored.sensitive ?? false,
      before: v.markIf(decodeAs(stored.value, stored.type), stored.sensitive),
    }));
}
