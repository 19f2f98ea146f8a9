import { DogeError, error, type Outcome } from "@doge/core";
import { placed } from "../config/locate.ts";
import type { VariableBlock } from "../config/model.ts";
import type { PreparedResource } from "../graph/prepare.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { VariableValue } from "./model.ts";

/** Throws where an argument of a resource or data source is ephemeral: the state keeps every one of them. */
export function refuseEphemeral({ block }: PreparedResource, config: Value, address: string): void {
  if (!v.isMapping(config)) return;
  const wrong = [...config.entries].filter(([, value]) => v.hasEphemeral(value)).map(([name]) => name);
  if (wrong.length === 0 && !config.ephemeral) return;
  const diagnostics = (wrong.length > 0 ? wrong : [block.address]).map((name) =>
    placed(
      error({
        code: "ephemeral-argument",
        summary: "Invalid use of ephemeral value",
        detail: `"${name}" is kept in the state, and nothing ephemeral may be.`,
        remedy: "Give it a value that may be kept, or use the ephemeral one in a provider block.",
      }),
      block.place,
      address,
    ),
  );
  throw new DogeError(diagnostics);
}

/**
 * Values of ephemeral variables for an apply of a saved plan, which does not keep them: the same ones as for the plan must
 * be set again, to whatever value.
 */
export function recalledVariables(
  declared: readonly VariableBlock[],
  wanted: readonly string[],
  given: Readonly<Record<string, VariableValue>>,
): Outcome<Readonly<Record<string, VariableValue>>> {
  const wrong = declared.filter(({ name }) => name in given !== wanted.includes(name));
  const diagnostics = wrong.map(({ name, place }) =>
    placed(
      wanted.includes(name)
        ? error({
            code: "variable-missing",
            summary: "No value for required variable",
            detail: `The ephemeral variable "${name}" was set for the plan, which does not keep its value.`,
            remedy: `Set it again: -var ${name}=….`,
          })
        : error({
            code: "variable-not-planned",
            summary: "Ephemeral variable was not set during planning",
            detail: `The ephemeral variable "${name}" was not set for the plan, so it must not be set now.`,
            remedy: "Leave it out, or plan again with it.",
          }),
      place,
      `var.${name}`,
    ),
  );
  if (diagnostics.length > 0) return { diagnostics };
  return { value: Object.fromEntries(wanted.map((name) => [name, given[name] as VariableValue])), diagnostics };
}
