import { Language, type Node, Parser, type Tree } from "web-tree-sitter";
import { grammarFile } from "./wasm.ts";

let parser: Promise<Parser> | undefined;

/** The structure of HCL files, by tree-sitter's grammar: blocks, labels, and where each expression stands. */
export async function hclParser(): Promise<(text: string) => Tree> {
  parser ??= load();
  const ready = await parser;
  return (text) => ready.parse(text) as Tree;
}

async function load(): Promise<Parser> {
  await Parser.init();
  const made = new Parser();
  made.setLanguage(await Language.load(grammarFile()));
  return made;
}

export const childrenOf = (node: Node): readonly Node[] => node.children.filter((child) => child !== null);

/** The first node that the grammar had no rule for, or that it missed. */
export function firstProblem(node: Node): Node | undefined {
  if (!node.hasError) return undefined;
  if (node.isError || node.isMissing) return node;
  for (const child of childrenOf(node)) {
    const found = firstProblem(child);
    if (found) return found;
  }
  return node;
}
