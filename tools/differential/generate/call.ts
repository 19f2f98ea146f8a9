/** Calls of modules, each with a folder of its own. */
import { block, type Member } from "./member.ts";
import { indexed, keysOf, keySuffix, keyTemplate, referencesTo, repetition, type Repetition } from "./repetition.ts";
import { Scope } from "./scope.ts";
import { type Variable, variable } from "./variables.ts";

export interface Call extends Member {
  readonly name: string;
  readonly scope: Scope;
  readonly repetition: Repetition | undefined;
  again(): Call;
  /** The same under another name. */
  readdressed(): Call;
}

export function call(parent: Scope): Call {
  const { random } = parent.context;
  const name = parent.context.fresh("m");
  const repeated = repetition(random, 0.5);
  const scope = new Scope(
    parent.context,
    `${parent.folder === "" ? "" : `${parent.folder}/`}${name}`,
    parent.depth + 1,
  );
  const inputs = Array.from({ length: random.below(3) }, () => input(parent, scope, `module.${name}`));
  scope.fill(inputs.map((one) => one.variable));
  return write(parent, { label: name, name, scope, repetition: repeated, inputs });
}

interface Input {
  readonly variable: Variable;
  readonly source: string | undefined;
  readonly uses: ReadonlySet<string>;
}

function input(parent: Scope, scope: Scope, address: string): Input {
  const { random } = parent.context;
  const secret = random.chance(0.15);
  const made = variable(scope, { sensitive: secret });
  return given(parent, made, secret, address);
}

/** Only what may be sensitive is fed with what is. */
function given(parent: Scope, made: Variable, secret: boolean, address: string): Input {
  if (made.hasDefault && parent.context.random.chance(0.3))
    return { variable: made, source: undefined, uses: new Set() };
  if (parent.context.random.chance(0.03)) return { variable: made, source: "null", uses: new Set() };
  const { source, uses } = parent.expressionsBefore(address, (one) => secret || !one.sensitive).of(made.kind, 2);
  return { variable: made, source, uses };
}

interface Given {
  /** What the names of its objects begin with; stays when the call is renamed. */
  readonly label: string;
  readonly name: string;
  readonly scope: Scope;
  readonly repetition: Repetition | undefined;
  readonly inputs: readonly Input[];
}

function write(parent: Scope, { label, name, scope, repetition: repeated, inputs }: Given): Call {
  const { random } = parent.context;
  const address = `module.${name}`;
  const keys = keysOf(repeated);
  scope.place(
    parent.prefixes.flatMap((prefix) => keys.map((key) => `${prefix}${label}${keySuffix(key)}-`)),
    parent.addresses.flatMap((above) => keys.map((key) => `${above}${indexed(address, key)}.`)),
  );
  const waits = random.chance(0.08) ? parent.anyBefore(address) : undefined;
  const above = parent.folder === "" ? "" : "${var.prefix}";
  const alias = random.chance(0.15) ? parent.alias : undefined;
  const args = {
    source: JSON.stringify(`./${name}`),
    ...(repeated ? { [repeated.kind]: repeated.source } : {}),
    ...(alias ? { providers: `{ fake = ${alias} }` } : {}),
    prefix: `"${above}${label}${keyTemplate(repeated)}-"`,
    ...Object.fromEntries(inputs.flatMap((one) => (one.source ? [[one.variable.name, one.source]] : []))),
    ...(waits ? { depends_on: `[${waits}]` } : {}),
  };
  const attributes = Object.fromEntries(
    scope.outputs.map(({ name: attribute, kind, sensitive }) => [attribute, { kind, sensitive }]),
  );
  const references = referencesTo(address, attributes, repeated);
  return {
    address,
    name,
    scope,
    repetition: repeated,
    blocks: [block("module", [name], args)],
    uses: new Set([...inputs.flatMap((one) => [...one.uses]), ...(waits ? [waits] : [])]),
    references,
    readdressed() {
      const fresh = parent.context.fresh("m");
      scope.relocate(`${parent.folder === "" ? "" : `${parent.folder}/`}${fresh}`);
      return write(parent, { label, name: fresh, scope, repetition: repeated, inputs });
    },
    again() {
      scope.change();
      const anew = inputs.map((one) =>
        random.chance(0.4) || [...one.uses].some((use) => !parent.has(use))
          ? given(
              parent,
              one.variable,
              one.variable.references.some((each) => each.sensitive),
              address,
            )
          : one,
      );
      return write(parent, {
        label,
        name,
        scope,
        repetition: random.chance(0.8) ? repeated : repetition(random, 0.5),
        inputs: anew,
      });
    },
  };
}
