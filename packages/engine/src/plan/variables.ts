import { type Diagnostic, diagnosticsOf, error, fail, nearest, warning } from "@doge/core";
import { constrain } from "../config/constraints.ts";
import { placed } from "../config/locate.ts";
import type { LoadedConfiguration, VariableBlock } from "../config/model.ts";
import { Evaluation } from "../graph/evaluation.ts";
import { emptyScope, evaluate } from "../lang/evaluate.ts";
import { parseExpression } from "../lang/parser.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import type { VariableValue } from "./model.ts";

/** The values of all declared variables; what is missing, of a wrong type or invalid goes to `diagnostics`. */
export function variableValues(
  configuration: LoadedConfiguration,
  given: Readonly<Record<string, VariableValue>>,
  diagnostics: Diagnostic[],
): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const variable of configuration.variables.values()) {
    const address = `var.${variable.name}`;
    try {
      values.set(variable.name, v.markIf(valueOf(variable, given[variable.name]), variable.sensitive));
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown).map((d) => placed(d, variable.place, address)));
      values.set(variable.name, v.unknownOf());
    }
  }
  for (const name of Object.keys(given)) {
    if (configuration.variables.has(name)) continue;
    // Variable sets reach many workspaces, so a stranger is fine; a misspelling isn't.
    const close = nearest(
      name,
      [...configuration.variables.keys()].filter((known) => !(known in given)),
    );
    if (close !== undefined)
      diagnostics.push(
        warning({
          code: "variable-undeclared",
          summary: "Value for undeclared variable",
          detail: `The configuration declares no variable "${name}".`,
          remedy: `Did you mean "${close}"?`,
        }),
      );
  }
  validate(configuration, values, diagnostics);
  return values;
}

function valueOf(variable: VariableBlock, given: VariableValue | undefined): Value {
  const raw =
    given === undefined
      ? undefined
      : "expression" in given
        ? evaluate(parseExpression(given.expression), emptyScope)
        : v.fromPlain(given.value);
  const unset = raw === undefined || (raw.kind === "null" && !variable.nullable);
  if (unset && variable.default !== undefined) return variable.default;
  if (unset) {
    return fail({
      code: "variable-missing",
      summary: "No value for required variable",
      detail:
        raw === undefined
          ? `The variable "${variable.name}" is not set, and has no default value.`
          : `The variable "${variable.name}" must not be null.`,
      remedy: `Set it: TF_VAR_${variable.name}, a variable of the workspace, or -var ${variable.name}=….`,
    });
  }
  return constrain(raw, variable.constraint, `variable "${variable.name}"`);
}

function validate(
  configuration: LoadedConfiguration,
  values: ReadonlyMap<string, Value>,
  diagnostics: Diagnostic[],
): void {
  const evaluation = new Evaluation(values, "default");
  for (const variable of configuration.variables.values()) {
    for (const { condition, message } of variable.validations) {
      try {
        const verdict = evaluation.evaluate(condition, `var.${variable.name}`);
        if (verdict.kind !== "bool" || verdict.value) continue;
        const text = evaluation.evaluate(message, `var.${variable.name}`);
        const detail = v.hasSensitive(text)
          ? "The value breaks a rule; its message holds a secret and is not shown."
          : String(v.toPlain(text));
        diagnostics.push(
          placed(
            error({ code: "variable-invalid", summary: "Invalid value for variable", detail }),
            condition.place,
            `var.${variable.name}`,
          ),
        );
      } catch (thrown) {
        diagnostics.push(...diagnosticsOf(thrown));
      }
    }
  }
}
