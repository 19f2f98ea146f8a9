/** Variables: of the root with values from outside, of a module with what the caller gives. */
import type { Block } from "./configuration.ts";
import { type Expression, Expressions, type Kind, quote } from "./expressions.ts";
import { block, type Member } from "./member.ts";
import type { Scope } from "./scope.ts";

export const kinds: readonly Kind[] = ["string", "number", "bool", "strings", "map", "numbers", "flags", "point"];

const constraints: Readonly<Record<Kind, string>> = {
  string: "string",
  number: "number",
  bool: "bool",
  strings: "list(string)",
  numbers: "list(number)",
  map: "map(string)",
  flags: "map(bool)",
  point: "object({ x = number, y = number })",
};

export interface Variable extends Member {
  readonly name: string;
  readonly kind: Kind;
  readonly typed: boolean;
  readonly hasDefault: boolean;
}

/** `given`: whether the caller's expression is sensitive, where there is one. */
export function variable(scope: Scope, given?: Pick<Expression, "sensitive">): Variable {
  const { random } = scope.context;
  const name = scope.context.fresh("v");
  const kind = random.pick(kinds);
  const typed = given === undefined ? random.chance(0.8) : random.chance(0.9);
  const hasDefault = given === undefined || random.chance(0.5);
  const written = (): Variable => {
    const sensitive = random.chance(0.18);
    const optional = kind === "point" && random.chance(0.4);
    const type = optional ? "object({ x = number, y = optional(number, 5) })" : constraints[kind];
    const literal = optional ? "{ x = 4 }" : new Expressions(random, []).literal(kind);
    const args = {
      ...(typed ? { type: `type:${type}` } : {}),
      ...(hasDefault ? { default: literal } : {}),
      ...(sensitive ? { sensitive: "true" } : {}),
      ...(random.chance(0.15) ? { nullable: "false" } : {}),
      ...(random.chance(0.15) ? { description: quote("what it is for") } : {}),
    };
    const other = random.chance(0.3) ? scope.variables.find((one) => one.name !== name && one.typed)?.name : undefined;
    const validations =
      typed && random.chance(0.15) ? [validation(name, kind, random.chance(0.06), given ? undefined : other)] : [];
    const marked = sensitive || (given?.sensitive ?? false);
    return {
      address: `var.${name}`,
      name,
      kind,
      typed: typed && !optional,
      hasDefault,
      blocks: [block("variable", [name], args, validations)],
      uses: new Set(),
      references: [{ source: `var.${name}`, kind, sensitive: marked, of: `var.${name}` }],
      again: () => (random.chance(0.2) ? written() : undefined),
    };
  };
  return written();
}

function validation(name: string, kind: Kind, fails: boolean, other: string | undefined): Block {
  const it = `var.${name}`;
  const holds: Partial<Record<Kind, string>> = {
    string: `length(${it}) < 40`,
    number: `${it} >= 0`,
    strings: `length(${it}) < 9`,
    map: `alltrue([for k, v in ${it} : length(k) < 9])`,
    point: `${it}.x > 0`,
  };
  const own = fails ? `${it} == null` : (holds[kind] ?? `${it} != null`);
  const condition = other === undefined ? own : `${own} && var.${other} != null`;
  return block("validation", [], { condition, error_message: quote("It does not fit.") });
}
