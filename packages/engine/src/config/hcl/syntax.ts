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
export function firstProblem(root: Node): Node | undefined {
  if (!root.hasError) return undefined;
  let node = root;
  while (!node.isError && !node.isMissing) {
    const wrong = childrenOf(node).find((child) => child.hasError);
    if (wrong === undefined) break;
    node = wrong;
  }
  return node;
}
