/** Override files: arguments of blocks of the root, written once more. */
import type { Block } from "./configuration.ts";
import { block } from "./member.ts";
import type { Scope } from "./scope.ts";

export function overriding(root: Scope): Block[] {
  const { random } = root.context;
  const expressions = root.expressionsBefore("");
  const literal = expressions.literal.bind(expressions);
  const resources = random.some(root.resources, 0.3).map(({ type, address }) => {
    const [kind = "", name = ""] = address.split(".");
    const body = type.body(literal, expressions, random);
    const lifecycle = random.chance(0.3)
      ? [block("lifecycle", [], { create_before_destroy: random.chance(0.7) ? "true" : "false" })]
      : [];
    return block("resource", [kind, name], body.arguments, [...(body.blocks ?? []), ...lifecycle]);
  });
  const variables = random
    .some(root.variables, 0.3)
    .filter(({ typed, hasDefault }) => typed && hasDefault)
    .map(({ name, kind }) =>
      block("variable", [name], random.chance(0.7) ? { default: literal(kind) } : { sensitive: "true" }),
    );
  const outputs = random
    .some(root.outputs, 0.2)
    .map(({ name, kind }) => block("output", [name], { value: literal(kind) }));
  const locals = random
    .some(root.locals, 0.3)
    .map(({ address, kind }) => block("locals", [], { [address.slice("local.".length)]: literal(kind) }));
  return [...resources, ...variables, ...outputs, ...locals];
}
