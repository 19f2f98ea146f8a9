import type { Type } from "../../schema.ts";
import { convert } from "../convert.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";
import type { FunctionHost } from "./host.ts";

/** A parameter's name and type; "dynamic" takes anything as it is. */
export type Parameter = readonly [name: string, type: Type];

export interface CallContext {
  readonly host: FunctionHost;
  /** The result of a template; `variables` are all that it may refer to. */
  readonly render: (template: string, variables: ReadonlyMap<string, Value>) => Value;
}

/** One function of the language. A new one is one entry in a table of this folder. */
export interface LanguageFunction {
  readonly params: readonly Parameter[];
  /** All further arguments, where there may be some. */
  readonly rest?: Parameter;
  /** How many further arguments there may be at most. */
  readonly most?: number;
  /** The type of the result while an argument is unknown. */
  readonly returns: Type | ((args: readonly Value[]) => Type);
  /** Arguments may be null; `rest`: further ones only. */
  readonly nullable?: true | "rest";
  /** `run` wants to see marks; otherwise they are taken off and put on the whole result. */
  readonly marks?: true;
  /** `run` copes with unknown values inside collections; otherwise the result is unknown. */
  readonly partial?: true;
  /** `run` copes with arguments that are wholly unknown. */
  readonly anything?: true;
  /** The result may be null, so an unknown one may be too. */
  readonly maybeNull?: true;
  readonly run: (args: readonly Value[], context: CallContext) => Value;
}

export type FunctionTable = Readonly<Record<string, LanguageFunction>>;
type More = Partial<Omit<LanguageFunction, "params" | "returns" | "run">>;

/** A function over values of the language. */
export const over = (
  params: readonly Parameter[],
  returns: LanguageFunction["returns"],
  run: LanguageFunction["run"],
  more: More = {},
): LanguageFunction => ({ params, returns, run, ...more });

/** A function that looks at marks and unknown parts of its arguments itself. */
export const open = (
  params: readonly Parameter[],
  returns: LanguageFunction["returns"],
  run: LanguageFunction["run"],
  more: More = {},
): LanguageFunction => over(params, returns, run, { marks: true, partial: true, ...more });

/** A function over plain JSON values: strings, doubles, lists. The result is converted to `returns`. */
export function plain<const A extends readonly Parameter[], R>(
  params: A,
  returns: Type,
  run: (...args: PlainArguments<A>) => R,
): LanguageFunction {
  return {
    params,
    returns,
    run: (args) => convert(v.fromPlain(run(...(args.map(v.toPlain) as PlainArguments<A>))), returns, "result"),
  };
}

type Plain<T> = T extends "string"
  ? string
  : T extends "number"
    ? number
    : T extends "bool"
      ? boolean
      : T extends readonly ["list" | "set", infer E]
        ? Plain<E>[]
        : T extends readonly ["map", infer E]
          ? Record<string, Plain<E>>
          : unknown;

type PlainArguments<A extends readonly Parameter[]> = { -readonly [K in keyof A]: Plain<A[K][1]> };

/** Thrown by functions whose arguments make no sense: `at` is the number of the argument, where it is one. */
export class ArgumentError extends Error {
  readonly at: number | undefined;

  constructor(message: string, at?: number, options?: ErrorOptions) {
    super(message, options);
    this.at = at;
  }
}

/** The elements of a list, set or tuple; an error of the language for anything else. */
export function itemsOf(value: Value, at: number, message = "must be a list, set or tuple"): readonly Value[] {
  if (v.isSequence(value)) return value.items;
  throw new ArgumentError(message, at);
}

export function entriesOf(value: Value, at: number): ReadonlyMap<string, Value> {
  if (v.isMapping(value)) return value.entries;
  throw new ArgumentError("must be a map or an object", at);
}

export const textOf = (value: Value | undefined): string => (value?.kind === "string" ? value.value : "");
export const numberOf = (value: Value | undefined): number => (value?.kind === "number" ? value.value : Number.NaN);

/** A whole number that fits a machine word. */
export function wholeOf(value: Value | undefined, at: number): number {
  if (value?.kind !== "number" || !v.isWholeNumber(value)) throw new ArgumentError("a whole number is required", at);
  if (!Number.isSafeInteger(value.value)) throw new ArgumentError("the number is too large", at);
  return value.value;
}
