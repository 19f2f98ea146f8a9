import { fail } from "@doge/core";
import type { BinaryOperator } from "./ast.ts";
import { convert } from "./convert.ts";
import { sameType, unify } from "./types.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

export function negate(operator: "-" | "!", operand: Value): Value {
  const value = operandAs(operand, operator === "-" ? "number" : "bool", operator);
  if (value.kind === "number") return v.markIf(v.number(-value.value), value.sensitive);
  if (value.kind === "bool") return v.markIf(v.bool(!value.value), value.sensitive);
  return value;
}

export function combine(operator: BinaryOperator, left: Value, right: Value): Value {
  if (operator === "==" || operator === "!=") return compare(operator, left, right);
  const logical = operator === "&&" || operator === "||";
  const [a, b] = [left, right].map((side) => operandAs(side, logical ? "bool" : "number", operator)) as [Value, Value];
  const sensitive = a.sensitive ?? b.sensitive;
  if (a.kind === "bool" && b.kind === "bool") {
    return v.markIf(v.bool(operator === "&&" ? a.value && b.value : a.value || b.value), sensitive);
  }
  if (a.kind === "number" && b.kind === "number") return v.markIf(arithmetic(operator, a.value, b.value), sensitive);
  return v.markIf(v.unknownOf(logical || /[<>]/.test(operator) ? "bool" : "number"), sensitive);
}

function operandAs(value: Value, type: "number" | "bool", operator: string): Value {
  if (value.kind === "null") {
    fail({ code: "invalid-operand", summary: "Invalid operand", detail: `The operand of "${operator}" is null.` });
  }
  return convert(value, type, `operand of "${operator}"`);
}

function arithmetic(operator: BinaryOperator, a: number, b: number): Value {
  switch (operator) {
    case "+":
      return v.number(a + b);
    case "-":
      return v.number(a - b);
    case "*":
      return v.number(a * b);
    case "/":
    case "%":
      if (b === 0) fail({ code: "division-by-zero", summary: "Division by zero" });
      return v.number(operator === "/" ? a / b : a % b);
    case "<":
      return v.bool(a < b);
    case ">":
      return v.bool(a > b);
    case "<=":
      return v.bool(a <= b);
    default:
      return v.bool(a >= b);
  }
}

function compare(operator: "==" | "!=", left: Value, right: Value): Value {
  const sensitive = v.hasSensitive(left) || v.hasSensitive(right);
  const decided = v.isNull(left) && v.isNull(right);
  if (!decided && !(v.isWhollyKnown(left) && v.isWhollyKnown(right))) return v.markIf(v.unknownOf("bool"), sensitive);
  const equal = decided || (comparable(left, right) && v.equal(left, right));
  return v.markIf(v.bool(equal === (operator === "==")), sensitive);
}

/** A list never equals a tuple, nor a map an object: their types differ. */
function comparable(a: Value, b: Value): boolean {
  if (a.kind === "null" || b.kind === "null") return true;
  if (a.kind !== b.kind) return false;
  return !("element" in a && "element" in b) || sameType(a.element, b.element);
}

/** Both results of a condition must be of one type; the one that was not chosen may have failed. */
export function choose(condition: Value, yes: Value | undefined, no: Value | undefined): Value {
  const type = commonType(yes, no);
  const sensitive = condition.sensitive;
  if (condition.kind === "unknown") return v.markIf(v.unknownOf(type), sensitive);
  const chosen = (condition.kind === "bool" && condition.value ? yes : no) as Value;
  return v.markIf(convert(chosen, type, "the result of the condition"), sensitive);
}

function commonType(yes: Value | undefined, no: Value | undefined) {
  if (yes === undefined || no === undefined) return "dynamic";
  if (yes.kind === "null" && yes.type === "dynamic") return v.typeOf(no);
  if (no.kind === "null" && no.type === "dynamic") return v.typeOf(yes);
  const type = unify([v.typeOf(yes), v.typeOf(no)]);
  if (type !== undefined) return type;
  return fail({
    code: "inconsistent-condition",
    summary: "Inconsistent conditional result types",
    detail: "The true and false result expressions must have consistent types.",
  });
}
