/** The corpus: expressions by subject in `expressions/*.txt`, and terraform's answers in `golden/*.json`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DogeError } from "@doge/core";
import { nodeProjectFiles } from "@doge/core/node";
import { evaluate, type Scope } from "../../src/lang/evaluate.ts";
import { encodeJson } from "../../src/lang/functions/json.ts";
import { parseExpression } from "../../src/lang/parser.ts";
import * as v from "../../src/lang/values.ts";
import type { Type } from "../../src/schema.ts";

/** Type and value as JSON text, or the summary of the error. */
export type Answer = { readonly type: string; readonly value: string } | { readonly error: string };

export const goldenPath = (subject: string): string => join(import.meta.dirname, "golden", `${subject}.json`);

/** Lines of a file are expressions; where some take several lines, `----` parts them. */
export function readCorpus(): ReadonlyMap<string, readonly string[]> {
  const folder = join(import.meta.dirname, "expressions");
  return new Map(
    readdirSync(folder).map((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      const entries = text.includes("\n----\n") ? text.split("\n----\n") : text.split("\n");
      return [
        name.replace(".txt", ""),
        entries.map((entry) => entry.replace(/\n$/, "")).filter((entry) => entry !== ""),
      ];
    }),
  );
}

export type Golden = Readonly<Record<string, Answer>>;

export const readGolden = (subject: string): Golden =>
  existsSync(goldenPath(subject)) ? (JSON.parse(readFileSync(goldenPath(subject), "utf8")) as Golden) : {};

const scope: Scope = {
  host: { files: nodeProjectFiles(join(import.meta.dirname, "files")) },
  value: ({ root, names }) => {
    if (root === "path") return v.string(".");
    throw new DogeError([
      { severity: "error", code: "undeclared", summary: "Invalid reference", detail: [root, ...names].join(".") },
    ]);
  },
};

/** Our own answer. */
export function ask(expression: string): Answer {
  try {
    const value = v.unmarkDeep(evaluate(parseExpression(expression), scope));
    return { type: typeText(v.typeOf(value)), value: encodeJson(value) };
  } catch (thrown) {
    if (thrown instanceof DogeError) return { error: thrown.diagnostics[0]?.summary ?? "" };
    throw thrown;
  }
}

/** Types as text, attributes in order. */
export function typeText(type: Type): string {
  if (typeof type === "string") return type;
  if (type[0] === "object") {
    const fields = Object.entries(type[1]).sort(([a], [b]) => v.compareText(a, b));
    return `object({${fields.map(([name, field]) => `${JSON.stringify(name)}:${typeText(field)}`).join(",")}})`;
  }
  return type[0] === "tuple" ? `tuple([${type[1].map(typeText).join(",")}])` : `${type[0]}(${typeText(type[1])})`;
}
