/** Managed resources: bodies, repetition, lifecycle, conditions, and how they move. */
import type { Block } from "./configuration.ts";
import { type Kind, quote } from "./expressions.ts";
import { block, type Member } from "./member.ts";
import { indexed, keysOf, keySuffix, keyTemplate, referencesTo, repetition, type Repetition } from "./repetition.ts";
import { type ResourceKind, resourceKinds } from "./resources.ts";
import type { Scope } from "./scope.ts";
import { condition } from "./values.ts";

export interface Managed extends Member {
  readonly type: ResourceKind;
  /** What its objects are called at the vendor; stays when the block is renamed. */
  readonly label: string;
  readonly repetition: Repetition | undefined;
  again(): Managed;
  /** The same under another name. */
  renamed(): Managed;
}

export interface Wanted {
  readonly type?: ResourceKind;
  readonly repetition?: Repetition | undefined;
}

export function managed(scope: Scope, wanted: Wanted = {}): Managed {
  const { random } = scope.context;
  const label = scope.context.fresh("r");
  const type = wanted.type ?? random.pick(resourceKinds);
  return write(scope, {
    type,
    label,
    name: label,
    repetition: "repetition" in wanted ? wanted.repetition : repetition(random),
  });
}

interface Given {
  readonly type: ResourceKind;
  readonly label: string;
  readonly name: string;
  readonly repetition: Repetition | undefined;
}

function write(scope: Scope, given: Given): Managed {
  const { random } = scope.context;
  const { type, label, name, repetition: repeated } = given;
  const address = `${type.type}.${name}`;
  const uses = new Set<string>();
  const use = <T extends { readonly uses: ReadonlySet<string> }>(one: T): T => {
    one.uses.forEach((each) => uses.add(each));
    return one;
  };
  const expressions = scope.expressionsBefore(address);
  const make = (kind: Kind): string => use(expressions.of(kind)).source;
  const own = `${scope.folder === "" ? "" : "${var.prefix}"}${label}${keyTemplate(repeated)}`;
  const body = type.body(make, expressions, random);
  const waits = random.chance(0.12) ? scope.anyBefore(address) : undefined;
  if (waits) uses.add(waits);
  const provider = random.chance(0.1) ? scope.alias : undefined;
  const args = {
    ...(repeated ? { [repeated.kind]: repeated.source } : {}),
    ...(provider ? { provider } : {}),
    ...(type.named === false ? {} : { name: own === label ? quote(own) : `"${own}"` }),
    ...body.arguments,
    ...(waits ? { depends_on: `[${waits}]` } : {}),
  };
  const lifecycle = lifecycleOf(scope, address, type, use);
  return {
    type,
    label,
    repetition: repeated,
    address,
    blocks: [block("resource", [type.type, name], args, [...(body.blocks ?? []), ...lifecycle])],
    uses,
    references: referencesTo(address, type.attributes, repeated),
    again: () => write(scope, { ...given, repetition: random.chance(0.75) ? repeated : repetition(random) }),
    renamed: () => write(scope, { ...given, name: scope.context.fresh("r") }),
  };
}

function lifecycleOf(
  scope: Scope,
  address: string,
  type: ResourceKind,
  use: <T extends { readonly uses: ReadonlySet<string> }>(one: T) => T,
): Block[] {
  const { random } = scope.context;
  const args: Record<string, string> = {};
  if (random.chance(0.12)) args["create_before_destroy"] = "true";
  if (random.chance(0.1)) args["ignore_changes"] = random.chance(0.1) ? "all" : `[${random.pick(type.ignorable)}]`;
  if (random.chance(0.02)) args["prevent_destroy"] = "true";
  const trigger = random.chance(0.1) ? scope.anyResourceBefore(address) : undefined;
  if (trigger) {
    const [key = ""] = keysOf(trigger.repetition);
    const whole = random.chance(0.5);
    const part = whole || trigger.type.named === false ? "" : `.${Object.keys(trigger.type.attributes)[0] ?? ""}`;
    args["replace_triggered_by"] = `[${whole ? trigger.address : indexed(trigger.address, key)}${part}]`;
    use({ uses: new Set([trigger.address]) });
  }
  const rules = [
    ...(random.chance(0.08) ? [use(condition(scope, address, "precondition"))] : []),
    ...(random.chance(0.08) ? [use(condition(scope, address, "postcondition", "self.id != null"))] : []),
  ];
  return Object.keys(args).length + rules.length > 0
    ? [
        block(
          "lifecycle",
          [],
          args,
          rules.map((one) => one.block),
        ),
      ]
    : [];
}

/** The names of its objects, in every instance of the module. */
export const objectNames = (scope: Scope, { label, repetition: repeated }: Managed): string[] =>
  scope.prefixes.flatMap((prefix) => keysOf(repeated).map((key) => `${prefix}${label}${keySuffix(key)}`));
