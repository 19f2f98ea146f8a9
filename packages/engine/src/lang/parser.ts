import { type BinaryOperator, namesOf, type Node } from "./ast.ts";
import { Cursor, showToken, type Token } from "./cursor.ts";
import { parseHeredoc, parseTemplate } from "./template.ts";
import { bool, nullOf, numberFrom, string, type Value } from "./values.ts";

/** One whole expression: `length(var.names) > 0`. Throws a `syntax` diagnostic. */
export function parseExpression(text: string): Node {
  const cursor = new Cursor(text);
  const node = expression(cursor);
  const rest = cursor.peek();
  if (rest.kind !== "end") cursor.fail(`unexpected ${showToken(rest)} after the expression`);
  return node;
}

/** A string of a JSON configuration, or a template file: a template in which `${…}` and `%{…}` have meaning. */
export const parseTemplateText = (text: string): Node =>
  text.includes("${") || text.includes("%{")
    ? parseTemplate(new Cursor(text), false, expression)
    : { kind: "literal", value: string(text) };

const expression = (cursor: Cursor): Node => cursor.deeper(() => ternary(cursor));

function ternary(cursor: Cursor): Node {
  const condition = binary(cursor, 0);
  if (!cursor.take("?")) return condition;
  const yes = expression(cursor);
  cursor.expect(":", "between the two results of a condition");
  return { kind: "conditional", condition, yes, no: expression(cursor) };
}

const strength: Readonly<Record<BinaryOperator, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<=": 4,
  ">=": 4,
  "<": 4,
  ">": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "%": 6,
};

const isBinary = (text: string): text is BinaryOperator => Object.hasOwn(strength, text);

/** Operators that bind more strongly than `floor`, from the left. */
function binary(cursor: Cursor, floor: number): Node {
  let left = unary(cursor);
  for (let length = 1; ; length++) {
    const token = cursor.peek();
    if (token.kind !== "operator" || !isBinary(token.text) || strength[token.text] <= floor) return left;
    cursor.checkChain(length);
    cursor.next();
    left = { kind: "binary", operator: token.text, left, right: binary(cursor, strength[token.text]) };
  }
}

function unary(cursor: Cursor): Node {
  if (cursor.take("-")) return { kind: "unary", operator: "-", operand: cursor.deeper(() => unary(cursor)) };
  if (cursor.take("!")) return { kind: "unary", operator: "!", operand: cursor.deeper(() => unary(cursor)) };
  return accessors(cursor, primary(cursor));
}

function primary(cursor: Cursor): Node {
  const token = cursor.next();
  switch (token.kind) {
    case "number":
      return { kind: "literal", value: written(cursor, token.text) };
    case "quote":
      return parseTemplate(cursor, true, expression);
    case "heredoc":
      return parseHeredoc(cursor, token, expression);
    case "identifier":
      return named(cursor, token.text);
    case "operator":
      if (token.text === "(") return cursor.within(false, () => inParentheses(cursor));
      if (token.text === "[") return cursor.within(false, () => brackets(cursor));
      if (token.text === "{") return braces(cursor);
      break;
    case "newline":
    case "end":
      break;
  }
  return cursor.fail(`expected an expression, found ${showToken(token)}`);
}

const written = (cursor: Cursor, text: string): Value =>
  numberFrom(text) ?? cursor.fail(`the number ${text.slice(0, 40)} is too large`);

function inParentheses(cursor: Cursor): Node {
  const inner = expression(cursor);
  cursor.expect(")", "to close the parenthesis");
  return inner;
}

const brackets = (cursor: Cursor): Node => (cursor.take("for") ? forExpression(cursor, "]") : tuple(cursor));

function braces(cursor: Cursor): Node {
  const isFor = cursor.within(false, () => cursor.take("for"));
  return isFor ? cursor.within(false, () => forExpression(cursor, "}")) : cursor.within(true, () => object(cursor));
}

function named(cursor: Cursor, name: string): Node {
  if (cursor.take("::")) return namespaced(cursor, name);
  if (name === "true" || name === "false") return { kind: "literal", value: bool(name === "true") };
  if (name === "null") return { kind: "literal", value: nullOf() };
  if (cursor.take("(")) return cursor.within(false, () => call(cursor, name));
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

/** `provider::name::function(…)`; `core::upper` is `upper`. */
function namespaced(cursor: Cursor, first: string): Node {
  const names = [first];
  do {
    const token = cursor.next();
    if (token.kind !== "identifier") return cursor.fail('a name must follow "::"');
    names.push(token.text);
  } while (cursor.take("::"));
  cursor.expect("(", `after the function's name ${names.join("::")}`);
  const name = names.length === 2 && first === "core" ? (names[1] as string) : names.join("::");
  return cursor.within(false, () => call(cursor, name));
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
  for (let length = 1; ; length++) {
    cursor.checkChain(length);
    if (cursor.take("[")) {
      const target = node;
      const splat = cursor.within(false, () => cursor.take("*"));
      if (splat) {
        cursor.within(false, () => cursor.expect("]", "after [*"));
        return { kind: "splat", target, each: cursor.deeper(() => accessors(cursor, { kind: "item" })) };
      }
      const key = cursor.within(false, () => {
        const inner = expression(cursor);
        cursor.expect("]", "to close the index");
        return inner;
      });
      node = { kind: "index", target, key };
    } else if (cursor.take(".")) {
      const token = cursor.next();
      if (token.kind === "operator" && token.text === "*") node = attributeSplat(cursor, node);
      else node = step(cursor, node, token);
    } else {
      return node;
    }
  }
}

/** `.name`, or `.0` as an index; in a splat `a.0.1` reads as the number 0.1 and means two indexes. */
function step(cursor: Cursor, target: Node, token: Token, inSplat = false): Node {
  if (token.kind === "identifier") return { kind: "attribute", target, name: token.text };
  if (token.kind !== "number" || /[eE]/.test(token.text)) {
    return cursor.fail(`expected an attribute name after ".", found ${showToken(token)}`);
  }
  if (!inSplat && token.text.includes(".")) cursor.fail("write indexes in brackets: [0][1] instead of .0.1");
  return token.text
    .split(".")
    .reduce<Node>(
      (node, text) => ({ kind: "index", target: node, key: { kind: "literal", value: written(cursor, text) } }),
      target,
    );
}

/** `a.*.b.0`: only what follows a dot belongs to the splat; an index in brackets picks from its result. */
function attributeSplat(cursor: Cursor, target: Node): Node {
  let each: Node = { kind: "item" };
  for (;;) {
    const before = cursor.position;
    const token = cursor.take(".") ? cursor.next() : undefined;
    if (token?.kind === "operator" && token.text === "*")
      cursor.fail("a splat can't stand inside an attribute splat; use [*]");
    if (token?.kind !== "identifier" && token?.kind !== "number") {
      cursor.position = before;
      return { kind: "splat", target, each };
    }
    each = step(cursor, each, token, true);
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

/** Entries are parted by commas or by lines. */
function object(cursor: Cursor): Node {
  const entries: (readonly [Node, Node])[] = [];
  cursor.skipNewlines();
  while (!cursor.take("}")) {
    const key = objectKey(cursor);
    if (!cursor.take("=")) cursor.expect(":", "between key and value");
    cursor.skipNewlines();
    entries.push([key, expression(cursor)]);
    const comma = cursor.take(",");
    const line = cursor.peek().kind === "newline";
    if (!comma && !line) {
      cursor.expect("}", "to close the object");
      break;
    }
    cursor.skipNewlines();
  }
  return { kind: "object", entries };
}

/** A bare word is a name, not a reference. */
function objectKey(cursor: Cursor): Node {
  const before = cursor.position;
  const token = cursor.next();
  const next = token.kind === "identifier" ? cursor.peek() : undefined;
  if (token.kind === "identifier" && next?.kind === "operator" && (next.text === "=" || next.text === ":")) {
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
  const group = close === "}" && cursor.take("...");
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
