import { type Diagnostic, diagnosticsOf } from "@doge/core";
import { evaluateBody } from "../config/body.ts";
import { constrain, typeOfConstraint } from "../config/constraints.ts";
import { locating } from "../config/locate.ts";
import type { Expression, ModuleCall, ResourceBlock, Rule, VariableBlock } from "../config/model.ts";
import { typeOfBlock } from "../config/schema-types.ts";
import { expand } from "../graph/expand.ts";
import { folderOf, inModule, type PreparedModule } from "../graph/modules.ts";
import type { Prepared, PreparedResource } from "../graph/prepare.ts";
import { attributeOf } from "../lang/access.ts";
import { keyOf, type Reference } from "../lang/ast.ts";
import { convert } from "../lang/convert.ts";
import { evaluate, type Scope } from "../lang/evaluate.ts";
import type { FunctionHost } from "../lang/functions/host.ts";
import * as v from "../lang/values.ts";
import type { Value } from "../lang/values.ts";

/**
 * What is wrong whatever the values will be: every expression is tried once, with variables, resources and data sources
 * unknown. So all of it is told at once, and before any vendor is asked. What `known` has of a place is not told again.
 */
export function validateValues(
  prepared: Prepared,
  host: FunctionHost,
  known: readonly Diagnostic[] = [],
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const trials = new Map(
    [...prepared.modules].map(([path, module]) => [path, new Trial(module, prepared, host, diagnostics)]),
  );
  const trialOf = (path: string): Trial => trials.get(path) as Trial;
  for (const module of prepared.modules.values()) {
    trialOf(module.path).module();
    if (module.call && module.parent) trialOf(module.parent.path).call(module.call, module);
  }
  for (const { key, body, module } of prepared.providers.values())
    if (body) trialOf(module).attempt(() => evaluateBody(body, trialOf(module).scope(), `provider.${key}`));
  for (const resource of prepared.resources.values()) trialOf(resource.module.path).resource(resource);
  const told = new Set(known.map(placeAndCode));
  return diagnostics.filter((one) => !told.has(placeAndCode(one)));
}

const placeAndCode = ({ code, range }: Diagnostic): string =>
  `${code} ${range?.file}:${range?.start.line}:${range?.start.column}`;

type Repeated = Pick<ResourceBlock | ModuleCall, "count" | "forEach">;

/** One module, with nothing known of what comes from outside. */
class Trial {
  readonly #module: PreparedModule;
  readonly #prepared: Prepared;
  readonly #host: FunctionHost;
  readonly #diagnostics: Diagnostic[];
  readonly #locals = new Map<string, Value>();

  constructor(module: PreparedModule, prepared: Prepared, host: FunctionHost, diagnostics: Diagnostic[]) {
    this.#module = module;
    this.#prepared = prepared;
    this.#host = host;
    this.#diagnostics = diagnostics;
  }

  /** Locals, outputs, validations, checks. */
  module(): void {
    const { configuration } = this.#module;
    for (const name of configuration.locals.keys()) this.#local(name);
    for (const { name, validations } of configuration.variables.values()) this.#rules(validations, `var.${name}`);
    for (const { name, value, preconditions } of configuration.outputs.values()) {
      this.#value(value, `output.${name}`);
      this.#rules(preconditions, `output.${name}`);
    }
    for (const { name, rules } of configuration.checks.values()) this.#rules(rules, `check.${name}`);
  }

  /** What this module gives to one that it calls. */
  call(call: ModuleCall, child: PreparedModule): void {
    const address = `module.${call.name}`;
    this.#repetition(call, address);
    for (const [name, input] of call.inputs) {
      const variable = child.configuration.variables.get(name);
      if (variable === undefined) continue;
      this.#value(input, address, { accept: (value) => constrain(value, variable.constraint, `variable "${name}"`) });
    }
  }

  resource({ block, body, schema, address }: PreparedResource): void {
    const { preconditions, postconditions } = block;
    this.#repetition(block, block.address);
    this.attempt(() => evaluateBody(body, this.scope(), address));
    this.#rules(preconditions, block.address);
    this.#rules(postconditions, block.address, v.unknownOf(typeOfBlock(schema)));
  }

  /** `self`: what a postcondition may refer to. */
  scope(self?: Value): Scope {
    return { value: (reference) => this.#reference(reference, self), host: this.#host };
  }

  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (thrown) {
      this.#diagnostics.push(...diagnosticsOf(thrown));
      return undefined;
    }
  }

  /** `accept`: what the value must be fit for. */
  #value(
    expression: Expression,
    address: string,
    { self, accept = (value) => value }: { readonly self?: Value; readonly accept?: (value: Value) => Value } = {},
  ): Value | undefined {
    const at = inModule(this.#module.path, address);
    return this.attempt(() =>
      locating(expression.place, at, () => accept(evaluate(expression.node, this.scope(self)))),
    );
  }

  /** Counts and collections that are known must be such. */
  #repetition(block: Repeated, address: string): void {
    for (const expression of [block.count, block.forEach]) {
      const value = expression && this.#value(expression, address);
      if (value && v.isWhollyKnown(value))
        this.attempt(() => expand(block, inModule(this.#module.path, address), () => value));
    }
  }

  #rules(rules: readonly Rule[], address: string, self?: Value): void {
    const of = self ? { self } : {};
    for (const { condition, message } of rules) {
      this.#value(condition, address, { ...of, accept: (value) => convert(value, "bool", "condition") });
      this.#value(message, address, of);
    }
  }

  /** Evaluated where one asks first. */
  #local(name: string): Value {
    const known = this.#locals.get(name);
    if (known) return known;
    // One that depends on itself was reported before.
    this.#locals.set(name, v.unknownOf());
    const expression = this.#module.configuration.locals.get(name);
    const value = (expression && this.#value(expression, `local.${name}`)) ?? v.unknownOf();
    this.#locals.set(name, value);
    return value;
  }

  #reference(reference: Reference, self: Value | undefined): Value {
    const [name = ""] = reference.names;
    const { configuration } = this.#module;
    switch (reference.root) {
      case "var":
        return unknownVariable(configuration.variables.get(name));
      case "local":
        return this.#local(name);
      case "each":
        return name === "key" ? v.someOf("string") : v.unknownOf();
      case "count":
        return v.someOf("number");
      case "self":
        return self ? attributeOf(self, name) : v.unknownOf();
      case "path":
        return v.string(name === "module" ? folderOf(this.#module) : ".");
      case "terraform":
        return v.someOf("string");
      case "module":
        return this.#outputs(name);
      default:
        return this.#resource(reference);
    }
  }

  #outputs(name: string): Value {
    const { calls, children } = this.#module.configuration;
    const [call, child] = [calls.get(name), children.get(name)];
    if (child === undefined || (call?.count ?? call?.forEach)) return v.unknownOf();
    return v.object([...child.outputs.keys()].map((output) => [output, v.unknownOf()] as const));
  }

  #resource(reference: Reference): Value {
    const found = this.#prepared.resources.get(inModule(this.#module.path, keyOf(reference)));
    if (found === undefined || (found.block.count ?? found.block.forEach)) return v.unknownOf();
    return v.unknownOf(typeOfBlock(found.schema));
  }
}

function unknownVariable(variable: VariableBlock | undefined): Value {
  if (variable === undefined) return v.unknownOf();
  const value = v.markIf(v.unknownOf(typeOfConstraint(variable.constraint)), variable.sensitive);
  return variable.ephemeral ? v.markEphemeral(value) : value;
}
