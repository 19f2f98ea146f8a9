import type { Type } from "../../schema.ts";
import { convert } from "../convert.ts";
import * as v from "../values.ts";
import type { Value } from "../values.ts";

/** One function of the language. A new one is one entry in a table of this folder. */
export interface LanguageFunction {
  /** Arguments are converted to these; "dynamic" takes anything as it is. */
  readonly params: readonly Type[];
  /** How many of the last params may be left out. */
  readonly optional?: number;
  /** The type of all further arguments, where there may be some. */
  readonly rest?: Type;
  /** The type of the result while an argument is unknown. */
  readonly returns: Type;
  /** `run` wants to see marks; otherwise they are taken off and put on the whole result. */
  readonly marks?: true;
  /** `run` copes with unknown values inside collections; otherwise the result is unknown. */
  readonly partial?: true;
  /** `run` copes with arguments that are null or wholly unknown. */
  readonly anything?: true;
  readonly run: (...args: Value[]) => Value;
}

export type FunctionTable = Readonly<Record<string, LanguageFunction>>;

/** A function over plain JSON values: strings, numbers, lists. The result is converted to `returns`. */
export function plain<const A extends readonly Type[], R>(
  params: A,
  returns: Type,
  run: (...args: PlainArguments<A>) => R,
  more: Pick<LanguageFunction, "optional" | "rest"> = {},
): LanguageFunction {
  return {
    params,
    returns,
    ...more,
    run: (...args) => convert(v.fromPlain(run(...(args.map(v.toPlain) as PlainArguments<A>))), returns, "result"),
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

type PlainArguments<A extends readonly Type[]> = A extends readonly []
  ? // a function of only further arguments takes strings or numbers: see `rest`
    never[]
  : { -readonly [K in keyof A]: Plain<A[K]> };

/** The elements of a list, set or tuple; an error of the language for anything else. */
export function itemsOf(value: Value, what: string): readonly Value[] {
  if (v.isSequence(value)) return value.items;
  throw new ArgumentError(`${what} must be a list, set or tuple`);
}

export function entriesOf(value: Value, what: string): ReadonlyMap<string, Value> {
  if (v.isMapping(value)) return value.entries;
  throw new ArgumentError(`${what} must be a map or object`);
}

/** Thrown by functions whose arguments make no sense; the caller adds the function's name. */
export class ArgumentError extends Error {}

export const textOf = (value: Value): string => (value.kind === "string" ? value.value : "");
export const numberOf = (value: Value): number => (value.kind === "number" ? value.value : Number.NaN);
