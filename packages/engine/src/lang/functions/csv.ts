import * as v from "../values.ts";
import type { Value } from "../values.ts";
import { ArgumentError } from "./define.ts";

/** Rows as objects named by the first row. Strict, as RFC 4180: every row has as many fields as the first. */
export function decodeCsv(text: string): Value {
  const [header, ...body] = rowsOf(text);
  if (header === undefined) throw new ArgumentError("missing header line", 0);
  const twice = header.find((name, i) => header.indexOf(name) !== i);
  if (twice !== undefined) throw new ArgumentError(`duplicate column name "${twice}"`, 0);
  const rows = body.map((row, i) => {
    if (row.length !== header.length) {
      throw new ArgumentError(`wrong number of fields in row ${i + 2}: ${row.length} instead of ${header.length}`, 0);
    }
    return v.object(header.map((name, column) => [name, v.string(row[column] as string)] as const));
  });
  return v.list(["object", Object.fromEntries(header.map((name) => [name, "string" as const]))], rows);
}

const quotedField = /"((?:[^"]|"")*)"/y;
const bareField = /[^,\r\n]*(?:\r(?!\n)[^,\r\n]*)*/y;

function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  let at = 0;
  while (at < text.length) {
    // Empty lines don't count.
    const line = /\r?\n/y;
    line.lastIndex = at;
    if (line.test(text)) {
      at = line.lastIndex;
      continue;
    }
    const row: string[] = [];
    for (;;) {
      const [field, after] = fieldAt(text, at, rows.length + 1);
      row.push(field);
      at = after + 1;
      if (text[after] === ",") continue;
      if (text[after] === "\r") at++;
      break;
    }
    rows.push(row);
  }
  return rows;
}

/** One field and where it ends: at a comma, a line's end, or the text's. */
function fieldAt(text: string, at: number, line: number): readonly [string, number] {
  if (text[at] !== '"') {
    bareField.lastIndex = at;
    const field = bareField.exec(text)?.[0] ?? "";
    if (field.includes('"'))
      throw new ArgumentError(`a bare quote in row ${line}: fields with quotes must be quoted whole`, 0);
    return [field, at + field.length];
  }
  quotedField.lastIndex = at;
  const match = quotedField.exec(text);
  if (match === null) throw new ArgumentError(`a quote is not closed in row ${line}`, 0);
  const after = at + match[0].length;
  const next = text[after];
  if (next !== undefined && next !== "," && next !== "\n" && !text.startsWith("\r\n", after)) {
    throw new ArgumentError(`extra text behind a quoted field in row ${line}`, 0);
  }
  return [(match[1] ?? "").replaceAll('""', '"').replaceAll("\r\n", "\n"), after];
}
