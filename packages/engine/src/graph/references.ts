import { type Diagnostic, error, nearest } from "@doge/core";
import { placed } from "../config/locate.ts";
import type { Expression } from "../config/model.ts";
import { typeOfBlock } from "../config/schema-types.ts";
import { namesOf } from "../lang/ast.ts";
import { type FoundReference, referencesOf, type Step } from "../lang/references.ts";
import type { Block, Type } from "../schema.ts";
import { closeKey, inModule, type PreparedModule } from "./modules.ts";

export interface Context {
  readonly each?: boolean;
  readonly count?: boolean;
  /** In postconditions. */
  readonly self?: boolean;
  /** A node that may refer to itself: a variable's validation, a postcondition. */
  readonly itself?: string;
  /** Names of dynamic blocks around the expression. */
  readonly bound?: readonly string[];
}

/** Names that are no node of the graph. */
const noNode = new Set(["each", "count", "path", "terraform", "self"]);

/** Checks that what a module's expressions mention is declared, and says what they depend on. */
export class ReferenceCheck {
  readonly #module: PreparedModule;
  readonly #schemas: ReadonlyMap<string, Block>;
  readonly #diagnostics: Diagnostic[];

  constructor(module: PreparedModule, schemas: ReadonlyMap<string, Block>, diagnostics: Diagnostic[]) {
    this.#module = module;
    this.#schemas = schemas;
    this.#diagnostics = diagnostics;
  }

  /** Adds the keys of the graph that the expressions need; reports what is wrong. */
  all(expressions: Iterable<Expression>, address: string, context: Context, needs: Set<string>): void {
    for (const expression of expressions) {
      for (const found of referencesOf(expression.node)) {
        if (context.bound?.includes(found.reference.root)) continue;
        const problem = this.#check(found, context);
        if (problem) this.#diagnostics.push(placed(problem, expression.place, address));
        else for (const key of this.keysOf(found)) if (key !== context.itself) needs.add(key);
      }
    }
  }

  /** The nodes behind a reference: of a module, its outputs. */
  keysOf(found: FoundReference): readonly string[] {
    if (noNode.has(found.reference.root)) return [];
    const { path, configuration } = this.#module;
    if (found.reference.root !== "module") return [inModule(path, found.key)];
    const child = inModule(path, found.key);
    const outputs = configuration.children.get(found.reference.names[0] ?? "")?.outputs;
    const name = outputName(found);
    if (name !== undefined && outputs?.has(name)) return [child, `${child}.output.${name}`];
    return found.steps.length === 0 && !found.splat
      ? [child, closeKey(child)]
      : [child, ...[...(outputs?.keys() ?? [])].map((one) => `${child}.output.${one}`)];
  }

  #check(found: FoundReference, context: Context): Diagnostic | undefined {
    const { root, names } = found.reference;
    const { variables, locals, resources } = this.#module.configuration;
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
            'The "each" object can be used only in "module", "resource" or "data" blocks, and only when the "for_each" argument is set.',
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
            'The "count" object can be used only in "module", "resource" and "data" blocks, and only when the "count" argument is set.',
          );
        return name === "index"
          ? undefined
          : misplaced(
              'Invalid "count" attribute',
              `The "count" object does not have an attribute named "${name}"; it has "index".`,
            );
      case "path":
        return ["module", "root", "cwd"].includes(name)
          ? undefined
          : misplaced(
              'Invalid "path" attribute',
              `The "path" object does not have an attribute named "${name}"; it has "module", "root" and "cwd".`,
            );
      case "terraform":
        return name === "workspace"
          ? undefined
          : misplaced(
              'Invalid "terraform" attribute',
              `The "terraform" object does not have an attribute named "${name}"; it has "workspace".`,
            );
      case "self":
        return context.self
          ? undefined
          : misplaced('Invalid "self" reference', 'The "self" object is not available here.');
      case "module":
        return this.#checkModule(found);
      default:
        return this.#checkResource(found);
    }
  }

  #checkModule(found: FoundReference): Diagnostic | undefined {
    const [name = ""] = found.reference.names;
    const { calls, children } = this.#module.configuration;
    const call = calls.get(name);
    if (call === undefined) return undeclared("module", name, calls.keys());
    const child = children.get(name);
    const output = outputName(found);
    if (child === undefined || output === undefined || found.splat) return undefined;
    const [first] = found.steps;
    if ((call.count ?? call.forEach) !== undefined && first && "attribute" in first) {
      if (!child.outputs.has(first.attribute)) return undefined;
      return error({
        code: "missing-instance-key",
        summary: "Missing module instance key",
        detail: `Because module.${name} has "${call.count ? "count" : "for_each"}" set, its attributes must be accessed on specific instances.`,
        remedy: `For example: module.${name}[${call.count ? "count.index" : "each.key"}].${first.attribute}`,
      });
    }
    if (child.outputs.has(output)) return undefined;
    const close = nearest(output, child.outputs.keys());
    return error({
      code: "unsupported-attribute",
      summary: "Unsupported attribute",
      detail: `This object does not have an attribute named "${output}": module.${name} has no such output.`,
      ...(close === undefined ? {} : { remedy: `Did you mean "${close}"?` }),
    });
  }

  #checkResource(found: FoundReference): Diagnostic | undefined {
    const { path, configuration } = this.#module;
    const { resources } = configuration;
    const block = resources.get(found.key);
    if (block === undefined) {
      const close = nearest(found.key, resources.keys());
      const mode = found.reference.root === "data" ? "data" : "managed";
      const [type, name] = mode === "data" ? found.reference.names : [found.reference.root, found.reference.names[0]];
      return error({
        code: "undeclared-reference",
        summary: "Reference to undeclared resource",
        detail: `A ${mode} resource "${type}" "${name}" has not been declared in ${path === "" ? "the root module" : path}.`,
        ...(close === undefined ? {} : { remedy: `Did you mean ${close}?` }),
      });
    }
    const schema = this.#schemas.get(inModule(path, found.key));
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

/** The output that a reference to a module picks, where it can be told. */
function outputName({ steps, splat }: FoundReference): string | undefined {
  const [first, second] = steps;
  if (first === undefined || splat) return undefined;
  const step = "attribute" in first ? first : second;
  return step && "attribute" in step ? step.attribute : undefined;
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
