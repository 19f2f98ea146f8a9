/** Cases by seed: a configuration, and how it, the world and the vendor's mood change step by step. */
import { type Block, type ConfigurationModel, filesOf } from "./configuration.ts";
import type { Case, Drift, Step } from "./case.ts";
import { Expressions, type Kind, quote, type Reference } from "./expressions.ts";
import { Random } from "./random.ts";
import { resourceKinds, type ResourceKind } from "./resources.ts";

export function generate(seed: number): Case {
  const generator = new Generator(new Random(seed));
  return { name: `seed ${seed}`, steps: generator.steps() };
}

interface Repetition {
  readonly source: string;
  readonly kind: "count" | "for_each";
  readonly keys: readonly string[];
}

interface Resource {
  readonly type: ResourceKind;
  readonly name: string;
  readonly repetition?: Repetition;
  readonly block: Block;
  readonly uses: ReadonlySet<string>;
  readonly references: readonly Reference[];
}

interface Named {
  readonly name: string;
  readonly block: Block;
  readonly uses: ReadonlySet<string>;
  readonly reference?: Reference;
}

const kinds: readonly Kind[] = ["string", "number", "bool", "strings", "map", "numbers", "flags", "point"];
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

class Generator {
  readonly #random: Random;
  #variables: Named[] = [];
  #locals: Named[] = [];
  #resources: Resource[] = [];
  #data: Named[] = [];
  #outputs: Named[] = [];
  #next = 0;
  readonly #json: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#json = random.chance(0.5);
  }

  steps(): Step[] {
    const random = this.#random;
    this.#variables = Array.from({ length: random.below(4) }, () => this.#variable());
    this.#locals = Array.from({ length: random.below(4) }, () => this.#local());
    for (let n = 1 + random.below(4); n > 0; n--) this.#resources.push(this.#resource());
    if (random.chance(0.4)) this.#data.push(this.#datum());
    this.#outputs = Array.from({ length: random.below(4) }, () => this.#output());
    const steps: Step[] = [this.#step()];
    for (let n = 1 + random.below(2); n > 0; n--) {
      this.#change();
      steps.push(this.#step(true));
    }
    if (random.chance(0.25)) steps.push({ ...this.#step(), mode: "destroy" });
    return steps;
  }

  #step(later = false): Step {
    const random = this.#random;
    const model: ConfigurationModel = {
      blocks: [
        ...this.#variables.map(({ block }) => block),
        ...(this.#locals.length > 0
          ? [
              {
                type: "locals",
                labels: [],
                arguments: Object.assign({}, ...this.#locals.map((one) => one.block.arguments)),
              },
            ]
          : []),
        ...this.#resources.map(({ block }) => block),
        ...this.#data.map(({ block }) => block),
        ...this.#outputs.map(({ block }) => block),
      ],
    };
    const drift = later && random.chance(0.3) ? this.#drift() : undefined;
    const failing = random.chance(0.12) ? this.#failing() : undefined;
    const mode = later && random.chance(0.06) ? "refresh-only" : undefined;
    const files = filesOf(model, this.#json);
    // Of a replacement that is made first, terraform leaves the old object when only what depends on it is targeted.
    const plain = !Object.values(files).some((text) => text.includes("create_before_destroy"));
    const target =
      later && plain && mode === undefined && random.chance(0.08) ? random.pick(this.#resources) : undefined;
    return {
      files,
      ...(drift ? { drift } : {}),
      ...(failing ? { failing } : {}),
      ...(mode ? { mode } : {}),
      ...(target ? { targets: [`${target.type.type}.${target.name}`] } : {}),
      ...(later && !mode && random.chance(0.06) ? { refresh: false } : {}),
    };
  }

  #fresh(prefix: string): string {
    return `${prefix}${this.#next++}`;
  }

  /** What later expressions may refer to; `before` leaves out what comes later. */
  #references(): Reference[] {
    return [
      ...[...this.#variables, ...this.#locals, ...this.#data].flatMap(({ reference }) =>
        reference ? [reference] : [],
      ),
      ...this.#resources.flatMap(({ references }) => references),
    ];
  }

  #expressions(references = this.#references()): Expressions {
    return new Expressions(this.#random, references);
  }

  #variable(): Named {
    const random = this.#random;
    const name = this.#fresh("v");
    const kind = random.pick(kinds);
    const sensitive = random.chance(0.2);
    const given = this.#expressions([]).literal(kind);
    const block: Block = {
      type: "variable",
      labels: [name],
      arguments: {
        ...(random.chance(0.8) ? { type: `type:${constraints[kind]}` } : {}),
        default: given,
        ...(sensitive ? { sensitive: "true" } : {}),
        ...(random.chance(0.2) ? { description: quote("what it is for") } : {}),
      },
      ...(random.chance(0.15) && kind === "string"
        ? {
            blocks: [
              {
                type: "validation",
                labels: [],
                arguments: { condition: `length(var.${name}) < 40`, error_message: quote("It is too long.") },
              },
            ],
          }
        : {}),
    };
    return { name, block, uses: new Set(), reference: { source: `var.${name}`, kind, sensitive, of: `var.${name}` } };
  }

  #local(): Named {
    const name = this.#fresh("l");
    const kind = this.#random.pick(kinds);
    const before = [...this.#variables, ...this.#locals].flatMap(({ reference }) => (reference ? [reference] : []));
    const { source, sensitive, uses } = this.#expressions(before).of(kind, 3);
    return {
      name,
      block: { type: "locals", labels: [], arguments: { [name]: source } },
      uses,
      reference: { source: `local.${name}`, kind, sensitive, of: `local.${name}` },
    };
  }

  #resource(like?: Resource): Resource {
    const random = this.#random;
    const type = like?.type ?? random.pick(resourceKinds);
    const name = like?.name ?? this.#fresh("r");
    const other = this.#repetition();
    // Between one object and a count of them lies a move.
    const keep = like && (random.chance(0.7) || (like.repetition === undefined) !== (other === undefined));
    const repetition = keep ? like.repetition : other;
    const index = this.#resources.findIndex((one) => one.name === name);
    const others = index < 0 ? this.#resources : this.#resources.slice(0, index);
    const base = [
      ...[...this.#variables, ...this.#locals].flatMap(({ reference }) => (reference ? [reference] : [])),
      ...others.flatMap(({ references }) => references),
    ];
    const expressions = this.#expressions(base);
    const uses = new Set<string>();
    const make = (kind: Kind): string => {
      const made = expressions.of(kind);
      made.uses.forEach((one) => uses.add(one));
      return made.source;
    };
    const own =
      repetition === undefined
        ? quote(name)
        : repetition.kind === "count"
          ? `"${name}-\${count.index}"`
          : `"${name}-\${each.key}"`;
    const body = type.body(make, expressions, random);
    const dependsOn = others.length > 0 && random.chance(0.15) ? random.pick(others) : undefined;
    if (dependsOn) uses.add(`${dependsOn.type.type}.${dependsOn.name}`);
    const lifecycle: Record<string, string> = {};
    if (random.chance(0.12)) lifecycle["create_before_destroy"] = "true";
    if (random.chance(0.1)) lifecycle["ignore_changes"] = `[${random.pick(type.ignorable)}]`;
    if (random.chance(0.03)) lifecycle["prevent_destroy"] = "true";
    const block: Block = {
      type: "resource",
      labels: [type.type, name],
      arguments: {
        ...(repetition ? { [repetition.kind]: repetition.source } : {}),
        name: own,
        ...body.arguments,
        ...(dependsOn ? { depends_on: `[${dependsOn.type.type}.${dependsOn.name}]` } : {}),
      },
      blocks: [
        ...(body.blocks ?? []),
        ...(Object.keys(lifecycle).length > 0 ? [{ type: "lifecycle", labels: [], arguments: lifecycle }] : []),
      ],
    };
    return {
      type,
      name,
      block,
      uses,
      references: referencesTo(type, name, repetition),
      ...(repetition ? { repetition } : {}),
    };
  }

  #repetition(): Repetition | undefined {
    const random = this.#random;
    if (random.chance(0.6)) return undefined;
    const n = 1 + random.below(3);
    if (random.chance(0.5)) {
      const list = Array.from({ length: n }, (_, i) => String(i));
      return { kind: "count", source: random.chance(0.8) ? String(n) : `length(range(${n}))`, keys: list };
    }
    const keys = random.some(["a", "b", "c", "d"], 0.6);
    if (keys.length === 0) keys.push("a");
    const set = `toset([${keys.map(quote).join(", ")}])`;
    const map = `{ ${keys.map((key) => `${key} = "value of ${key}"`).join(", ")} }`;
    return { kind: "for_each", source: random.chance(0.5) ? set : map, keys: keys.map(quote) };
  }

  #datum(): Named {
    const random = this.#random;
    const name = this.#fresh("d");
    const beforehand = this.#resources.flatMap(({ references }) => references);
    const { source, uses } = this.#expressions(beforehand).of("map", 1);
    const block: Block = { type: "data", labels: ["fake_echo", name], arguments: { input: source } };
    const reference: Reference = random.chance(0.3)
      ? { source: `data.fake_echo.${name}.token`, kind: "string", sensitive: true, of: `data.fake_echo.${name}` }
      : { source: `data.fake_echo.${name}.joined`, kind: "string", sensitive: false, of: `data.fake_echo.${name}` };
    return { name, block, uses, reference };
  }

  #output(like?: Named): Named {
    const name = like?.name ?? this.#fresh("o");
    const { source, sensitive, uses } = this.#expressions().of(this.#random.pick(kinds), 3);
    const secret = sensitive || this.#random.chance(0.1);
    const block: Block = {
      type: "output",
      labels: [name],
      arguments: { value: source, ...(secret ? { sensitive: "true" } : {}) },
    };
    return { name, block, uses };
  }

  /** Some blocks are written anew, some go, some come; what referred to what went is written anew. */
  #change(): void {
    const random = this.#random;
    const gone = new Set<string>();
    this.#resources = this.#resources.filter(({ type, name }) => {
      const goes = this.#resources.length - gone.size > 1 && random.chance(0.15);
      if (goes) gone.add(`${type.type}.${name}`);
      return !goes;
    });
    for (const [i, old] of this.#resources.entries()) {
      const lost = [...old.uses].some((one) => gone.has(one));
      if (!lost && !random.chance(0.35)) continue;
      const next = this.#resource(old);
      // References with keys that are no longer there would be errors.
      if (JSON.stringify(next.repetition) !== JSON.stringify(old.repetition)) gone.add(`${old.type.type}.${old.name}`);
      this.#resources[i] = next;
    }
    const dropped = this.#data.filter(({ uses }) => [...uses].some((one) => gone.has(one)));
    for (const one of dropped) gone.add(one.reference?.of ?? "");
    this.#data = this.#data.filter((one) => !dropped.includes(one));
    if (random.chance(0.3)) this.#resources.push(this.#resource());
    this.#outputs = this.#outputs.map((one) =>
      random.chance(0.3) || [...one.uses].some((use) => gone.has(use)) ? this.#output(one) : one,
    );
    if (random.chance(0.15)) this.#outputs = this.#outputs.slice(1);
  }

  #instanceNames(): { name: string; resource: Resource }[] {
    return this.#resources.flatMap((resource) =>
      (resource.repetition?.keys ?? [""]).map((key) => ({
        name: key === "" ? resource.name : `${resource.name}-${key.replaceAll('"', "")}`,
        resource,
      })),
    );
  }

  #drift(): Drift[] {
    if (this.#resources.length === 0) return [];
    const { name, resource } = this.#random.pick(this.#instanceNames());
    return [this.#random.chance(0.4) ? { name } : { name, change: this.#random.pick(resource.type.drifts) }];
  }

  #failing(): string[] {
    const verb = this.#random.pick(["create", "create", "update", "delete", "read"]);
    return [`${verb} ${this.#random.pick(this.#instanceNames()).name}`];
  }
}

function referencesTo(type: ResourceKind, name: string, repetition: Repetition | undefined): Reference[] {
  const of = `${type.type}.${name}`;
  const found: Reference[] = [];
  for (const [attribute, { kind, sensitive }] of Object.entries(type.attributes)) {
    const refer = (source: string, kind: Kind): void => void found.push({ source, kind, sensitive, of });
    if (repetition === undefined) refer(`${of}.${attribute}`, kind);
    else {
      refer(`${of}[${repetition.keys[0] as string}].${attribute}`, kind);
      if (kind === "string" && repetition.kind === "count") refer(`${of}[*].${attribute}`, "strings");
      if (kind === "string" && repetition.kind === "for_each") {
        refer(`values(${of})[*].${attribute}`, "strings");
        refer(`{ for k, one in ${of} : k => one.${attribute} }`, "map");
      }
    }
  }
  if (repetition) found.push({ source: `length(${of})`, kind: "number", sensitive: false, of });
  return found;
}
