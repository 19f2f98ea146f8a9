import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import type { FunctionDefinition } from "@actions/expressions/funcs/info";
import type { TemplateToken } from "@actions/workflow-parser/templates/tokens/template-token";
import type { MappingToken } from "@actions/workflow-parser/templates/tokens/mapping-token";
import type { SequenceToken } from "@actions/workflow-parser/templates/tokens/sequence-token";

/** What an expression gives: JSON. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
export type Fields = Readonly<Record<string, Value>>;
export type Token = TemplateToken;

/** What an expression may see. A context that is left out is empty; `matrix` is null outside of one. */
export interface Scope {
  readonly contexts: Readonly<Record<string, Value>>;
  /** What `success()`, `failure()` and `cancelled()` say; absent where expressions may not ask. */
  readonly status?: { readonly success: boolean; readonly failure: boolean; readonly cancelled: boolean };
  /** The folder under which `hashFiles` looks. */
  readonly hashFiles?: (patterns: readonly string[]) => string;
}

export class ExpressionFailure extends Error {
  override readonly name = "ExpressionFailure";
}

const contextNames = [
  "github",
  "env",
  "vars",
  "secrets",
  "job",
  "jobs",
  "steps",
  "needs",
  "matrix",
  "strategy",
  "runner",
  "inputs",
];

/** Evaluates `github.ref == 'x'`, without `${{ }}` around it. Throws ExpressionFailure with GitHub's words. */
export function evaluateExpression(expression: string, scope: Scope): Value {
  return plain(evaluateToData(expression, scope));
}

/** Whether a condition holds, by GitHub's notion of truth. */
export const holds = (condition: string, scope: Scope): boolean => {
  const value = evaluateExpression(condition, scope);
  return value !== null && value !== false && value !== 0 && value !== "" && !Number.isNaN(value);
};

function evaluateToData(expression: string, scope: Scope): data.ExpressionData {
  const functions = functionsOf(scope);
  try {
    const tree = new Parser(tokensOf(expression), contextNames, functions).parse();
    const contexts = new data.Dictionary(
      ...contextNames.map((key) => ({ key, value: dataOf(scope.contexts[key] ?? (key === "matrix" ? null : {})) })),
    );
    return new Evaluator(tree, contexts, new Map(functions.map((each) => [each.name.toLowerCase(), each]))).evaluate();
  } catch (thrown) {
    throw new ExpressionFailure(`${(thrown as Error).message} (in expression: ${expression})`, { cause: thrown });
  }
}

/** The lexer makes one quote of two only once in a string; scripts with an expression in them hold many. */
function tokensOf(expression: string): Tokens {
  return new Lexer(expression)
    .lex()
    .tokens.map((token) =>
      token.lexeme.startsWith("'") ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") } : token,
    );
}

type Tokens = ReturnType<Lexer["lex"]>["tokens"];

function functionsOf({ status, hashFiles }: Scope): FunctionDefinition[] {
  const flag = (name: string, value: boolean): FunctionDefinition => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  });
  return [
    ...(status
      ? [
          flag("success", status.success),
          flag("failure", status.failure),
          flag("cancelled", status.cancelled),
          flag("always", true),
        ]
      : []),
    {
      name: "hashFiles",
      minArgs: 1,
      maxArgs: 255,
      call: (...patterns) => {
        if (!hashFiles) throw new Error("hashFiles is not available here");
        return new data.StringData(hashFiles(patterns.map((pattern) => pattern.coerceString())));
      },
    },
  ];
}

/** Evaluates a piece of a workflow file: scalars, and mappings and sequences of them, expressions replaced. */
export function evaluate(token: Token | undefined, scope: Scope): Value {
  if (token === undefined) return null;
  if (isBasicExpression(token)) return evaluateExpression(token.expression, scope);
  if (isSequence(token)) return [...token].map((item) => evaluate(item, scope));
  if (isMapping(token)) return evaluateMapping(token, scope);
  return literalOf(token);
}

function evaluateMapping(token: MappingToken, scope: Scope): Fields {
  const fields: Record<string, Value> = {};
  for (const { key, value } of token) {
    // `${{ insert }}: ${{ … }}` pours the fields of its value into this mapping.
    if (key.templateTokenType === tokenTypes.insertExpression) Object.assign(fields, fieldsOf(evaluate(value, scope)));
    else fields[textOf(evaluate(key, scope))] = evaluate(value, scope);
  }
  return fields;
}

/** A value where the file needs text: null is empty, numbers as GitHub writes them. */
export const textOf = (value: Value): string => dataOf(value).coerceString();

export const evaluateText = (token: Token | undefined, scope: Scope): string => textOf(evaluate(token, scope));

/** The fields of a mapping, each as text: `env`, `with`, `outputs`. */
export function evaluateTexts(token: Token | undefined, scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fieldsOf(evaluate(token, scope))).map(([key, value]) => [key, textOf(value)]),
  );
}

export const fieldsOf = (value: Value): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** JSON data as a value: what can't be JSON is left out. */
export const valueOf = (json: unknown): Value => JSON.parse(JSON.stringify(json ?? null)) as Value;

// The tokens' classes can't be imported where Node loads this file: they come with the parser, see parser.ts.
const tokenTypes = { string: 0, sequence: 1, mapping: 2, basicExpression: 3, insertExpression: 4, null: 7 } as const;

export const isMapping = (token: Token | undefined): token is MappingToken =>
  token?.templateTokenType === tokenTypes.mapping;
export const isSequence = (token: Token | undefined): token is SequenceToken =>
  token?.templateTokenType === tokenTypes.sequence;
export const isBasicExpression = (token: Token | undefined): token is Token & { readonly expression: string } =>
  token?.templateTokenType === tokenTypes.basicExpression;

/** The value of a scalar that is no expression. */
export function literalOf(token: Token | undefined): null | boolean | number | string {
  if (token === undefined || token.templateTokenType === tokenTypes.null) return null;
  return (token as Token & { readonly value: boolean | number | string }).value;
}

function dataOf(value: Value): data.ExpressionData {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(dataOf));
  return new data.Dictionary(...Object.entries(value).map(([key, field]) => ({ key, value: dataOf(field) })));
}

const plain = (value: data.ExpressionData): Value => JSON.parse(JSON.stringify(value, data.replacer)) as Value;
