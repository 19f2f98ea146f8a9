/** `moved`, `removed` and `import` blocks. */
import type { Drift } from "../case.ts";
import type { Block } from "./configuration.ts";
import { quote } from "./expressions.ts";
import { type Managed, managed } from "./managed.ts";
import { block } from "./member.ts";
import { indexed, keysOf, keySuffix, repetition } from "./repetition.ts";
import type { Random } from "../random.ts";
import { resourceKinds } from "./resources.ts";
import type { Scope } from "./scope.ts";

export const moving = (from: string, to: string): Block => block("moved", [], { from, to });

/** Where `count` comes, goes or gives way to `for_each`: each instance finds its new key. */
export function rekeying(
  old: Pick<Managed, "address" | "repetition">,
  next: Pick<Managed, "address" | "repetition">,
): Block[] {
  if (old.repetition?.kind === next.repetition?.kind) return [];
  const keys = keysOf(next.repetition);
  return keysOf(old.repetition).flatMap((key, i) => {
    const to = keys[i];
    return to === undefined ? [] : [moving(indexed(old.address, key), indexed(next.address, to))];
  });
}

export const removing = ({ address }: Pick<Managed, "address">, random: Random): Block =>
  block("removed", [], { from: address }, [block("lifecycle", [], { destroy: random.chance(0.7) ? "false" : "true" })]);

/** A resource that takes over objects which somebody made by hand. */
export function importing(scope: Scope): { member: Managed; statement: Block; made: Drift[] } {
  const { random } = scope.context;
  const type = random.pick(resourceKinds.filter((one) => one.byHand !== undefined));
  const member = managed(scope, { type, repetition: repetition(random, 0.6) });
  const keys = keysOf(member.repetition);
  const idOf = (key: string): string => `by-hand-${member.label}${keySuffix(key)}`;
  const made = keys.map((key): Drift => {
    const name = `${member.label}${keySuffix(key)}`;
    return { name, made: { type: type.type, id: idOf(key), config: { name, ...type.byHand } } };
  });
  const [first = ""] = keys;
  const each = member.repetition?.kind === "for_each" && random.chance(0.7);
  const statement = each
    ? block("import", [], {
        for_each: `{ ${keys.map((key) => `${JSON.parse(key) as string} = ${quote(idOf(key))}`).join(", ")} }`,
        to: `${member.address}[each.key]`,
        id: "each.value",
      })
    : block("import", [], { to: indexed(member.address, first), id: quote(idOf(first)) });
  return { member, statement, made: each ? made : made.slice(0, 1) };
}
