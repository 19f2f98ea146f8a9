import { compareNumbers } from "../bounds.ts";
import * as big from "../bigfloat.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, type FunctionTable, numberOf, over, wholeOf } from "./define.ts";

const n = "number";
const num = ["num", n] as const;

/** A function of one number, exact. */
const exactly = (change: (value: big.BigFloat) => big.BigFloat) =>
  over([num], n, ([value]) => (value?.kind === "number" ? v.exactly(change(v.big(value))) : v.nullOf(n)));

function whole(value: big.BigFloat, beyond: 1n | -1n): big.BigFloat {
  if (big.isWhole(value)) return value;
  const cut = big.truncated(value);
  // Truncation goes towards zero: one more where that is the wrong way.
  const result = value.mantissa < 0n === beyond < 0n ? cut + beyond : cut;
  return { mantissa: result, exponent: 0, precision: big.fullPrecision };
}

const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

function parseInteger(number: Value | undefined, base: number): Value {
  if (number?.kind !== "string") throw new ArgumentError(`first argument must be a string, not ${number?.kind}`, 0);
  if (base < 2 || base > 62) throw new ArgumentError("base must be a whole number between 2 and 62 inclusive", 1);
  const match = /^([+-]?)([0-9a-zA-Z]+)$/.exec(number.value);
  const text = base <= 36 ? match?.[2]?.toLowerCase() : match?.[2];
  const values = Array.from(text ?? "").map((letter) => digits.indexOf(letter));
  if (values.length === 0 || values.some((digit) => digit >= base)) {
    throw new ArgumentError(`cannot parse "${number.value}" as a base ${base} integer`, 0);
  }
  if (values.length > 3_000) throw new ArgumentError("the number is too large", 0);
  const size = values.reduce((total, digit) => total * BigInt(base) + BigInt(digit), 0n);
  return v.exactly(big.fromBigInt(match?.[1] === "-" ? -size : size));
}

/** The first by `order`; at least one argument. */
const extreme = (wanted: 1 | -1) =>
  over(
    [],
    n,
    (args) => {
      const all = args as readonly v.NumberValue[];
      if (all.length === 0) throw new ArgumentError("must pass at least one number");
      return all.reduce((best, one) => (compareNumbers(one, best) * wanted > 0 ? one : best));
    },
    { rest: ["numbers", n] },
  );

function double(value: number): Value {
  if (Number.isNaN(value)) throw new ArgumentError("the result is not a number");
  if (!Number.isFinite(value)) throw new ArgumentError("the result is infinite");
  return v.double(value);
}

export const numbers: FunctionTable = {
  abs: exactly((value) => (value.mantissa < 0n ? big.negated(value) : value)),
  ceil: exactly((value) => whole(value, 1n)),
  floor: exactly((value) => whole(value, -1n)),
  log: over([num, ["base", n]], n, ([value, base]) => double(Math.log(numberOf(value)) / Math.log(numberOf(base)))),
  max: extreme(1),
  min: extreme(-1),
  parseint: over(
    [
      ["number", "dynamic"],
      ["base", n],
    ],
    n,
    ([text, base]) => parseInteger(text, wholeOf(base, 1)),
  ),
  pow: over([num, ["power", n]], n, ([base, power]) => double(numberOf(base) ** numberOf(power))),
  signum: over([num], n, ([value]) => v.count(Math.sign(wholeOf(value, 0)))),
};
