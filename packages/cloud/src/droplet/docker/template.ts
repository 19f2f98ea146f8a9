import { DockerError } from "../engine/model.ts";

/**
 * The part of Go's text/template that `--format` is used with: fields, `$variables`, `range`, `if`, `with`,
 * pipes, parentheses, and the functions json, index, len, eq, ne, and, or, not, join, split, upper, lower,
 * title, print, println, printf. A field that is a function takes the rest as arguments (`.Label "x"`).
 */
export function renderTemplate(template: string, data: unknown): string {
  const tokens = tokenize(template);
  const { nodes, next } = parseNodes(tokens, 0, []);
  if (next < tokens.length) throw problem("unexpected {{end}}");
  return renderNodes(nodes, data, new Map([["$", data]]));
}

const problem = (what: string): DockerError => new DockerError(`template parsing error: ${what}`, 64);

type Token = { readonly text: string } | { readonly action: string };

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "pipe"; readonly source: string }
  | { readonly kind: "assign"; readonly name: string; readonly source: string }
  | {
      readonly kind: "if" | "range" | "with";
      readonly source: string;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

type Scope = ReadonlyMap<string, unknown>;

function tokenize(template: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (const match of template.matchAll(
    /\{\{(-\s)?\s*((?:"(?:\\.|[^"\\])*"|`[^`]*`|[^}"`]|\}(?!\}))*?)\s*(\s-)?\}\}(\s*)/g,
  )) {
    const [whole, trimBefore, action = "", trimAfter, space = ""] = match;
    const before = template.slice(at, match.index);
    tokens.push({ text: trimBefore ? before.trimEnd() : before }, { action });
    at = match.index + whole.length - (trimAfter ? 0 : space.length);
  }
  tokens.push({ text: template.slice(at) });
  if (tokens.some((token) => "text" in token && token.text.includes("{{"))) throw problem("unclosed action");
  return tokens;
}

function parseNodes(
  tokens: readonly Token[],
  start: number,
  until: readonly string[],
): { nodes: Node[]; next: number; ended: string } {
  const nodes: Node[] = [];
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    if (!token) break;
    if ("text" in token) {
      if (token.text !== "") nodes.push({ kind: "text", text: token.text });
      continue;
    }
    const { action } = token;
    const [word = "", ...rest] = action.split(/\s+/);
    if (until.includes(word)) return { nodes, next: at, ended: action };
    if (word === "if" || word === "range" || word === "with") {
      const block = parseBlock(tokens, at + 1, word, rest.join(" "));
      nodes.push(block.node);
      at = block.next;
    } else if (/^\$\w+\s*:?=/.test(action)) {
      const [name = "", source = ""] = action.split(/\s*:?=\s*(.*)/s);
      nodes.push({ kind: "assign", name, source });
    } else if (action !== "" && !action.startsWith("/*")) nodes.push({ kind: "pipe", source: action });
  }
  if (until.length > 0) throw problem("unexpected EOF");
  return { nodes, next: tokens.length, ended: "" };
}

function parseBlock(
  tokens: readonly Token[],
  start: number,
  kind: "if" | "range" | "with",
  source: string,
): { node: Node; next: number } {
  const body = parseNodes(tokens, start, ["else", "end"]);
  if (body.ended === "end") return { node: { kind, source, body: body.nodes, otherwise: [] }, next: body.next };
  if (body.ended.startsWith("else if")) {
    const inner = parseBlock(tokens, body.next + 1, "if", body.ended.slice(7));
    return { node: { kind, source, body: body.nodes, otherwise: [inner.node] }, next: inner.next };
  }
  const otherwise = parseNodes(tokens, body.next + 1, ["end"]);
  return { node: { kind, source, body: body.nodes, otherwise: otherwise.nodes }, next: otherwise.next };
}

function renderNodes(nodes: readonly Node[], dot: unknown, outer: Scope): string {
  const scope = new Map(outer);
  return nodes
    .map((node) => {
      switch (node.kind) {
        case "text":
          return node.text;
        case "pipe":
          return show(evaluate(node.source, dot, scope));
        case "assign":
          scope.set(node.name, evaluate(node.source, dot, scope));
          return "";
        case "if":
          return renderNodes(truth(evaluate(node.source, dot, scope)) ? node.body : node.otherwise, dot, scope);
        case "with": {
          const value = evaluate(node.source, dot, scope);
          return truth(value) ? renderNodes(node.body, value, scope) : renderNodes(node.otherwise, dot, scope);
        }
        case "range":
          return renderRange(node, dot, scope);
      }
    })
    .join("");
}

function renderRange(node: Extract<Node, { kind: "if" | "range" | "with" }>, dot: unknown, scope: Scope): string {
  const [, names = "", source = node.source] = /^((?:\$\w+\s*,\s*)?\$\w+)\s*:=\s*(.*)$/s.exec(node.source) ?? [];
  const value = evaluate(source, dot, scope);
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return renderNodes(node.otherwise, dot, scope);
  const variables = names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return entries
    .map(([key, item]) => {
      const bound = new Map(scope);
      if (variables.length === 1) bound.set(variables[0] ?? "", item);
      if (variables.length === 2) bound.set(variables[0] ?? "", key).set(variables[1] ?? "", item);
      return renderNodes(node.body, item, bound);
    })
    .join("");
}

function evaluate(source: string, dot: unknown, scope: Scope): unknown {
  const words = source.match(/"(?:\\.|[^"\\])*"|`[^`]*`|[()|]|[^\s()|]+/g) ?? [];
  let at = 0;

  function pipeline(): unknown {
    let value = command([]);
    while (words[at] === "|") {
      at++;
      value = command([value]);
    }
    return value;
  }

  function command(piped: readonly unknown[]): unknown {
    const first = words[at++];
    if (first === undefined) throw problem("missing value for command");
    const operands = (): unknown[] => {
      const list: unknown[] = [];
      while (at < words.length && words[at] !== "|" && words[at] !== ")") list.push(operand(words[at++] ?? ""));
      return [...list, ...piped];
    };
    const known = functions[first];
    if (known) return known(operands());
    const value = operand(first);
    return typeof value === "function" ? (value as (...values: unknown[]) => unknown)(...operands()) : value;
  }

  function operand(word: string): unknown {
    if (word === "(") {
      const value = pipeline();
      if (words[at++] !== ")") throw problem("unclosed left paren");
      const path = words[at];
      if (path?.startsWith(".") && path.length > 1) {
        at++;
        return field(value, path);
      }
      return value;
    }
    if (word.startsWith('"')) return JSON.parse(word) as string;
    if (word.startsWith("`")) return word.slice(1, -1);
    if (/^-?\d+(\.\d+)?$/.test(word)) return Number(word);
    if (word === "true" || word === "false") return word === "true";
    if (word === "nil") return undefined;
    if (word.startsWith(".")) return field(dot, word);
    const variable = /^(\$\w*)(.*)$/.exec(word);
    if (variable && scope.has(variable[1] ?? "")) return field(scope.get(variable[1] ?? ""), variable[2] ?? "");
    const known = functions[word];
    if (known) return known([]);
    throw problem(`function ${JSON.stringify(word)} not defined`);
  }

  return pipeline();
}

function field(value: unknown, path: string): unknown {
  return path
    .split(".")
    .filter((part) => part !== "")
    .reduce<unknown>(
      (inner, part) => (inner === null || inner === undefined ? undefined : (inner as Record<string, unknown>)[part]),
      value,
    );
}

const truth = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0
    : typeof value === "object" && value !== null
      ? Object.keys(value).length > 0
      : Boolean(value);

const functions: Readonly<Record<string, (values: readonly unknown[]) => unknown>> = {
  json: ([value]) => JSON.stringify(value ?? null),
  index: ([value, ...keys]) =>
    keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined | null)?.[String(key)], value) ??
    "",
  len: ([value]) =>
    typeof value === "object" && value !== null ? Object.keys(value).length : show(value ?? "").length,
  eq: ([value, ...others]) => others.includes(value),
  ne: ([a, b]) => a !== b,
  and: (values) => values.find((value) => !truth(value)) ?? values.at(-1),
  or: (values) => values.find((value) => truth(value)) ?? values.at(-1),
  not: ([value]) => !truth(value),
  join: ([list, separator]) => (list as unknown[]).join(String(separator)),
  split: ([text, separator]) => String(text).split(String(separator)),
  upper: ([text]) => String(text).toUpperCase(),
  lower: ([text]) => String(text).toLowerCase(),
  title: ([text]) => String(text).replace(/\b\w/g, (letter) => letter.toUpperCase()),
  print: (values) => values.map(show).join(""),
  println: (values) => `${values.map(show).join(" ")}\n`,
  printf: ([format, ...values]) => {
    let index = 0;
    return String(format).replace(/%[-\d.]*([svdqt%])/g, (_, verb: string) => {
      if (verb === "%") return "%";
      const value = show(values[index++]);
      return verb === "q" ? JSON.stringify(value) : value;
    });
  },
};

/** As Go prints: `[a b]`, `map[k:v]`, `<no value>`. */
function show(value: unknown): string {
  if (value === undefined || value === null) return "<no value>";
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, inner]) => `${key}:${show(inner)}`).join(" ")}]`;
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Rows with aligned columns, as Docker prints its lists. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 3))).join("")}\n`,
    )
    .join("");
}

/** Objects by `--format`: `json`, a template, or `table` and a template; by `columns` where there is none. */
export function renderList(
  rows: readonly Readonly<Record<string, unknown>>[],
  format: string | undefined,
  columns: Readonly<Record<string, string>>,
): string {
  if (format === "json") return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  if (format === undefined || format === "table") {
    return table([Object.values(columns), ...rows.map((row) => Object.keys(columns).map((key) => String(row[key])))]);
  }
  const template = format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  if (template.startsWith("table ")) {
    const lines = [columns, ...rows].map((row) => renderTemplate(template.slice(6), row).split("\t"));
    return table(lines);
  }
  return rows.map((row) => `${renderTemplate(template, row)}\n`).join("");
}
