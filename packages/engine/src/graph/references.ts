import { type Diagnostic, error, nearest } from "@doge/core";
import { placed } from "../config/locate.ts";
import type { Expression, LoadedConfiguration } from "../config/model.ts";
import { typeOfBlock } from "../config/schema-types.ts";
import { namesOf } from "../lang/ast.ts";
import { type FoundReference, referencesOf, type Step } from "../lang/references.ts";
import type { Block, Type } from "../schema.ts";

interface Context {
  readonly each?: boolean;
  readonly count?: boolean;
  /** Names of dynamic blocks around the expression. */
  readonly bound?: readonly string[];
}

/** Checks that what expressions mention is declared, and says what they depend on. */
export class ReferenceCheck {
  readonly #configuration: LoadedConfiguration;
  readonly #schemas: ReadonlyMap<string, Block>;
  readonly #diagnostics: Diagnostic[];

  constructor(configuration: LoadedConfiguration, schemas: ReadonlyMap<string, Block>, diagnostics: Diagnostic[]) {
    this.#configuration = configuration;
    this.#schemas = schemas;
    this.#diagnostics = diagnostics;
  }

  /** Keys of the graph that the expression needs; reports what is wrong. */
  needs(expression: Expression, address: string, context: Context): readonly string[] {
    const keys: string[] = [];
    for (const found of referencesOf(expression.node)) {
      if (context.bound?.includes(found.reference.root)) continue;
      const problem = this.#check(found, context);
      if (problem) this.#diagnostics.push(placed(problem, expression.place, address));
      else if (!["var", "each", "count", "path", "terraform", "self"].includes(found.reference.root))
        keys.push(found.key);
    }
    return keys;
  }

  #check(found: FoundReference, context: Context): Diagnostic | undefined {
    const { root, names } = found.reference;
    const { variables, locals, resources } = this.#configuration;
    if (names.length < namesOf(root))
      return incomplete(
        root,
        [...resources.values()].some((one) => one.type === root),
      );
    const [name] = names as [string];
    switch (root) {
      case "var":
        return variables.has(name) ? undefined : undeclared("input variable", name, variables.keys());
      case "local":
        return locals.has(name) ? undefined : undeclared("local value", name, locals.keys());
      case "each":
        if (!context.each)
          return misplaced(
            'Reference to "each" in context without for_each',
            'The "each" object can be used only in "resource" or "data" blocks, and only when the "for_each" argument is set.',
          );
        return name === "key" || name === "value"
          ? undefined
          : misplaced(
              'Invalid "each" attribute',
              `The "each" object does not have an attribute named "${name}"; it has "key" and "value".`,
            );
      case "count":
        if (!context.count)
          return misplaced(
            'Reference to "count" in non-counted context',
            'The "count" object can be used only in "resource" and "data" blocks, and only when the "count" argument is set.',
          );
        return name === "index"
          ? undefined
          : misplaced(
              'Invalid "count" attribute',
              `The "count" object does not have an attribute named "${name}"; it has "index".`,
            );
      case "path":
      case "terraform":
        return undefined;
      case "self":
        return misplaced('Invalid "self" reference', 'The "self" object is not available here.');
      case "module":
        return misplaced("Modules are not supported by Doge's own engine yet", `module.${name} was referred to.`);
      default:
        return this.#checkResource(found);
    }
  }

  #checkResource(found: FoundReference): Diagnostic | undefined {
    const { resources } = this.#configuration;
    const block = resources.get(found.key);
    if (block === undefined) {
      const close = nearest(found.key, resources.keys());
      const mode = found.reference.root === "data" ? "data" : "managed";
      const [type, name] = mode === "data" ? found.reference.names : [found.reference.root, found.reference.names[0]];
      return error({
        code: "undeclared-reference",
        summary: "Reference to undeclared resource",
        detail: `A ${mode} resource "${type}" "${name}" has not been declared in the root module.`,
        ...(close === undefined ? {} : { remedy: `Did you mean ${close}?` }),
      });
    }
    const schema = this.#schemas.get(found.key);
    if (schema === undefined || found.splat) return undefined;
    const repeated = block.count !== undefined || block.forEach !== undefined;
    const [first, ...rest] = found.steps;
    if (!repeated) return pathProblem(typeOfBlock(schema), found.steps, found.key);
    if (first === undefined) return undefined;
    if ("index" in first) return pathProblem(typeOfBlock(schema), rest, found.key);
    // `a["x"]` may also be written `a.x`, but the name of an attribute there is a forgotten key.
    if (!(first.attribute in schema.attributes)) return undefined;
    const example = block.count === undefined ? `${found.key}[each.key]` : `${found.key}[count.index]`;
    return error({
      code: "missing-instance-key",
      summary: "Missing resource instance key",
      detail: `Because ${found.key} has "${block.count === undefined ? "for_each" : "count"}" set, its attributes must be accessed on specific instances.`,
      remedy: `For example, to correlate with indices of a referring resource, use: ${example}`,
    });
  }
}

function pathProblem(type: Type, [step, ...rest]: readonly Step[], address: string): Diagnostic | undefined {
  if (step === undefined || typeof type === "string") return undefined;
  if (type[0] === "object") {
    const name = "attribute" in step ? step.attribute : step.index;
    if (typeof name !== "string") return undefined;
    const field = type[1][name];
    if (field !== undefined) return pathProblem(field, rest, address);
    const close = nearest(name, Object.keys(type[1]));
    return error({
      code: "unsupported-attribute",
      summary: "Unsupported attribute",
      detail: `${address} has no argument, nested block, or exported attribute named "${name}".`,
      ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
    });
  }
  if (type[0] === "tuple") return undefined;
  return "index" in step || type[0] === "map" ? pathProblem(type[1], rest, address) : undefined;
}

function undeclared(what: string, name: string, known: Iterable<string>): Diagnostic {
  const close = nearest(name, known);
  const article = what.startsWith("input") ? "An" : "A";
  return error({
    code: "undeclared-reference",
    summary: `Reference to undeclared ${what}`,
    detail: `${article} ${what} with the name "${name}" has not been declared.`,
    ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
  });
}

const misplaced = (summary: string, detail: string): Diagnostic =>
  error({ code: "invalid-reference", summary, detail });

const incomplete = (root: string, type: boolean): Diagnostic =>
  error({
    code: "invalid-reference",
    summary: "Invalid reference",
    detail:
      type || root.includes("_")
        ? `A reference to a resource type must be followed by at least one attribute access, specifying the resource name; "${root}" stands alone.`
        : `"${root}" is no reference: write it in quotes if it is meant as text.`,
  });
