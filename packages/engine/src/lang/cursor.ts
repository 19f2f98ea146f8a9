import { DogeError, error } from "@doge/core";

export type Token =
  | { readonly kind: "identifier"; readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "quote" }
  | { readonly kind: "heredoc"; readonly marker: string; readonly indented: boolean }
  | { readonly kind: "operator"; readonly text: string }
  | { readonly kind: "newline" }
  | { readonly kind: "end" };

const operators = [
  "~",
  "...", "::", "=>", "==", "!=", "<=", ">=", "&&", "||",
  "{", "}", "[", "]", "(", ")", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ",", ".", "=",
]; // prettier-ignore

const identifier = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const digits = /\d+(\.\d+)?([eE][+-]?\d+)?/y;
const heredoc = /<<(-?)([\p{ID_Start}_][\p{ID_Continue}-]*)\r?\n/uy;
const space = /(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const spaceInLine = /(?:[^\S\n]+|\/\*[\s\S]*?\*\/|(?:#|\/\/)[^\n]*)+/y;

/** How deep expressions may contain each other, and how long a chain of operators may be. */
const mostLevels = 200;
const longestChain = 1_000;

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
  /** Whether a line's end ends an expression, as between the entries of an object. */
  #lines = false;
  #depth = 0;
  #ahead: { readonly from: number; readonly lines: boolean; readonly token: Token; readonly to: number } | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** The next token, still there afterwards. */
  peek(): Token {
    const ahead = this.#ahead;
    if (ahead?.from === this.position && ahead.lines === this.#lines) return ahead.token;
    const from = this.position;
    const token = this.#read();
    this.#ahead = { from, lines: this.#lines, token, to: this.position };
    this.position = from;
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.position = this.#ahead?.to ?? this.position;
    return token;
  }

  #read(): Token {
    this.#match(this.#lines ? spaceInLine : space);
    const at = this.position;
    if (at >= this.text.length) return { kind: "end" };
    const word = this.#match(identifier);
    if (word !== undefined) return { kind: "identifier", text: word[0] };
    const number = this.#match(digits);
    if (number !== undefined) return { kind: "number", text: number[0] };
    const opening = this.#match(heredoc);
    if (opening !== undefined) return { kind: "heredoc", marker: opening[2] ?? "", indented: opening[1] === "-" };
    const character = this.text[at];
    if (character === '"' || character === "\n") {
      this.position++;
      return { kind: character === "\n" ? "newline" : "quote" };
    }
    const operator = operators.find((text) => this.text.startsWith(text, at));
    if (operator === undefined) return this.fail(`the character "${character}" has no meaning here`);
    this.position += operator.length;
    return { kind: "operator", text: operator };
  }

  /** Takes the operator or key word if it comes next. */
  take(text: string): boolean {
    const token = this.peek();
    if (!("text" in token) || token.text !== text || token.kind === "number") return false;
    this.next();
    return true;
  }

  expect(text: string, where: string): void {
    if (!this.take(text)) this.fail(`expected "${text}" ${where}, found ${showToken(this.peek())}`);
  }

  /** Reads with lines' ends as tokens, or without; then as before. */
  within<T>(lines: boolean, read: () => T): T {
    const before = this.#lines;
    this.#lines = lines;
    const result = read();
    this.#lines = before;
    return result;
  }

  /** Counts nesting, so that endless input ends in a diagnostic. */
  deeper<T>(read: () => T): T {
    if (++this.#depth > mostLevels) this.fail(`expressions are nested more than ${mostLevels} levels deep`);
    const result = read();
    this.#depth--;
    return result;
  }

  checkChain(length: number): void {
    if (length > longestChain) this.fail(`a chain of more than ${longestChain} operators`);
  }

  skipSpace(): void {
    this.#match(space);
  }

  skipNewlines(): void {
    while (this.peek().kind === "newline") this.next();
  }

  fail(detail: string): never {
    const start = Math.max(0, this.position - 20);
    const near = this.text.slice(start, this.position + 20).trim();
    throw new SyntaxFailure(`${capital(detail)}, near \`${near}\`.`, this.position);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.position = pattern.lastIndex;
    return found;
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export function showToken(token: Token): string {
  if (token.kind === "end") return "the end";
  if (token.kind === "newline") return "the end of the line";
  if (token.kind === "quote") return "a string";
  return token.kind === "heredoc" ? `"<<${token.marker}"` : `"${token.text}"`;
}
