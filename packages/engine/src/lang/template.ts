import type { Node } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { string } from "./values.ts";

/** Parses one expression at the cursor. Handed in, since expressions and templates contain each other. */
export type ParseExpression = (cursor: Cursor) => Node;

type Piece =
  | { readonly kind: "text"; text: string }
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "if"; readonly condition: Node }
  | { readonly kind: "for"; readonly names: readonly string[]; readonly collection: Node }
  | { readonly kind: "else" | "endif" | "endfor" };

/**
 * A template up to the closing quote (`quoted`: backslash escapes count) or to the end of the text.
 * One that is a single `${…}` is that expression itself, with its type.
 */
export function parseTemplate(cursor: Cursor, quoted: boolean, expression: ParseExpression): Node {
  const depth = cursor.bound.length;
  const pieces = readPieces(cursor, quoted, expression);
  cursor.bound.length = depth;
  const [only] = pieces;
  if (pieces.length === 1 && only?.kind === "node") return only.node;
  const builder = { pieces, at: 0 };
  const parts = build(builder, [], cursor);
  return plainText(parts) ?? { kind: "template", parts };
}

function plainText(parts: readonly Node[]): Node | undefined {
  const [part, second] = parts;
  if (part === undefined) return { kind: "literal", value: string("") };
  return second === undefined && part.kind === "literal" && part.value.kind === "string" ? part : undefined;
}

function readPieces(cursor: Cursor, quoted: boolean, expression: ParseExpression): Piece[] {
  const pieces: Piece[] = [];
  let text = "";
  let trimNext = false;
  const flush = (trimEnd: boolean): void => {
    if (trimNext) text = text.replace(/^\s+/, "");
    if (trimEnd) text = text.replace(/\s+$/, "");
    if (text !== "") pieces.push({ kind: "text", text });
    text = "";
  };
  for (;;) {
    const rest = cursor.text.slice(cursor.position, cursor.position + 3);
    if (rest === "") {
      if (quoted) cursor.fail("the string has no closing quote");
      break;
    }
    if (quoted && rest[0] === '"') {
      cursor.position++;
      break;
    }
    if (rest === "$${" || rest === "%%{") {
      text += rest.slice(1);
      cursor.position += 3;
    } else if (rest.startsWith("${") || rest.startsWith("%{")) {
      cursor.position += 2;
      flush(skip(cursor, "~"));
      pieces.push(rest[0] === "$" ? { kind: "node", node: expression(cursor) } : directive(cursor, expression));
      trimNext = closing(cursor);
    } else if (quoted && rest[0] === "\\") {
      text += escape(cursor);
    } else {
      if (quoted && rest[0] === "\n") cursor.fail("a string in quotes can't span lines");
      text += rest[0];
      cursor.position++;
    }
  }
  flush(false);
  return pieces;
}

function skip(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.position] !== character) return false;
  cursor.position++;
  return true;
}

function closing(cursor: Cursor): boolean {
  cursor.skipSpace();
  const trim = skip(cursor, "~");
  if (!skip(cursor, "}")) cursor.fail('expected "}" to close the template sequence');
  return trim;
}

function directive(cursor: Cursor, expression: ParseExpression): Piece {
  const word = cursor.next();
  const name = word.kind === "identifier" ? word.text : "";
  if (name === "if") return { kind: "if", condition: expression(cursor) };
  if (name === "else" || name === "endif") return { kind: name };
  if (name === "endfor") {
    cursor.bound.length = Math.max(0, cursor.bound.length - 2);
    return { kind: "endfor" };
  }
  if (name !== "for") return cursor.fail(`"${name}" is no template directive (if, else, endif, for, endfor)`);
  const names: string[] = [];
  do {
    const token = cursor.next();
    if (token.kind !== "identifier") return cursor.fail("a name must follow for");
    names.push(token.text);
  } while (cursor.take(","));
  cursor.expect("in", "after the names of for");
  const collection = expression(cursor);
  cursor.bound.push(names[0] as string, names[1] ?? (names[0] as string));
  return { kind: "for", names, collection };
}

function escape(cursor: Cursor): string {
  const simple: Record<string, string> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };
  const letter = cursor.text[cursor.position + 1] ?? "";
  const plain = simple[letter];
  if (plain !== undefined) {
    cursor.position += 2;
    return plain;
  }
  const length = letter === "u" ? 4 : letter === "U" ? 8 : 0;
  const code = cursor.text.slice(cursor.position + 2, cursor.position + 2 + length);
  if (length === 0 || !/^[0-9a-f]+$/i.test(code) || code.length !== length) {
    return cursor.fail(`"\\${letter}" is no escape (\\n, \\r, \\t, \\", \\\\, \\uNNNN, \\UNNNNNNNN)`);
  }
  cursor.position += 2 + length;
  return String.fromCodePoint(Number.parseInt(code, 16));
}

interface Builder {
  readonly pieces: readonly Piece[];
  at: number;
}

/** Parts up to one of `ends`, which stays; the end of all pieces where there are none. */
function build(builder: Builder, ends: readonly string[], cursor: Cursor): Node[] {
  const parts: Node[] = [];
  for (;;) {
    const piece = builder.pieces[builder.at];
    if (piece === undefined) {
      if (ends.length > 0) cursor.fail(`the template lacks %{ ${ends.at(-1)} }`);
      return parts;
    }
    if (ends.includes(piece.kind)) return parts;
    builder.at++;
    if (piece.kind === "text") parts.push({ kind: "literal", value: string(piece.text) });
    else if (piece.kind === "node") parts.push({ kind: "template", parts: [piece.node] });
    else if (piece.kind === "if") parts.push(buildIf(builder, piece.condition, cursor));
    else if (piece.kind === "for") parts.push(buildFor(builder, piece, cursor));
    else cursor.fail(`%{ ${piece.kind} } has no beginning`);
  }
}

function buildIf(builder: Builder, condition: Node, cursor: Cursor): Node {
  const yes = build(builder, ["else", "endif"], cursor);
  let no: Node[] = [];
  if (builder.pieces[builder.at]?.kind === "else") {
    builder.at++;
    no = build(builder, ["endif"], cursor);
  }
  builder.at++;
  return { kind: "conditional", condition, yes: { kind: "template", parts: yes }, no: { kind: "template", parts: no } };
}

function buildFor(builder: Builder, piece: Extract<Piece, { kind: "for" }>, cursor: Cursor): Node {
  const body = build(builder, ["endfor"], cursor);
  builder.at++;
  const [first, second] = piece.names as [string, string | undefined];
  const names = second === undefined ? { valueName: first } : { keyName: first, valueName: second };
  const value: Node = { kind: "template", parts: body };
  const rows: Node = { kind: "for", ...names, collection: piece.collection, value, group: false };
  return { kind: "call", name: "join", args: [{ kind: "literal", value: string("") }, rows], expand: false };
}
