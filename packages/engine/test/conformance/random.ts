/** Random numbers and expressions by seed: the same seed gives the same. */

/** Whole numbers below `limit`, one after the other. */
export type Dice = (limit: number) => number;

/** A small generator (mulberry32); what counts is that a seed can be replayed. */
export function diceOf(seed: number): Dice {
  let state = (seed * 0x9e3779b1) >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const pick = <T>(dice: Dice, from: readonly T[]): T => from[dice(from.length)] as T;

type Kind = "number" | "text" | "bool" | "list" | "object" | "any";
const kinds: readonly Kind[] = ["number", "text", "bool", "list", "object"];

/** An expression that mostly has the wanted kind of value, and now and then another. */
export function expressionOf(dice: Dice, depth = 4, wanted: Kind = "any"): string {
  const kind = wanted === "any" || dice(60) === 0 ? pick(dice, kinds) : wanted;
  if (depth <= 0) return leaf(dice, kind);
  const inner = (of: Kind): string => expressionOf(dice, depth - 1, of);
  switch (dice(8)) {
    case 0:
      return leaf(dice, kind);
    case 1:
      return `(${inner("bool")} ? ${inner(kind)} : ${inner(dice(30) === 0 ? "any" : kind)})`;
    case 2:
      return `[${inner(kind)}, ${inner("any")}][${dice(30) === 0 ? inner("number") : "0"}]`;
    case 3:
      return `{ a = ${inner(kind)}, b = ${inner("any")} }.${dice(30) === 0 ? "b" : "a"}`;
    case 4:
      return `try(${inner("any")}, ${inner(kind)})`;
    default:
      return grown(dice, kind, inner);
  }
}

function leaf(dice: Dice, kind: Kind): string {
  switch (kind) {
    case "number":
      return pick(dice, [
        "0",
        "1",
        "2",
        "3",
        "7",
        "10",
        "0.1",
        "0.5",
        "1.25",
        "-1",
        "-2.5",
        "1e3",
        "100000000000000000000",
      ]);
    case "text":
      return pick(dice, ['""', '"a"', '"b"', '"1"', '"true"', '"Zz"', '"é"', '"a,b"', '"x y"', '"10"']);
    case "bool":
      return pick(dice, ["true", "false"]);
    case "list":
      return pick(dice, ["[]", "[1]", "[1, 2]", '["a", "b"]', '[1, "a"]', "[true]", '["b", "a", "b"]', "[[1], []]"]);
    default:
      return pick(dice, [
        "{}",
        "{ a = 1 }",
        '{ a = 1, b = "x" }',
        "{ b = true }",
        "{ a = [1] }",
        '{ z = "q", a = null }',
      ]);
  }
}

const lists = ["tolist", "toset", "reverse", "distinct", "flatten", "sort", "compact", "keys", "values"];

function grown(dice: Dice, kind: Kind, inner: (of: Kind) => string): string {
  switch (kind) {
    case "number":
      return pick(dice, [
        () => `(${inner("number")} ${pick(dice, ["+", "-", "*"])} ${inner("number")})`,
        () => `(${inner("number")} ${pick(dice, ["/", "%"])} ${pick(dice, ["2", "3", "0.7", "-8"])})`,
        () => `${pick(dice, ["abs", "ceil", "floor", "tonumber"])}(${inner("number")})`,
        () => `${pick(dice, ["max", "min"])}(${inner("number")}, ${inner("number")})`,
        () => `length(${inner(pick(dice, ["text", "list", "object"]))})`,
        () => `sum([${inner("number")}, ${inner("number")}])`,
      ])();
    case "text":
      return pick(dice, [
        () => `"x\${${inner("any")}}y"`,
        () => `"%{ if ${inner("bool")} }\${${inner("text")}}%{ else }n%{ endif }"`,
        () =>
          `${pick(dice, ["upper", "lower", "title", "strrev", "trimspace", "tostring", "md5", "urlencode"])}(${inner("text")})`,
        () => `join(${inner("text")}, ${inner("list")})`,
        () => `${pick(dice, ["jsonencode", "yamlencode"])}(${inner("any")})`,
        () => `format("%s|%v|%q", ${inner("text")}, ${inner("number")}, ${inner("text")})`,
        () => `replace(${inner("text")}, ${inner("text")}, ${inner("text")})`,
        () => `substr(${inner("text")}, ${dice(3)}, ${dice(4) - 1})`,
      ])();
    case "bool":
      return pick(dice, [
        () => `(${inner("any")} ${pick(dice, ["==", "!="])} ${inner("any")})`,
        () => `(${inner("number")} ${pick(dice, ["<", ">", "<=", ">="])} ${inner("number")})`,
        () => `(${inner("bool")} ${pick(dice, ["&&", "||"])} ${inner("bool")})`,
        () => `!${inner("bool")}`,
        () => `can(${inner("any")})`,
        () => `contains(${inner("list")}, ${inner("any")})`,
        () => `${pick(dice, ["alltrue", "anytrue"])}(${inner("list")})`,
      ])();
    case "list":
      return pick(dice, [
        () => `[for i, x in ${inner(pick(dice, ["list", "object"]))} : ${pick(dice, ["x", "i", "[i, x]", '"${i}"'])}]`,
        () => `[for x in ${inner("list")} : x if ${inner("bool")}]`,
        () => `${pick(dice, lists)}(${inner(pick(dice, ["list", "object"]))})`,
        () => `concat(${inner("list")}, ${inner("list")})`,
        () => `${inner(pick(dice, ["list", "object"]))}[*]`,
        () => `[${inner("any")}, ${inner("any")}]`,
        () => `split(",", ${inner("text")})`,
        () => `setunion(${inner("list")}, ${inner("list")})`,
        () => `slice(${inner("list")}, 0, 1)`,
      ])();
    default:
      return pick(dice, [
        () => `{ for k, v in ${inner("object")} : ${pick(dice, ["k", "upper(k)", '"${k}x"'])} => v }`,
        () => `{ for x in ${inner("list")} : "k\${x}" => x... }`,
        () => `merge(${inner("object")}, ${inner("object")})`,
        () => `tomap(${inner("object")})`,
        () => `{ a = ${inner("any")}, (${inner("text")}) = ${inner("any")} }`,
        () => `zipmap(["p", "q"], ${inner("list")})`,
        () => `jsondecode(jsonencode(${inner("object")}))`,
      ])();
  }
}
