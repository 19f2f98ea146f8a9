import { createRequire } from "node:module";

/** The grammar's file. tools/build.ts puts another module in this one's place: in the bundle it lies beside the code. */
export const grammarFile = (): string =>
  createRequire(import.meta.url).resolve("@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-hcl.wasm");
