/** Locals, outputs, data sources and checks. */
import { type Expression, type Kind, quote } from "./expressions.ts";
import { block, type Member } from "./member.ts";
import type { Scope } from "./scope.ts";
import { kinds } from "./variables.ts";

export interface Local extends Member {
  readonly kind: Kind;
}

export function local(scope: Scope): Local {
  const name = scope.context.fresh("l");
  const address = `local.${name}`;
  const kind = scope.context.random.pick(kinds);
  const written = (): Local => {
    const { source, sensitive, uses } = scope.expressionsBefore(address).of(kind, 3);
    return {
      address,
      kind,
      blocks: [block("locals", [], { [name]: source })],
      uses,
      references: [{ source: address, kind, sensitive, of: address }],
      again: written,
    };
  };
  return written();
}

export interface Output extends Member {
  readonly name: string;
  readonly kind: Kind;
  readonly sensitive: boolean;
}

export function output(scope: Scope): Output {
  const { random } = scope.context;
  const name = scope.context.fresh("o");
  const address = `output.${name}`;
  // What others refer to keeps its kind.
  const fixed = scope.folder === "" ? undefined : random.pick(kinds);
  const written = (): Output => {
    const kind = fixed ?? random.pick(kinds);
    const value = scope.expressionsBefore(address).of(kind, 3);
    const secret = value.sensitive || random.chance(0.1);
    const waits = random.chance(0.06) ? scope.anyBefore(address) : undefined;
    const args = {
      value: value.source,
      ...(secret ? { sensitive: "true" } : {}),
      ...(waits ? { depends_on: `[${waits}]` } : {}),
    };
    const rules = random.chance(0.1) ? [condition(scope, address, "precondition")] : [];
    return {
      address,
      name,
      kind,
      sensitive: value.sensitive,
      blocks: [
        block(
          "output",
          [name],
          args,
          rules.map((one) => one.block),
        ),
      ],
      uses: new Set([...value.uses, ...(waits ? [waits] : []), ...rules.flatMap((one) => [...one.uses])]),
      references: [],
      again: written,
    };
  };
  return written();
}

/** A condition that mostly holds, and now and then is anything. */
export function condition(
  scope: Scope,
  before: string,
  type: "precondition" | "postcondition" | "assert",
  self?: string,
) {
  const { random } = scope.context;
  const any = random.chance(type === "assert" ? 0.5 : 0.08);
  const expressions = scope.expressionsBefore(before, (one) => !one.sensitive);
  const found: Expression = expressions.of(any ? "bool" : random.pick(["string", "strings", "map"]), 1);
  const source = any ? found.source : `length(${found.source}) < 1000`;
  const text = random.chance(0.3) ? expressions.of("string", 0) : undefined;
  const message =
    text && !text.source.includes('"') ? `"It does not hold: \${${text.source}}."` : quote("It does not hold.");
  return {
    block: block(type, [], { condition: self ? `${self} && ${source}` : source, error_message: message }),
    uses: new Set([...found.uses, ...(text?.uses ?? [])]),
  };
}

export function check(scope: Scope): Member {
  const { random } = scope.context;
  const name = scope.context.fresh("c");
  const address = `check.${name}`;
  const written = (): Member => {
    const asserts = Array.from({ length: 1 + random.below(2) }, () => condition(scope, address, "assert"));
    const data = random.chance(0.3)
      ? [block("data", ["fake_echo", `${name}d`], { input: scope.expressionsBefore(address).literal("map") })]
      : [];
    return {
      address,
      blocks: [block("check", [name], {}, [...data, ...asserts.map((one) => one.block)])],
      uses: new Set(asserts.flatMap((one) => [...one.uses])),
      references: [],
      again: written,
    };
  };
  return written();
}
