/** Random expressions of a wanted type, as HCL source. */
import type { Random } from "../random.ts";

export type Kind = "string" | "number" | "bool" | "strings" | "map" | "numbers" | "flags" | "point";

/** Something that an expression may refer to. */
export interface Reference {
  readonly source: string;
  readonly kind: Kind;
  readonly sensitive: boolean;
  /** The address of the resource behind it, `var.x` or `local.x`. */
  readonly of: string;
}

export interface Expression {
  readonly source: string;
  readonly sensitive: boolean;
  readonly uses: ReadonlySet<string>;
}

const words = ["alpha", "beta", "Gamma", "delta x", "ünï", "e-1", "", "0"];
const keys = ["a", "b", "c"];
export const quote = (text: string): string => JSON.stringify(text).replaceAll("${", "$${");

export class Expressions {
  readonly #random: Random;
  readonly #references: readonly Reference[];
  #sensitive = false;
  #uses = new Set<string>();

  constructor(random: Random, references: readonly Reference[]) {
    this.#random = random;
    this.#references = references;
  }

  of(kind: Kind, depth = 2): Expression {
    this.#sensitive = false;
    this.#uses = new Set();
    const source = this.#any(kind, depth);
    return { source, sensitive: this.#sensitive, uses: this.#uses };
  }

  /** Not empty, not zero: for what must have a value of its own. */
  literal(kind: Kind): string {
    const { below, pick, chance, some } = bound(this.#random);
    switch (kind) {
      case "string":
        return quote(pick(words.slice(0, 6)));
      case "number":
        return pick(["1", "2", "7", "80", "2.5", "1000000"]);
      case "bool":
        return chance(0.5) ? "true" : "false";
      case "strings":
        return `[${Array.from({ length: 1 + below(3) }, () => this.literal("string")).join(", ")}]`;
      case "numbers":
        return `[${Array.from({ length: 1 + below(3) }, () => this.literal("number")).join(", ")}]`;
      case "map":
        return `{ ${["z", ...some(keys)].map((key) => `${key} = ${this.literal("string")}`).join(", ")} }`;
      case "flags":
        return `{ ${["z", ...some(keys)].map((key) => `${key} = ${this.literal("bool")}`).join(", ")} }`;
      case "point":
        return `{ x = ${this.literal("number")}, y = ${this.literal("number")} }`;
    }
  }

  #any(kind: Kind, depth: number): string {
    const fitting = this.#references.filter((one) => one.kind === kind);
    if (fitting.length > 0 && this.#random.chance(0.45)) return this.#refer(this.#random.pick(fitting));
    if (depth <= 0 || this.#random.chance(0.3)) return this.literal(kind);
    const deeper = (inner: Kind): string => this.#any(inner, depth - 1);
    if (this.#random.chance(0.12)) return `(${deeper("bool")} ? ${deeper(kind)} : ${deeper(kind)})`;
    if (this.#random.chance(0.05)) return `try(${deeper(kind)}, ${this.literal(kind)})`;
    if (this.#random.chance(0.03)) {
      this.#sensitive = true;
      return `sensitive(${deeper(kind)})`;
    }
    return this.#random.pick(makers[kind])(deeper, this.#random);
  }

  #refer(reference: Reference): string {
    this.#uses.add(reference.of);
    this.#sensitive ||= reference.sensitive;
    return reference.source;
  }
}

const bound = (random: Random) => ({
  below: random.below.bind(random),
  pick: random.pick.bind(random),
  chance: random.chance.bind(random),
  some: random.some.bind(random),
});

type Maker = (deeper: (kind: Kind) => string, random: Random) => string;

const makers: Readonly<Record<Kind, readonly Maker[]>> = {
  string: [
    (e) => `"pre-\${${e("string")}}-post"`,
    (e) => `"\${${e("number")}}\${${e("string")}}"`,
    (e) => `"%{ if ${e("bool")} }yes \${${e("string")}}%{ else }no%{ endif }"`,
    (e) => `"%{ for s in ${e("strings")} }\${s};%{ endfor }"`,
    (e) => `upper(${e("string")})`,
    (e) => `replace(${e("string")}, "a", "o")`,
    (e) => `format("%s/%03d", ${e("string")}, length(${e("strings")}))`,
    (e) => `join("-", ${e("strings")})`,
    (e) => `lookup(${e("map")}, "a", ${e("string")})`,
    (e) => `coalesce(${e("string")}, "fallback")`,
    (e) => `jsonencode(${e("map")})`,
    (e) => `sha1(${e("string")})`,
    (e) => `substr(${e("string")}, 0, 3)`,
    (e) => `tostring(${e("number")})`,
    (e) => `"%{ for i, s in ${e("strings")} ~} \${i}=\${s} %{ endfor ~} end"`,
    (e) => `"%{ if ${e("bool")} ~}  yes%{ endif }"`,
    (e) => `element(${e("strings")}, ${e("number")})`,
    (e) => `{ y = ${e("string")} }["y"]`,
    (e) => `nonsensitive(sensitive(${e("string")}))`,
    () => "terraform.workspace",
    () => "path.module",
  ],
  number: [
    (e) => `length(${e("strings")})`,
    (e) => `(${e("number")} + ${e("number")})`,
    (e) => `(${e("number")} * 2 - 1)`,
    (e) => `max(${e("number")}, 3)`,
    (e) => `ceil(${e("number")} / 3)`,
    (e) => `length(${e("map")})`,
    (e) => `sum(${e("numbers")})`,
    (e) => `(${e("number")} % 7)`,
    (e) => `-(${e("number")})`,
    (e) => `(${e("number")} / 4)`,
    (e) => `index(concat(${e("strings")}, ["end"]), "end")`,
    (e) => `${e("point")}.x`,
  ],
  bool: [
    (e) => `(${e("string")} == ${e("string")})`,
    (e) => `(${e("number")} > 3)`,
    (e) => `contains(${e("strings")}, "alpha")`,
    (e) => `!${e("bool")}`,
    (e) => `(${e("bool")} && ${e("bool")})`,
    (e) => `can(${e("map")}["b"])`,
    (e) => `(${e("strings")} != ${e("strings")})`,
    (e) => `(${e("number")} <= ${e("number")})`,
    (e) => `(${e("number")} < 2 || ${e("number")} >= 7)`,
    (e) => `anytrue(values(${e("flags")}))`,
  ],
  strings: [
    (e) => `[for s in ${e("strings")} : upper(s)]`,
    (e) => `[for k, v in ${e("map")} : "\${k}:\${v}" if v != "alpha"]`,
    (e) => `concat(${e("strings")}, ${e("strings")})`,
    (e) => `sort(distinct(${e("strings")}))`,
    (e) => `keys(${e("map")})`,
    (e) => `values(${e("map")})`,
    (e) => `split(",", "x,\${${e("string")}}")`,
    (e) => `compact([${e("string")}, ${e("string")}])`,
    (e) => `slice(concat(["p", "q"], ${e("strings")}), 1, 2)`,
    (e) => `[for one in [{ s = ${e("string")} }, { s = ${e("string")} }] : one][*].s`,
    (e) => `flatten([${e("strings")}, [${e("string")}]])`,
    (e) => `tolist(toset(${e("strings")}))`,
    (e) => `[for i, s in ${e("strings")} : s if i % 2 == 0]`,
  ],
  numbers: [(e) => `[for n in ${e("numbers")} : n * 2]`, (e) => `[${e("number")}, ${e("number")}]`, () => "range(3)"],
  map: [
    (e) => `merge(${e("map")}, { m = ${e("string")} })`,
    (e) => `{ for k, v in ${e("map")} : k => upper(v) }`,
    (e) => `{ for i, s in ${e("strings")} : "k\${i}" => s }`,
    (e) => `zipmap(["p", "q"], [${e("string")}, ${e("string")}])`,
    (e) => `tomap({ one = ${e("string")} })`,
    (e) => `{ for k, all in { for s in ${e("strings")} : substr(s, 0, 1) => s... } : k => join("+", all) }`,
    (e) => `{ (${e("string")}) = "dynamic key" }`,
  ],
  flags: [(e) => `{ on = ${e("bool")}, off = false }`, (e) => `{ for k, v in ${e("map")} : k => v == "beta" }`],
  point: [(e) => `{ x = ${e("number")}, y = ${e("number")} }`],
};
