/** Expressions put to the real terraform, many at once, as outputs of one configuration. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJson, encodeJson } from "../../src/lang/functions/json.ts";
import { attributeOf } from "../../src/lang/access.ts";
import type { Type } from "../../src/schema.ts";
import { type Answer, typeText } from "./corpus.ts";

export const terraformIsHere = spawnSync("terraform", ["version"]).status === 0;

interface Diagnosis {
  readonly severity: string;
  readonly summary: string;
  readonly detail: string;
  readonly range?: { readonly filename: string };
}

/** What terraform makes of each expression: its type and value, or the summary of its first error. */
export function askTerraform(expressions: readonly string[]): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), "doge-conformance-"));
  try {
    cpSync(join(import.meta.dirname, "files"), folder, { recursive: true });
    writeFileSync(join(folder, "terraform.rc"), "");
    return new Questions(folder, expressions).answers();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Questions {
  readonly #folder: string;
  readonly #expressions: readonly string[];
  readonly #failed = new Map<number, string>();

  constructor(folder: string, expressions: readonly string[]) {
    this.#folder = folder;
    this.#expressions = expressions;
    for (const [i, expression] of expressions.entries()) {
      writeFileSync(
        join(folder, `e${i}.tf`),
        `output "e${i}" {\n  sensitive = true\n  value = { v = (\n${expression}\n) }\n}\n`,
      );
    }
  }

  answers(): Answer[] {
    this.#settle(["validate", "-json"], (stdout) => (JSON.parse(stdout) as { diagnostics: Diagnosis[] }).diagnostics);
    this.#settle(["plan", "-json", "-input=false"], diagnosesOf);
    this.#settle(["apply", "-json", "-auto-approve", "-input=false"], (stdout) =>
      diagnosesOf(stdout).flatMap(unserializable),
    );
    const state = readFileSync(join(this.#folder, "terraform.tfstate"), "utf8");
    const types = (JSON.parse(state) as { outputs: Record<string, { type: ["object", { v: Type }] }> }).outputs;
    const values = attributeOf(decodeJson(state), "outputs");
    return this.#expressions.map((_, i) => {
      const failure = this.#failed.get(i);
      if (failure !== undefined) return { error: failure };
      const value = attributeOf(attributeOf(attributeOf(values, `e${i}`), "value"), "v");
      return { type: typeText(types[`e${i}`]?.type[1].v ?? "dynamic"), value: encodeJson(value) };
    });
  }

  /** Takes what fails out of the folder until nothing does: a syntax error hides the others. */
  #settle(argv: readonly string[], diagnoses: (stdout: string) => readonly Diagnosis[]): void {
    for (;;) {
      const { stdout, stderr } = this.#run(argv);
      const found = diagnoses(stdout).filter((one) => one.severity === "error");
      if (found.length === 0) return;
      const placed = found.flatMap(({ summary, range }) => {
        const at = /^e(\d+)\.tf$/.exec(range?.filename ?? "")?.[1];
        return at === undefined ? [] : [[Number(at), summary] as const];
      });
      if (placed.length === 0)
        throw new Error(`terraform ${argv[0]}: ${found[0]?.summary}: ${found[0]?.detail}\n${stderr}`);
      for (const [at, summary] of placed) {
        if (!this.#failed.has(at)) this.#failed.set(at, summary);
        rmSync(join(this.#folder, `e${at}.tf`), { force: true });
      }
    }
  }

  #run(argv: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    const env = { ...process.env, TF_CLI_CONFIG_FILE: join(this.#folder, "terraform.rc"), CHECKPOINT_DISABLE: "1" };
    return spawnSync("terraform", argv, { cwd: this.#folder, encoding: "utf8", env, maxBuffer: 1 << 28 });
  }
}

/** Terraform computes infinity, and then can't save the state: one diagnosis for each output that is named. */
function unserializable(given: Diagnosis): Diagnosis[] {
  const named = [...given.detail.matchAll(/output value "(e\d+)": (cannot serialize infinity)/g)];
  if (named.length === 0) return [given];
  return named.map(([, name = "", summary = ""]) => ({ ...given, summary, range: { filename: `${name}.tf` } }));
}

const diagnosesOf = (stdout: string): Diagnosis[] =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly type: string; readonly diagnostic?: Diagnosis })
    .flatMap(({ diagnostic }) => (diagnostic ? [diagnostic] : []));
