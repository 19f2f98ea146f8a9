import { type Diagnostic, diagnosticsOf, fail, nearest, warning } from "@doge/core";
import { constrain } from "../config/constraints.ts";
import { locating, placed } from "../config/locate.ts";
import type { ModuleConfiguration, VariableBlock } from "../config/model.ts";
import type { ModuleInstance } from "../graph/evaluation.ts";
import { inModule } from "../graph/modules.ts";
import { emptyScope, evaluate } from "../lang/evaluate.ts";
import { parseExpression } from "../lang/parser.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";
import { judge } from "./conditions.ts";
import type { VariableValue } from "./model.ts";
import type { Judging } from "./rules.ts";

/** The values of the root's variables; what is missing or of a wrong type goes to `diagnostics`. */
export function variableValues(
  configuration: ModuleConfiguration,
  given: Readonly<Record<string, VariableValue>>,
  diagnostics: Diagnostic[],
): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const variable of configuration.variables.values()) {
    const address = `var.${variable.name}`;
    const outside = given[variable.name];
    try {
      const value = valueOf(variable, outside && fromOutside(variable, outside), howToSet(variable.name));
      values.set(variable.name, value);
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
  return values;
}

const howToSet = (name: string): string => `Set it: TF_VAR_${name}, a variable of the workspace, or -var ${name}=….`;

/** What was given, before it is converted to the variable's type. */
export function fromOutside(variable: VariableBlock, given: VariableValue): Value {
  if ("value" in given) return v.fromPlain(given.value);
  if ("text" in given && variable.literal) return v.string(given.text);
  return evaluate(parseExpression("text" in given ? given.text : given.expression), emptyScope);
}

/** The value that a variable takes when it is given `raw`, by its type, default and nullability. */
function valueOf(variable: VariableBlock, raw: Value | undefined, remedy: string): Value {
  const unset = raw === undefined || (raw.kind === "null" && !variable.nullable);
  if (unset && variable.default !== undefined) return marked(variable, variable.default);
  if (unset) {
    return fail({
      code: "variable-missing",
      summary: raw === undefined ? "No value for required variable" : "Required variable not set",
      detail:
        raw === undefined
          ? `The variable "${variable.name}" is not set, and has no default value.`
          : `The variable "${variable.name}" must not be null.`,
      remedy,
    });
  }
  return marked(variable, constrain(raw, variable.constraint, `variable "${variable.name}"`));
}

function marked({ sensitive, ephemeral }: VariableBlock, value: Value): Value {
  const shown = v.markIf(value, sensitive);
  return ephemeral ? v.markEphemeral(shown) : shown;
}

/** Gives a variable its value in every instance of its module, and judges its validations. */
export function evaluateVariable(walk: Judging, variable: VariableBlock, instances: readonly ModuleInstance[]): void {
  for (const at of instances) {
    const address = inModule(at.address, `var.${variable.name}`);
    if (at.parent) at.variables.set(variable.name, inputOf(walk, variable, at, at.parent));
    if (variable.validations.length === 0) continue;
    const about = { summary: "Invalid value for variable", address };
    const verdict = judge(variable.validations, about, walk.evaluation, walk.evaluation.scope(at));
    const config = inModule(at.module.path, `var.${variable.name}`);
    walk.checks.add({ kind: "var", config, address, status: verdict.status, messages: verdict.messages });
    walk.diagnostics.push(
      ...verdict.diagnostics.map((d) => (d.code === "condition-failed" ? { ...d, code: "variable-invalid" } : d)),
    );
    if (verdict.diagnostics.length > 0) at.variables.set(variable.name, v.unknownOf());
  }
}

function inputOf({ evaluation }: Judging, variable: VariableBlock, at: ModuleInstance, parent: ModuleInstance): Value {
  const expression = at.module.call?.inputs.get(variable.name);
  const place = expression?.place ?? at.module.call?.place ?? variable.place;
  return locating(place, at.address, () => {
    const scope = evaluation.scope(parent, { repetition: at.repetition });
    const raw = expression && evaluation.evaluate(expression, at.address, scope);
    return valueOf(variable, raw, `Set ${variable.name} in the module block.`);
  });
}
