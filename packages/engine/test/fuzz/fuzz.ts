import { DogeError, hasErrors } from "@doge/core";
import { nodeProjectFiles } from "@doge/core/node";
import { join } from "node:path";
import { readCorpus } from "../conformance/corpus.ts";
import { loadConfiguration } from "../../src/index.ts";
import { evaluate } from "../../src/lang/evaluate.ts";
import { parseExpression, parseTemplateText } from "../../src/lang/parser.ts";
import * as v from "../../src/lang/values.ts";
import { Bench } from "../memory.ts";
import { configurations } from "./configurations.ts";
import { mutated } from "./mutate.ts";

/** Longer than any input of this size may take, on a machine that is busy with other things. */
const longestMilliseconds = 10_000;

const expressions = [...readCorpus().values()].flat();
const host = { files: nodeProjectFiles(join(import.meta.dirname, "../conformance/files")) };
const scope = { host, value: () => v.unknownOf() };

/** Throws for anything but a value or diagnostics, and for what takes too long. */
async function attempt(kind: string, seed: number, text: string, body: () => unknown): Promise<void> {
  const started = performance.now();
  try {
    await body();
  } catch (thrown) {
    if (!(thrown instanceof DogeError))
      throw new Error(`${kind} of seed ${seed} crashed on ${show(text)}`, { cause: thrown });
  }
  const milliseconds = performance.now() - started;
  if (milliseconds > longestMilliseconds)
    throw new Error(`${kind} of seed ${seed} took ${milliseconds} ms: ${show(text)}`);
}

const show = (text: string): string => JSON.stringify(text.length > 500 ? `${text.slice(0, 500)}…` : text);

/** One seed: an expression, a template, and a configuration that is loaded and, where it loads, planned. */
export async function fuzz(seed: number): Promise<void> {
  const expression = mutated(seed, expressions);
  await attempt("expression", seed, expression, () => evaluate(parseExpression(expression), scope));
  await attempt("template", seed, expression, () => evaluate(parseTemplateText(expression), scope));
  const text = mutated(seed, configurations);
  await attempt("configuration", seed, text, async () => {
    const source = seed % 4 === 0 ? { file: "main.tf.json", content: text } : { file: "main.tf", content: text };
    const loaded = await loadConfiguration([source]);
    check(loaded.diagnostics);
    if (loaded.value === undefined || hasErrors(loaded.diagnostics)) return;
    check((await new Bench().outcome(new Map([[source.file, text]]))).diagnostics);
  });
}

function check(diagnostics: readonly { readonly code: string; readonly detail?: string }[]): void {
  const bug = diagnostics.find((one) => one.code === "internal");
  if (bug) throw new Error(`a diagnostic that names a bug: ${bug.detail}`);
}
