import { DogeError, error } from "@doge/core";

export type Token =
  | { readonly kind: "identifier"; readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "quote" }
  | { readonly kind: "operator"; readonly text: string }
  | { readonly kind: "end" };

const operators = [
  "~",
  "...", "=>", "==", "!=", "<=", ">=", "&&", "||",
  "{", "}", "[", "]", "(", ")", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ",", ".", "=",
]; // prettier-ignore

const identifier = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const digits = /\d+(\.\d+)?([eE][+-]?\d+)?/y;
const space = /(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;

/** An expression that can't be parsed; `offset` counts UTF-16 units from its start. */
export class SyntaxFailure extends DogeError {
  readonly offset: number;

  constructor(detail: string, offset: number) {
    super([error({ code: "syntax", summary: "Invalid expression", detail })]);
    this.offset = offset;
  }
}

/** A place in the text of an expression, with one token of look-ahead. Templates read its characters directly. */
export class Cursor {
  readonly text: string;
  position = 0;
  /** Names bound by the `for` expressions around this place. */
  readonly bound: string[] = [];

  constructor(text: string) {
    this.text = text;
  }

  /** The next token, still there afterwards. */
  peek(): Token {
    const before = this.position;
    const token = this.next();
    this.position = before;
    return token;
  }

  next(): Token {
    this.skipSpace();
    const at = this.position;
    const word = this.match(identifier);
    if (word !== undefined) return { kind: "identifier", text: word };
    const number = this.match(digits);
    if (number !== undefined) return { kind: "number", text: number };
    if (at >= this.text.length) return { kind: "end" };
    if (this.text[at] === '"') {
      this.position++;
      return { kind: "quote" };
    }
    const operator = operators.find((text) => this.text.startsWith(text, at));
    if (operator === undefined) return this.fail(`the character "${this.text[at]}" has no meaning here`);
    this.position += operator.length;
    return { kind: "operator", text: operator };
  }

  /** Takes the operator or key word if it comes next. */
  take(text: string): boolean {
    const before = this.position;
    const token = this.next();
    if ("text" in token && token.text === text && token.kind !== "number") return true;
    this.position = before;
    return false;
  }

  expect(text: string, where: string): void {
    const token = this.peek();
    if (!this.take(text)) this.fail(`expected "${text}" ${where}, found ${showToken(token)}`);
  }

  /** Whether a line ends between here and the next token: the separator inside `{ … }`. */
  newlineAhead(): boolean {
    const before = this.position;
    this.skipSpace();
    const crossed = this.text.slice(before, this.position).includes("\n");
    this.position = before;
    return crossed;
  }

  skipSpace(): void {
    this.match(space);
  }

  fail(detail: string): never {
    const start = Math.max(0, this.position - 20);
    const near = this.text.slice(start, this.position + 20).trim();
    throw new SyntaxFailure(`${capital(detail)}, near \`${near}\`.`, this.position);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.position = pattern.lastIndex;
    return found[0];
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const showToken = (token: Token): string =>
  token.kind === "end" ? "the end" : token.kind === "quote" ? "a string" : `"${token.text}"`;
