import { convert } from "../convert.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError, numberOf, textOf } from "./define.ts";
import { encodeJson } from "./json.ts";

const verb = /%(?:%|([-+ 0#]*)(\d+)?(?:\.(\d+))?(?:\[(\d+)\])?([a-zA-Z]))/g;

/** Terraform's `format`: `%s %d %f %t %v %q %#v %x %X %o %b %e %g` with flags, width, precision and `%[n]`. */
export function formatText(template: Value, args: readonly Value[]): string {
  let next = 0;
  let highest = 0;
  const text = textOf(template).replace(
    verb,
    (all, flags: string | undefined, width?: string, precision?: string, position?: string, letter?: string) => {
      if (letter === undefined) return "%";
      const at = position === undefined ? next : Number(position) - 1;
      next = at + 1;
      highest = Math.max(highest, next);
      const value = args[at];
      if (value === undefined) throw new ArgumentError(`not enough arguments for "${all}"`);
      return pad(one(letter, value, flags ?? "", precision), Number(width ?? 0), flags ?? "");
    },
  );
  if (highest < args.length) throw new ArgumentError(`too many arguments; only ${highest} used by format string`);
  return text;
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0")) return text.padStart(width);
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}

function one(letter: string, value: Value, flags: string, precision: string | undefined): string {
  switch (letter) {
    case "v":
      if (flags.includes("#") || !("value" in value)) return encodeJson(value);
      return textOf(convert(value, "string"));
    case "s":
    case "q": {
      const text = textOf(convert(value, "string"));
      const cut = precision === undefined ? text : Array.from(text).slice(0, Number(precision)).join("");
      return letter === "q" ? JSON.stringify(cut) : cut;
    }
    case "t":
      return String(v.toPlain(convert(value, "bool")));
    default:
      return signed(numeric(letter, numberOf(convert(value, "number")), precision), flags);
  }
}

const signed = (text: string, flags: string): string =>
  text.startsWith("-") ? text : flags.includes("+") ? `+${text}` : flags.includes(" ") ? ` ${text}` : text;

function numeric(letter: string, value: number, precision: string | undefined): string {
  const digits = precision === undefined ? undefined : Number(precision);
  const exponent = (text: string): string => text.replace(/e([+-])(\d)$/, "e$10$2");
  switch (letter) {
    case "d":
      return BigInt(Math.trunc(value)).toString();
    case "b":
      return Math.trunc(value).toString(2);
    case "o":
      return Math.trunc(value).toString(8);
    case "x":
      return Math.trunc(value).toString(16);
    case "X":
      return Math.trunc(value).toString(16).toUpperCase();
    case "f":
      return value.toFixed(digits ?? 6);
    case "e":
      return exponent(value.toExponential(digits ?? 6));
    case "g":
      return digits === undefined ? String(value) : String(Number(value.toPrecision(digits)));
    default:
      throw new ArgumentError(`unsupported format verb "${letter}"`);
  }
}
