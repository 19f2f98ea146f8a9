import * as v from "../values.ts";
import { ArgumentError, type FunctionTable, numberOf, plain } from "./define.ts";

const n = "number";

function parseInteger(text: string, base: number): number {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, base);
  if (base < 2 || base > 36) throw new ArgumentError("base must be from 2 to 36");
  if (!new RegExp(`^[+-]?[${digits}]+$`, "i").test(text)) {
    throw new ArgumentError(`cannot parse "${text}" as a base ${base} integer`);
  }
  return Number.parseInt(text, base);
}

export const numbers: FunctionTable = {
  abs: plain([n], n, Math.abs),
  ceil: plain([n], n, Math.ceil),
  floor: plain([n], n, Math.floor),
  log: plain([n, n], n, (value, base) => Math.log(value) / Math.log(base)),
  max: { params: [n], rest: n, returns: n, run: (...args) => v.number(Math.max(...args.map(numberOf))) },
  min: { params: [n], rest: n, returns: n, run: (...args) => v.number(Math.min(...args.map(numberOf))) },
  parseint: plain(["string", n], n, parseInteger),
  pow: plain([n, n], n, (base, exponent) => base ** exponent),
  signum: plain([n], n, Math.sign),
};
