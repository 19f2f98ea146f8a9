/** Data sources: what they are asked may be known only at apply, or wait for something else. */
import type { Kind, Reference } from "./expressions.ts";
import { block, type Member } from "./member.ts";
import { keyTemplate, referencesTo, repetition, type Repetition } from "./repetition.ts";
import type { Scope } from "./scope.ts";
import { condition } from "./values.ts";

interface DataKind {
  readonly type: string;
  readonly attributes: Readonly<Record<string, { readonly kind: Kind; readonly sensitive: boolean }>>;
  /** True of each of them, whatever it says. */
  readonly holds: string;
  /** The arguments, and what they refer to. */
  ask(
    scope: Scope,
    address: string,
    key: string,
  ): { readonly args: Record<string, string>; readonly uses: ReadonlySet<string> };
}

const open = (kind: Kind) => ({ kind, sensitive: false });

const echo: DataKind = {
  type: "fake_echo",
  attributes: { joined: open("string"), input: open("map"), token: { kind: "string", sensitive: true } },
  holds: "self.joined != null",
  ask(scope, address, key) {
    const { source, uses } = scope.expressionsBefore(address).of("map", 1);
    return { args: { input: key === "" ? source : `merge(${source}, { key = "${key}" })` }, uses };
  },
};

/** Looks for what nobody has, so that the order in which things are made makes no difference. */
const lookup: DataKind = {
  type: "fake_lookup",
  attributes: { found: open("bool"), ids: open("strings"), name: open("string") },
  holds: "self.found != null",
  ask(scope, address, key) {
    const { source, uses } = scope.expressionsBefore(address).of("string", 1);
    return { args: { name: `"no \${${source}}${key}"` }, uses };
  },
};

export function datum(scope: Scope): Member {
  const { random } = scope.context;
  const name = scope.context.fresh("d");
  const type = random.chance(0.6) ? echo : lookup;
  const address = `data.${type.type}.${name}`;
  const written = (repeated: Repetition | undefined): Member => {
    const { args, uses } = type.ask(scope, address, keyTemplate(repeated));
    const waits = random.chance(0.15) ? scope.anyBefore(address) : undefined;
    const rules = [
      ...(random.chance(0.06) ? [condition(scope, address, "precondition")] : []),
      ...(random.chance(0.1) ? [condition(scope, address, "postcondition", type.holds)] : []),
    ];
    const blocks = rules.map((one) => one.block);
    const all = {
      ...(repeated ? { [repeated.kind]: repeated.source } : {}),
      ...args,
      ...(waits ? { depends_on: `[${waits}]` } : {}),
    };
    return {
      address,
      blocks: [block("data", [type.type, name], all, blocks.length > 0 ? [block("lifecycle", [], {}, blocks)] : [])],
      uses: new Set([...uses, ...(waits ? [waits] : []), ...rules.flatMap((one) => [...one.uses])]),
      references: referencesTo(address, type.attributes, repeated),
      again: () => written(random.chance(0.8) ? repeated : repetition(random, 0.7)),
    };
  };
  return written(repetition(random, 0.75));
}

/** A state of somebody else, in a file. */
export interface Remote extends Member {
  readonly file: { readonly path: string; readonly content: string };
}

/** The outputs of another state (none of them sensitive: terraform forgets that, and we do not), which change from step to step. */
export function remote(scope: Scope): Remote {
  const { random } = scope.context;
  const name = scope.context.fresh("d");
  const address = `data.terraform_remote_state.${name}`;
  const refer = (output: string, kind: Kind): Reference => ({
    source: `${address}.outputs.${output}`,
    kind,
    sensitive: false,
    of: address,
  });
  const written = (): Remote => {
    const outputs = {
      s: { value: random.pick(["one", "two"]), type: "string" },
      l: { value: random.some(["a", "b", "c"]), type: ["list", "string"] },
    };
    const state = { version: 4, terraform_version: "1.11.4", serial: 1, lineage: "other", outputs, resources: [] };
    const path = `${name}.tfstate`;
    return {
      address,
      blocks: [block("data", ["terraform_remote_state", name], { backend: '"local"', config: `{ path = "${path}" }` })],
      uses: new Set(),
      references: [refer("s", "string"), refer("l", "strings")],
      file: { path, content: JSON.stringify(state) },
      again: written,
    };
  };
  return written();
}
