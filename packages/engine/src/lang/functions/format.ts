import * as big from "../bigfloat.ts";
import { Mismatch, tryConvert } from "../convert.ts";
import type { Type } from "../../schema.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError } from "./define.ts";
import { encodeJson } from "./json.ts";

const verb = /%(?:%|([-+ 0#]*)(\d+)?(?:\.(\d*))?(?:\[(\d+)\])?([\s\S])?)/gu;
const widest = 100_000;

interface Verb {
  /** As written, for messages. */
  readonly all: string;
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly letter: string;
}

/** Terraform's `format`: `%s %d %f %t %v %q %#v %x %X %o %b %e %g` with flags, width, precision and `%[n]`. */
export function formatText(template: Value, args: readonly Value[]): string {
  let next = 0;
  let highest = 0;
  let positional = false;
  const text = template.kind === "string" ? template.value : "";
  const result = text.replace(
    verb,
    (all, flags?: string, width?: string, precision?: string, at?: string, letter?: string) => {
      if (all === "%%") return "%";
      if (letter === undefined)
        throw new ArgumentError(`unrecognized format verb in "${all}": the end of the text follows`, 0);
      const one = {
        all,
        flags: flags ?? "",
        width: Number(width ?? 0),
        precision: precision === undefined ? undefined : Number(precision),
        letter,
      };
      if (one.width > widest || (one.precision ?? 0) > widest) throw new ArgumentError(`"${all}" is too wide`, 0);
      positional ||= at !== undefined;
      const index = at === undefined ? next : Number(at) - 1;
      if (index < 0) throw new ArgumentError(`"${all}": arguments count from 1`, 0);
      next = index + 1;
      highest = Math.max(highest, next);
      const value = args[index];
      if (value === undefined) {
        throw new ArgumentError(
          `not enough arguments for "${all}": need index ${index + 1} but have ${args.length} total`,
        );
      }
      return shown(one, value, index + 1);
    },
  );
  if (!positional && highest < args.length) {
    throw new ArgumentError(`too many arguments; only ${highest} used by format string`, highest + 1);
  }
  return result;
}

function shown(one: Verb, value: Value, at: number): string {
  if (one.letter === "v") return general(one, value, at);
  if (value.kind === "null")
    throw new ArgumentError(`unsupported value for "${one.all}": null value cannot be formatted`, at);
  switch (one.letter) {
    case "s":
    case "q": {
      const text = as("string", one, value, at);
      const cut =
        one.precision === undefined ? String(text) : Array.from(String(text)).slice(0, one.precision).join("");
      return padded(one, one.letter === "q" ? quoted(cut) : cut);
    }
    case "t":
      return padded(one, String(as("bool", one, value, at)));
    case "b":
    case "d":
    case "o":
    case "x":
    case "X":
      return padded(one, signed(one, integer(one, numeric(one, value, at), at)));
    case "e":
    case "E":
    case "f":
    case "g":
    case "G":
      return padded(one, signed(one, floating(one, numeric(one, value, at))));
    default:
      throw new ArgumentError(`unrecognized format character "${one.letter}" in "${one.all}"`, 0);
  }
}

/** `%v`: numbers short, texts bare, everything else as JSON. */
function general(one: Verb, value: Value, at: number): string {
  const alone = value.kind === "string" || value.kind === "number" || value.kind === "bool";
  if (one.flags.includes("#") || !alone)
    return padded({ ...one, flags: one.flags.replace("#", "") }, encodeJson(value));
  const letter = value.kind === "string" ? "s" : value.kind === "bool" ? "t" : "g";
  return shown({ ...one, letter }, value, at);
}

function as(type: Type, one: Verb, value: Value, at: number): string | number | boolean {
  const converted = tryConvert(value, type);
  if (converted instanceof Mismatch || !("value" in converted)) {
    const why = converted instanceof Mismatch ? converted.reason : "it is not known";
    throw new ArgumentError(`unsupported value for "${one.all}": ${why}`, at);
  }
  return converted.value;
}

function numeric(one: Verb, value: Value, at: number): big.BigFloat {
  as("number", one, value, at);
  return v.big(tryConvert(value, "number") as v.NumberValue);
}

function padded({ flags, width, letter }: Verb, text: string): string {
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0")) return " ".repeat(missing) + text;
  const sign = letter === "s" || letter === "q" ? "" : (/^[+\- ]/.exec(text)?.[0] ?? "");
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

function signed({ flags }: Verb, text: string): string {
  if (text.startsWith("-")) return text;
  return flags.includes("+") ? `+${text}` : flags.includes(" ") ? ` ${text}` : text;
}

const quoted = (text: string): string => JSON.stringify(text);

function integer({ all, letter, precision, flags }: Verb, value: big.BigFloat, at: number): string {
  if (!big.isWhole(value)) throw new ArgumentError(`unsupported value for "${all}": a whole number is required`, at);
  const whole = big.truncated(value);
  const base = letter === "b" ? 2 : letter === "o" ? 8 : letter === "d" ? 10 : 16;
  const digits = (whole < 0n ? -whole : whole).toString(base).padStart(precision ?? 0, "0");
  const prefix = !flags.includes("#")
    ? ""
    : letter === "o"
      ? "0"
      : letter === "x"
        ? "0x"
        : letter === "X"
          ? "0X"
          : letter === "b"
            ? "0b"
            : "";
  return `${whole < 0n ? "-" : ""}${prefix}${letter === "X" ? digits.toUpperCase() : digits}`;
}

function floating({ letter, precision }: Verb, value: big.BigFloat): string {
  if (letter === "f") return big.toFixed(value, precision ?? 6);
  if (letter === "e" || letter === "E") return withCase(letter, exponential(value, precision ?? 6));
  return withCase(letter, compact(value, precision));
}

const withCase = (letter: string, text: string): string =>
  letter === "E" || letter === "G" ? text.toUpperCase() : text;

function exponential(value: big.BigFloat, places: number): string {
  const [digits, power] = big.significant(value, places + 1);
  return scientific(value.mantissa < 0n, digits, power);
}

function scientific(negative: boolean, digits: string, power: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  const size = String(Math.abs(power)).padStart(2, "0");
  return `${negative ? "-" : ""}${digits[0]}${fraction}e${power < 0 ? "-" : "+"}${size}`;
}

/** `%g`: with an exponent where the number is very small, or its power reaches the digits asked for (6 unasked). */
function compact(value: big.BigFloat, precision: number | undefined): string {
  const negative = value.mantissa < 0n;
  const plain = big.toText(value).replace("-", "");
  const written = plain.replace(".", "").replace(/^0+/, "").replace(/0+$/, "") || "0";
  const [digits, power] = big.significant(value, precision === undefined ? written.length : Math.max(1, precision));
  const kept = digits.replace(/0+$/, "") || "0";
  const asked = Math.max(1, precision ?? 6);
  const limit = precision !== undefined && asked > kept.length && kept.length >= power + 1 ? kept.length : asked;
  if (power < -4 || power >= limit) return scientific(negative, kept, power);
  return precision === undefined
    ? `${negative ? "-" : ""}${plain}`
    : big.toFixed(value, Math.max(0, kept.length - 1 - power));
}
