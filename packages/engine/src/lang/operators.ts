import { fail } from "@doge/core";
import type { Type } from "../schema.ts";
import type { BinaryOperator } from "./ast.ts";
import * as big from "./bigfloat.ts";
import {
  collectionOf,
  compareNumbers,
  comparedBounds,
  either,
  isExcluded,
  lengthBounds,
  numberBounds,
  numberWithin,
} from "./bounds.ts";
import { convert, Mismatch, tryConvert } from "./convert.ts";
import { sameType, unify } from "./types.ts";
import * as v from "./values.ts";
import type { Value } from "./values.ts";

export function negate(operator: "-" | "!", operand: Value): Value {
  const value = operandAs(operand, operator === "-" ? "number" : "bool", "unary operand");
  if (value.kind === "number") {
    return v.carry(value.exact ? v.exactly(big.negated(value.exact)) : v.number(-value.value), value);
  }
  if (value.kind === "bool") return v.carry(v.bool(!value.value), value);
  return value.kind === "unknown" ? v.carry(v.someOf(value.type), value) : value;
}

export function combine(operator: BinaryOperator, left: Value, right: Value): Value {
  if (operator === "==" || operator === "!=") return equality(operator, left, right);
  const logical = operator === "&&" || operator === "||";
  const type = logical ? "bool" : "number";
  const a = operandAs(left, type, "left operand");
  const b = operandAs(right, type, "right operand");
  return v.carry(combined(operator, logical, a, b), a, b);
}

function combined(operator: BinaryOperator, logical: boolean, a: Value, b: Value): Value {
  if (a.kind === "bool" && b.kind === "bool") {
    return v.bool(operator === "&&" ? a.value && b.value : a.value || b.value);
  }
  if (a.kind === "number" && b.kind === "number") return arithmetic(operator, a, b);
  if ((operator === "/" || operator === "%") && b.kind === "number" && b.value === 0) divisionByZero();
  if (/[<>]/.test(operator)) {
    const certain = comparedBounds(operator, a, b);
    return certain === undefined ? v.someOf("bool") : v.bool(certain);
  }
  return logical ? v.someOf("bool") : boundedArithmetic(operator, a, b);
}

/** Sums, differences and products lie between those of the bounds. */
function boundedArithmetic(operator: BinaryOperator, a: Value, b: Value): Value {
  const [one, other] = [numberBounds(a), numberBounds(b)];
  if (!one || !other || !["+", "-", "*"].includes(operator)) return v.someOf("number");
  const all = one.flatMap((x) => other.map((y) => arithmetic(operator, x, y) as v.NumberValue)).sort(compareNumbers);
  return numberWithin([all[0] as v.NumberValue, all.at(-1) as v.NumberValue]);
}

function operandAs(value: Value, type: "number" | "bool", side: string): Value {
  const invalid = (why: string): never =>
    fail({ code: "invalid-operand", summary: "Invalid operand", detail: `Unsuitable value for ${side}: ${why}.` });
  if (value.kind === "null") return invalid("the value is null");
  const converted = tryConvert(value, type);
  return converted instanceof Mismatch ? invalid(converted.reason) : converted;
}

const divisionByZero = (): never =>
  fail({
    code: "division-by-zero",
    summary: "Division by zero",
    detail: "The divisor is zero. Check it first: `divisor == 0 ? … : …`.",
  });

function arithmetic(operator: BinaryOperator, a: v.NumberValue, b: v.NumberValue): Value {
  if (operator === "<" || operator === ">" || operator === "<=" || operator === ">=") {
    const order = compareNumbers(a, b);
    return v.bool(
      operator === "<" ? order < 0 : operator === ">" ? order > 0 : operator === "<=" ? order <= 0 : order >= 0,
    );
  }
  if ((operator === "/" || operator === "%") && b.value === 0) divisionByZero();
  if (
    a.exact === undefined &&
    b.exact === undefined &&
    Number.isSafeInteger(a.value) &&
    Number.isSafeInteger(b.value)
  ) {
    const quick = quickly(operator, a.value, b.value);
    if (Number.isSafeInteger(quick)) return v.number(quick);
  }
  const [x, y] = [v.big(a), v.big(b)];
  switch (operator) {
    case "+":
      return v.exactly(big.add(x, y));
    case "-":
      return v.exactly(big.subtract(x, y));
    case "*":
      return v.exactly(big.multiply(x, y));
    case "/":
      return v.exactly(big.divide(x, y));
    default:
      return v.exactly(big.remainder(x, y));
  }
}

/** Arithmetic of whole doubles; exact wherever the result is a safe integer. */
function quickly(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    default:
      return a % b;
  }
}

function equality(operator: "==" | "!=", left: Value, right: Value): Value {
  const same = equals(v.unmarkDeep(left), v.unmarkDeep(right));
  const result = same === undefined ? v.someOf("bool") : v.bool(same === (operator === "=="));
  return v.carry(result, v.marksIn([left, right]));
}

/** Undefined where only an apply will tell. Values of different types are never equal. */
export function equals(a: Value, b: Value): boolean | undefined {
  if (a.kind === "null" && b.kind === "null") return true;
  if (a.kind === "unknown" || b.kind === "unknown") return equalsUnknown(a, b);
  if (a.kind === "null" || b.kind === "null") return false;
  if (!("items" in a) && !("entries" in a)) return v.equal(a, b);
  if (!sameType(v.typeOf(a), v.typeOf(b)) && !sameShape(a, b)) return false;
  if (v.isSequence(a) && v.isSequence(b)) {
    if (a.kind === "set" && !(v.isWhollyKnown(a) && v.isWhollyKnown(b))) return undefined;
    return a.items.length === b.items.length ? every(a.items.map((item, i) => [item, b.items[i] as Value])) : false;
  }
  if (!v.isMapping(a) || !v.isMapping(b) || a.entries.size !== b.entries.size) return false;
  const entries = b.entries;
  const pairs = [...a.entries].map(([name, item]) => [item, entries.get(name)] as const);
  return pairs.some(([, other]) => other === undefined) ? false : every(pairs as [Value, Value][]);
}

/** Types are the same but for parts whose type is not known. */
function sameShape(a: Value, b: Value): boolean {
  return unify([v.typeOf(a), v.typeOf(b)]) === "dynamic" || (a.kind === b.kind && !v.isWhollyKnown(v.tuple([a, b])));
}

function every(pairs: readonly (readonly [Value, Value])[]): boolean | undefined {
  let answer: boolean | undefined = true;
  for (const [one, other] of pairs) {
    const same = equals(one, other);
    if (same === false) return false;
    if (same === undefined) answer = undefined;
  }
  return answer;
}

function equalsUnknown(a: Value, b: Value): boolean | undefined {
  const [unknown, other] = a.kind === "unknown" ? [a, b] : [b, a];
  if (unknown.kind !== "unknown") return undefined;
  if (other.kind === "null") return unknown.notNull ? false : undefined;
  return other.kind !== "unknown" && isExcluded(other, unknown) ? false : undefined;
}

/** Both results of a condition must be of one type. */
export function choose(condition: Value, yes: Value, no: Value): Value {
  const type = commonType(yes, no);
  if (condition.kind === "unknown") return undecided(condition, type, yes, no);
  const chosen = condition.kind === "bool" && condition.value ? yes : no;
  return v.carry(convert(chosen, type, "the result of the condition"), condition, yes, no);
}

function undecided(condition: Value, type: Type, yes: Value, no: Value): Value {
  const some = (value: Value): boolean => value.kind !== "null" && (value.kind !== "unknown" || value.notNull === true);
  const bothNull = yes.kind === "null" && no.kind === "null";
  const result = bothNull ? v.nullOf(type) : some(yes) && some(no) ? someOfBoth(type, yes, no) : v.unknownOf(type);
  return v.carry(result, condition, yes, no);
}

/** What can be told of a value that is one of two. */
function someOfBoth(type: Type, yes: Value, no: Value): Value {
  if (type === "number") {
    const [one, other] = [numberBounds(yes), numberBounds(no)];
    return one && other ? numberWithin(either(one, other, compareNumbers)) : v.someOf(type);
  }
  if (typeof type === "string" || type[0] === "tuple" || type[0] === "object") return v.someOf(type);
  // What is still to be converted tells nothing.
  if (![yes, no].every((side) => sameType(v.typeOf(side), type))) return v.someOf(type);
  const [one, other] = [yes, no].map(lengthBounds);
  return one && other
    ? collectionOf(
        type,
        either(one, other, (a, b) => a - b),
      )
    : v.someOf(type);
}

function commonType(yes: Value, no: Value): Type {
  if (yes.kind === "null" && yes.type === "dynamic") return v.typeOf(no);
  if (no.kind === "null" && no.type === "dynamic") return v.typeOf(yes);
  if (v.typeOf(yes) === "dynamic" || v.typeOf(no) === "dynamic") return "dynamic";
  const type = unify([v.typeOf(yes), v.typeOf(no)]);
  if (type !== undefined) return type;
  return fail({
    code: "inconsistent-condition",
    summary: "Inconsistent conditional result types",
    detail: `The true and false result expressions must have consistent types; the first is ${describe(yes)}, the second ${describe(no)}.`,
  });
}

const describe = (value: Value): string =>
  v.isSequence(value) || v.isMapping(value)
    ? `a ${value.kind}`
    : value.kind === "unknown"
      ? "not known yet"
      : `a ${value.kind}`;
