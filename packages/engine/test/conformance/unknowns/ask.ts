/** What a plan knows of an expression with unknown values in it, from terraform and from us. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DogeError } from "@doge/core";
import { attributeOf } from "../../../src/lang/access.ts";
import { evaluate, type Scope } from "../../../src/lang/evaluate.ts";
import { parseExpression } from "../../../src/lang/parser.ts";
import * as v from "../../../src/lang/values.ts";

/** The value with `(unknown)` in the place of what only the apply will tell. */
export type Known = unknown;

export const unknownExpressions: readonly string[] = readFileSync(join(import.meta.dirname, "expressions.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "");

export const goldenFile = join(import.meta.dirname, "golden.json");

const declarations = `
resource "terraform_data" "u" {
  input = timestamp()
}
locals {
  some = terraform_data.u.id
  any  = jsondecode(terraform_data.u.id)
}
`;

interface Change {
  readonly after?: { readonly v?: unknown };
  readonly after_unknown: boolean | { readonly v?: unknown };
}

export function askTerraform(): Known[] {
  const folder = mkdtempSync(join(tmpdir(), "doge-unknowns-"));
  const run = (...argv: readonly string[]): string => {
    const env = { ...process.env, TF_CLI_CONFIG_FILE: join(folder, "terraform.rc"), CHECKPOINT_DISABLE: "1" };
    const done = spawnSync("terraform", argv, { cwd: folder, encoding: "utf8", env, maxBuffer: 1 << 26 });
    if (done.status !== 0) throw new Error(`terraform ${argv[0]}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  };
  try {
    writeFileSync(join(folder, "terraform.rc"), "");
    const outputs = unknownExpressions.map(
      (one, i) => `output "e${i}" {\n  sensitive = true\n  value = { v = (\n${one}\n) }\n}\n`,
    );
    writeFileSync(join(folder, "main.tf"), declarations + outputs.join(""));
    run("init");
    run("plan", "-out", "plan");
    const plan = JSON.parse(run("show", "-json", "plan")) as { readonly output_changes: Record<string, Change> };
    return unknownExpressions.map((_, i) => {
      const { after, after_unknown: unknown } = plan.output_changes[`e${i}`] as Change;
      return merged(after?.v, unknown === true ? true : unknown === false ? false : unknown.v);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Terraform tells values and what is unknown apart; both as one. */
function merged(value: unknown, unknown: unknown): Known {
  if (unknown === true) return "(unknown)";
  if (Array.isArray(unknown)) return unknown.map((one, i) => merged((value as unknown[] | undefined)?.[i], one));
  if (typeof unknown === "object" && unknown !== null) {
    const names = new Set([...Object.keys(unknown), ...Object.keys((value as object | undefined) ?? {})]);
    const all = [...names].sort().map((name) => {
      const [one, other] = [
        (value as Record<string, unknown> | undefined)?.[name],
        (unknown as Record<string, unknown>)[name],
      ];
      return [name, merged(one, other)] as const;
    });
    return Object.fromEntries(all);
  }
  return value ?? null;
}

const scope: Scope = {
  value: ({ names }) => (names[0] === "some" ? v.someOf("string") : v.unknownOf()),
};

export function ask(expression: string): Known {
  try {
    return shown(attributeOf(evaluate(parseExpression(`{ v = (\n${expression}\n) }`), scope), "v"));
  } catch (thrown) {
    if (thrown instanceof DogeError) return `error: ${thrown.message}`;
    throw thrown;
  }
}

function shown(value: v.Value): Known {
  if (value.kind === "unknown") return "(unknown)";
  if (v.isSequence(value)) return value.items.map(shown);
  if (v.isMapping(value)) return Object.fromEntries([...value.entries].map(([name, one]) => [name, shown(one)]));
  return v.toPlain(value);
}
