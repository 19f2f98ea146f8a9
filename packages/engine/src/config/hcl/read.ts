import { type Diagnostic, diagnosticsOf, error, fail } from "@doge/core";
import type { Node as SyntaxNode } from "web-tree-sitter";
import type { Node } from "../../lang/ast.ts";
import { SyntaxFailure } from "../../lang/cursor.ts";
import { emptyScope, evaluate } from "../../lang/evaluate.ts";
import { nullOf } from "../../lang/values.ts";
import { parseExpression } from "../../lang/parser.ts";
import { locating, placed } from "../locate.ts";
import type { Place, Source } from "../model.ts";
import type { SourceBlock, SourceBody, SourceItem } from "../source.ts";
import { childrenOf, firstProblem, hclParser } from "./syntax.ts";

interface Reading {
  readonly source: Source;
  readonly diagnostics: Diagnostic[];
}

/** A `*.tf` or `*.tfvars` file as a body; what is wrong with its syntax goes to `diagnostics`. */
export async function readHcl(source: Source, diagnostics: Diagnostic[]): Promise<SourceBody> {
  const parse = await hclParser();
  const tree = parse(source.content);
  try {
    const reading = { source, diagnostics };
    const root = tree.rootNode;
    const body = childrenOf(root).find((child) => child.type === "body");
    const known = diagnostics.length;
    const read = bodyOf(reading, body, placeOf(source, [], 0, source.content.length));
    // What no argument and no block has reported.
    const problem = diagnostics.length === known ? firstProblem(root) : undefined;
    if (problem) diagnostics.push(syntaxProblem(reading, problem));
    return read;
  } finally {
    tree.delete();
  }
}

const placeOf = (source: Source, path: Place["path"], start: number, end: number): Place => ({
  source,
  path,
  span: [start, end],
});

function bodyOf(reading: Reading, body: SyntaxNode | undefined, place: Place): SourceBody {
  const items: SourceItem[] = [];
  const names = new Set<string>();
  let before: SyntaxNode | undefined;
  for (const child of body ? childrenOf(body) : []) {
    if (child.type !== "attribute" && child.type !== "block") continue;
    if (before && !reading.source.content.slice(before.endIndex, child.startIndex).includes("\n"))
      reading.diagnostics.push(sameLine(reading, before, child));
    before = child;
    if (child.type === "block") items.push(blockItem(reading, child, place));
    else {
      const item = attributeItem(reading, child, place);
      if (names.has(item.name)) reading.diagnostics.push(placed(twice(item.name), item.place));
      else items.push(item);
      names.add(item.name);
    }
  }
  const close =
    body?.parent?.type === "block" ? childrenOf(body.parent).find((one) => one.type === "block_end") : undefined;
  if (before && !before.hasError && close && !close.isMissing)
    closingLine(reading, body?.parent as SyntaxNode, before, close);
  return { place, items };
}

/** Only a block of one argument may stand on one line. */
function closingLine(reading: Reading, block: SyntaxNode, last: SyntaxNode, close: SyntaxNode): void {
  const text = reading.source.content;
  const opening = childrenOf(block).find((one) => one.type === "block_start");
  const oneLine = opening !== undefined && !text.slice(opening.startIndex, last.startIndex).includes("\n");
  const closed = !text.slice(last.endIndex, close.startIndex).includes("\n");
  if (
    last.type === "block"
      ? closed
      : closed !== oneLine && (closed || !text.slice(last.startIndex, last.endIndex).includes("\n"))
  )
    reading.diagnostics.push(sameLine(reading, last, close));
}

function attributeItem({ source, diagnostics }: Reading, node: SyntaxNode, outer: Place): SourceItem {
  const name = childrenOf(node)[0]?.text ?? "";
  const place = placeOf(source, [...outer.path, name], node.startIndex, node.endIndex);
  const assignment = source.content.indexOf("=", node.startIndex + name.length);
  const start = assignment + 1;
  // Behind an error the grammar's end is a guess: our own parser says what is wrong on the line.
  const line = source.content.indexOf("\n", start);
  const lineEnd = line < 0 ? source.content.length : line;
  const blank = source.content.slice(start, lineEnd).trim() === "";
  const end = !node.hasError ? node.endIndex : blank ? lineEnd : Math.max(node.endIndex, lineEnd);
  let parsed: Node | undefined;
  const node_ = (): Node => (parsed ??= parseAt(source, place, start, end));
  if (node.hasError) {
    try {
      node_();
    } catch (thrown) {
      diagnostics.push(...diagnosticsOf(thrown));
      // It is told; whoever asks for the value goes on without.
      parsed = { kind: "literal", value: nullOf() };
    }
  }
  return {
    name,
    place,
    kind: "attribute",
    attribute: () => ({ place, node: node_, bare: node_, value: () => evaluate(node_(), emptyScope) }),
    blocks: () =>
      locating(place, undefined, () =>
        fail({
          code: "config-wrong-shape",
          summary: "Unsupported argument",
          detail: `An argument named "${name}" is not expected here. Did you mean to define a block of type "${name}"?`,
        }),
      ),
  };
}

/** Our own parser reads the expression; its complaint points into the file. */
function parseAt(source: Source, place: Place, start: number, end: number): Node {
  try {
    return parseExpression(source.content.slice(start, end));
  } catch (thrown) {
    const at = thrown instanceof SyntaxFailure ? start + thrown.offset : start;
    return locating({ ...place, span: [at, Math.max(at, end)] }, undefined, () => {
      throw thrown;
    });
  }
}

function blockItem(reading: Reading, node: SyntaxNode, outer: Place): SourceItem {
  const { source } = reading;
  const children = childrenOf(node);
  const [name = "", ...labels] = children
    .filter((child) => child.type === "identifier" || child.type === "string_lit")
    .map((child) => (child.type === "identifier" ? child.text : labelOf(child.text)));
  const opening = children.find((child) => child.type === "block_start");
  const place = placeOf(
    source,
    [...outer.path, name, ...labels],
    node.startIndex,
    opening?.startIndex ?? node.endIndex,
  );
  const block: SourceBlock = {
    labels,
    place,
    body: bodyOf(
      reading,
      children.find((child) => child.type === "body"),
      place,
    ),
  };
  return {
    name,
    place,
    kind: "block",
    attribute: () =>
      locating(place, undefined, () =>
        fail({
          code: "config-wrong-shape",
          summary: "Unsupported block type",
          detail: `Blocks of type "${name}" are not expected here. Did you mean to define argument "${name}"? If so, use the equals sign to assign it a value.`,
        }),
      ),
    blocks(count) {
      if (labels.length !== count) wrongLabels(name, labels.length, count, place);
      return [block];
    },
  };
}

const labelOf = (text: string): string => {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.replace(/^"|"$/g, "");
  }
};

const wrongLabels = (name: string, given: number, wanted: number, place: Place): never =>
  locating(place, undefined, () =>
    fail({
      code: "config-wrong-labels",
      summary: given < wanted ? `Missing name for ${name}` : `Extraneous label for ${name}`,
      detail:
        wanted === 0
          ? `No labels are expected for ${name} blocks.`
          : `All ${name} blocks must have ${wanted} ${wanted === 1 ? "label" : "labels"}; this one has ${given}.`,
    }),
  );

const twice = (name: string): Diagnostic =>
  error({
    code: "config-duplicate",
    summary: "Attribute redefined",
    detail: `The argument "${name}" was already set. Each argument may be set only once.`,
  });

const sameLine = ({ source }: Reading, before: SyntaxNode, node: SyntaxNode): Diagnostic =>
  placed(
    error({
      code: "syntax",
      summary: `Missing newline after ${before.type === "block" ? "block definition" : "argument"}`,
      detail: "An argument or block definition must be on a line of its own.",
    }),
    placeOf(source, [], node.startIndex, node.endIndex),
  );

function syntaxProblem({ source }: Reading, node: SyntaxNode): Diagnostic {
  const start = Math.min(node.startIndex, Math.max(0, source.content.trimEnd().length - 1));
  const place = placeOf(source, [], start, Math.max(start, node.endIndex));
  if (node.isMissing && node.type === "block_end") {
    const summary = "Unclosed configuration block";
    return placed(
      error({
        code: "syntax",
        summary,
        detail: "There is no closing brace for this block before the end of the file.",
      }),
      place,
    );
  }
  const near = source.content.slice(start, start + 30).split("\n")[0] ?? "";
  return placed(
    error({
      code: "syntax",
      summary: "Argument or block definition required",
      detail: `An argument (name = value) or a block (name { … }) is expected here, found \`${near.trim()}\`.`,
    }),
    place,
  );
}
