import { type BinaryOperator, namesOf, type Node } from "./ast.ts";
import { Cursor, showToken } from "./cursor.ts";
import { parseTemplate } from "./template.ts";
import { bool, nullOf, number, string } from "./values.ts";

/** One whole expression: `length(var.names) > 0`. Throws a `syntax` diagnostic. */
export function parseExpression(text: string): Node {
  const cursor = new Cursor(text);
  const node = expression(cursor);
  const rest = cursor.peek();
  if (rest.kind !== "end") cursor.fail(`unexpected ${showToken(rest)} after the expression`);
  return node;
}

/** A string of a JSON configuration: a template in which `${…}` and `%{…}` have meaning. */
export const parseTemplateText = (text: string): Node =>
  text.includes("${") || text.includes("%{")
    ? parseTemplate(new Cursor(text), false, expression)
    : { kind: "literal", value: string(text) };

function expression(cursor: Cursor): Node {
  const condition = binary(cursor, 0);
  if (!cursor.take("?")) return condition;
  const yes = expression(cursor);
  cursor.expect(":", "between the two results of a condition");
  return { kind: "conditional", condition, yes, no: expression(cursor) };
}

const levels: readonly (readonly BinaryOperator[])[] = [
  ["||"],
  ["&&"],
  ["==", "!="],
  ["<=", ">=", "<", ">"],
  ["+", "-"],
  ["*", "/", "%"],
];

function binary(cursor: Cursor, level: number): Node {
  const operators = levels[level];
  if (operators === undefined) return unary(cursor);
  let left = binary(cursor, level + 1);
  for (;;) {
    const operator = operators.find((text) => cursor.take(text));
    if (operator === undefined) return left;
    left = { kind: "binary", operator, left, right: binary(cursor, level + 1) };
  }
}

function unary(cursor: Cursor): Node {
  if (cursor.take("-")) return { kind: "unary", operator: "-", operand: unary(cursor) };
  if (cursor.take("!")) return { kind: "unary", operator: "!", operand: unary(cursor) };
  return accessors(cursor, primary(cursor));
}

function primary(cursor: Cursor): Node {
  const token = cursor.next();
  switch (token.kind) {
    case "number":
      return { kind: "literal", value: number(Number(token.text)) };
    case "quote":
      return parseTemplate(cursor, true, expression);
    case "identifier":
      return named(cursor, token.text);
    case "operator":
      if (token.text === "(") return inParentheses(cursor);
      if (token.text === "[") return cursor.take("for") ? forExpression(cursor, "]") : tuple(cursor);
      if (token.text === "{") return cursor.take("for") ? forExpression(cursor, "}") : object(cursor);
      break;
    case "end":
      break;
  }
  return cursor.fail(`expected an expression, found ${showToken(token)}`);
}

function inParentheses(cursor: Cursor): Node {
  const inner = expression(cursor);
  cursor.expect(")", "to close the parenthesis");
  return inner;
}

function named(cursor: Cursor, name: string): Node {
  if (name === "true" || name === "false") return { kind: "literal", value: bool(name === "true") };
  if (name === "null") return { kind: "literal", value: nullOf() };
  if (cursor.take("(")) return call(cursor, name);
  if (cursor.bound.includes(name)) return { kind: "local", name };
  const names: string[] = [];
  while (names.length < namesOf(name)) {
    const before = cursor.position;
    const next = cursor.take(".") ? cursor.next() : undefined;
    if (next?.kind !== "identifier") {
      cursor.position = before;
      break;
    }
    names.push(next.text);
  }
  return { kind: "reference", root: name, names };
}

function call(cursor: Cursor, name: string): Node {
  const args: Node[] = [];
  let expand = false;
  while (!cursor.take(")")) {
    args.push(expression(cursor));
    if (cursor.take("...")) {
      expand = true;
      cursor.expect(")", 'after "..."');
      break;
    }
    if (!cursor.take(",")) {
      cursor.expect(")", `to close the call of ${name}`);
      break;
    }
  }
  return { kind: "call", name, args, expand };
}

function accessors(cursor: Cursor, start: Node): Node {
  let node = start;
  for (;;) {
    if (cursor.take("[")) {
      if (cursor.take("*")) {
        cursor.expect("]", "after [*");
        return { kind: "splat", target: node, each: accessors(cursor, { kind: "item" }) };
      }
      const key = expression(cursor);
      cursor.expect("]", "to close the index");
      node = { kind: "index", target: node, key };
    } else if (cursor.take(".")) {
      const token = cursor.next();
      if (token.kind === "identifier") node = { kind: "attribute", target: node, name: token.text };
      else if (token.kind === "number") node = dottedIndexes(node, token.text);
      else if (token.kind === "operator" && token.text === "*") node = attributeSplat(cursor, node);
      else return cursor.fail(`expected an attribute name after ".", found ${showToken(token)}`);
    } else {
      return node;
    }
  }
}

/** `a.0.1` reads as the number 0.1: two indexes. */
function dottedIndexes(target: Node, digits: string): Node {
  return digits
    .split(".")
    .reduce<Node>(
      (node, text) => ({ kind: "index", target: node, key: { kind: "literal", value: number(Number(text)) } }),
      target,
    );
}

/** `a.*.b.c`: only attributes belong to the splat; an index after them picks from its result. */
function attributeSplat(cursor: Cursor, target: Node): Node {
  let each: Node = { kind: "item" };
  for (;;) {
    const before = cursor.position;
    const token = cursor.take(".") ? cursor.next() : undefined;
    if (token?.kind !== "identifier") {
      cursor.position = before;
      return { kind: "splat", target, each };
    }
    each = { kind: "attribute", target: each, name: token.text };
  }
}

function tuple(cursor: Cursor): Node {
  const items: Node[] = [];
  while (!cursor.take("]")) {
    items.push(expression(cursor));
    if (!cursor.take(",")) {
      cursor.expect("]", "to close the list");
      break;
    }
  }
  return { kind: "tuple", items };
}

function object(cursor: Cursor): Node {
  const entries: (readonly [Node, Node])[] = [];
  while (!cursor.take("}")) {
    const key = objectKey(cursor);
    if (!cursor.take("=")) cursor.expect(":", "between key and value");
    entries.push([key, expression(cursor)]);
    const newline = cursor.newlineAhead();
    if (!cursor.take(",") && !newline) {
      cursor.expect("}", "to close the object");
      break;
    }
  }
  return { kind: "object", entries };
}

/** A bare word is a name, not a reference. */
function objectKey(cursor: Cursor): Node {
  const before = cursor.position;
  const token = cursor.next();
  const after = cursor.position;
  const next = cursor.peek();
  if (token.kind === "identifier" && next.kind === "operator" && (next.text === "=" || next.text === ":")) {
    cursor.position = after;
    return { kind: "literal", value: string(token.text) };
  }
  cursor.position = before;
  return expression(cursor);
}

function forExpression(cursor: Cursor, close: "]" | "}"): Node {
  const names = [forName(cursor)];
  if (cursor.take(",")) names.push(forName(cursor));
  cursor.expect("in", "after the names of for");
  const collection = expression(cursor);
  cursor.expect(":", "after the collection of for");
  cursor.bound.push(...names);
  const first = expression(cursor);
  let value: Node | undefined;
  if (close === "}") {
    cursor.expect("=>", "between key and value of for");
    value = expression(cursor);
  }
  const group = cursor.take("...");
  const condition = cursor.take("if") ? expression(cursor) : undefined;
  cursor.bound.length -= names.length;
  cursor.expect(close, "to close for");
  return {
    kind: "for",
    ...(names.length === 2 ? { keyName: names[0] as string } : {}),
    valueName: names.at(-1) as string,
    collection,
    ...(value === undefined ? {} : { key: first }),
    value: value ?? first,
    ...(condition ? { condition } : {}),
    group,
  };
}

function forName(cursor: Cursor): string {
  const token = cursor.next();
  if (token.kind !== "identifier") return cursor.fail("a name must follow for");
  return token.text;
}
