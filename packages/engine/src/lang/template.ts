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

/** Where a template ends: at its quote, at the end of the text, or at the line of a heredoc's marker. */
type Ending = "quote" | "end" | { readonly marker: string };

/**
 * A template up to the closing quote (`quoted`: backslash escapes count) or to the end of the text.
 * One that is a single `${…}` is that expression itself, with its type.
 */
export function parseTemplate(cursor: Cursor, quoted: boolean, expression: ParseExpression): Node {
  return cursor.deeper(() => assembled(cursor, readAll(cursor, quoted ? "quote" : "end", expression)));
}

/** A heredoc from behind its opening line; `<<-` takes the indentation away that all its lines share. */
export function parseHeredoc(
  cursor: Cursor,
  opening: { readonly marker: string; readonly indented: boolean },
  expression: ParseExpression,
): Node {
  return cursor.deeper(() => {
    const pieces = readAll(cursor, { marker: opening.marker }, expression);
    return assembled(cursor, opening.indented ? unindented(pieces) : pieces);
  });
}

function readAll(cursor: Cursor, ending: Ending, expression: ParseExpression): Piece[] {
  const depth = cursor.bound.length;
  const pieces = cursor.within(false, () => readPieces(cursor, ending, expression));
  cursor.bound.length = depth;
  return pieces;
}

function assembled(cursor: Cursor, given: readonly Piece[]): Node {
  const pieces = given.filter((piece) => piece.kind !== "text" || piece.text !== "");
  const [only] = pieces;
  if (pieces.length === 1 && only?.kind === "node" && given.length === 1) return only.node;
  const parts = build({ pieces, at: 0 }, [], cursor);
  return plainText(parts) ?? { kind: "template", parts };
}

function plainText(parts: readonly Node[]): Node | undefined {
  if (parts.length === 0) return { kind: "literal", value: string("") };
  const texts = parts.map((part) =>
    part.kind === "literal" && part.value.kind === "string" ? part.value.value : undefined,
  );
  return texts.every((text) => text !== undefined) ? { kind: "literal", value: string(texts.join("")) } : undefined;
}

function readPieces(cursor: Cursor, ending: Ending, expression: ParseExpression): Piece[] {
  const quoted = ending === "quote";
  const pieces: Piece[] = [];
  let text = "";
  let trimNext = false;
  // Outside of quotes every line is a piece of its own: trimming and indentation go by lines.
  const flush = (trimEnd: boolean): void => {
    if (trimNext && text !== "") {
      text = text.trimStart();
      trimNext = false;
    }
    if (trimEnd) text = text.trimEnd();
    if (text !== "") pieces.push({ kind: "text", text });
    text = "";
  };
  for (;;) {
    const rest = cursor.text.slice(cursor.position, cursor.position + 3);
    if (rest === "") {
      if (ending !== "end")
        cursor.fail(quoted ? "the string has no closing quote" : `the heredoc lacks its closing ${ending.marker}`);
      break;
    }
    if (quoted && rest[0] === '"') {
      cursor.position++;
      break;
    }
    if (typeof ending === "object" && atMarker(cursor, ending.marker)) break;
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
      const run = plainRun(cursor.text, cursor.position);
      text += run;
      cursor.position += run.length;
      if (!quoted && rest[0] === "\n") flush(false);
    }
  }
  flush(false);
  return pieces;
}

const ordinary = /[^$%"\\\n]+/y;

/** The next character and, where it has no meaning in templates, its likes behind it. */
function plainRun(text: string, from: number): string {
  ordinary.lastIndex = from;
  return ordinary.exec(text)?.[0] ?? (text[from] as string);
}

/** At the start of a line that holds the marker alone: moves behind it. */
function atMarker(cursor: Cursor, marker: string): boolean {
  if (cursor.text[cursor.position - 1] !== "\n") return false;
  const end = cursor.text.indexOf("\n", cursor.position);
  const line = cursor.text.slice(cursor.position, end < 0 ? undefined : end);
  if (line.trim() !== marker) return false;
  cursor.position += line.trimEnd().length;
  return true;
}

/** The pieces without the blanks that every line which is not blank begins with. */
function unindented(pieces: readonly Piece[]): Piece[] {
  let shared = Number.POSITIVE_INFINITY;
  const first = new Set<Piece>();
  let start = true;
  for (const piece of pieces) {
    if (start) {
      const text = piece.kind === "text" ? piece.text : "";
      const blank = piece.kind === "text" && text.trim() === "" && text.endsWith("\n");
      if (!blank) {
        shared = Math.min(shared, text.length - text.trimStart().length);
        first.add(piece);
      }
    }
    start = piece.kind === "text" && piece.text.endsWith("\n");
  }
  return pieces.map((piece) =>
    piece.kind === "text" && first.has(piece) ? { ...piece, text: piece.text.slice(shared) } : piece,
  );
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
