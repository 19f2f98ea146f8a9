import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { corpus, failures } from "./expression-corpus.ts";

const present = spawnSync("terraform", ["version"]).status === 0;

/** One `terraform console` for all of them: piped, it prints the last line's value only. */
function ask(expressions: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "doge-console-"));
  try {
    const config = join(folder, "terraform.rc");
    writeFileSync(config, "");
    const input = `base64encode(jsonencode([${expressions.map((source) => `jsonencode(${source})`).join(", ")}]))\n`;
    const run = spawnSync("terraform", ["console"], {
      cwd: folder,
      input,
      encoding: "utf8",
      env: { ...process.env, TF_CLI_CONFIG_FILE: config, CHECKPOINT_DISABLE: "1" },
    });
    if (run.status !== 0) throw new Error(run.stderr);
    return JSON.parse(Buffer.from(JSON.parse(run.stdout) as string, "base64").toString()) as string[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.skipIf(!present)("the real terraform gives the same for the whole corpus", () => {
  const answers = ask(corpus.map(([source]) => source));
  const theirs = corpus.map(([source], i) => [source, JSON.parse(answers[i] ?? "null")]);
  expect(theirs).toEqual(corpus.map(([source, json]) => [source, JSON.parse(json)]));
});

test.skipIf(!present)("what fails here fails there", () => {
  const parseable = failures.filter(
    ([, code]) => code !== "syntax" && code !== "unknown-function" && code !== "argument-count",
  );
  for (const [source] of parseable) expect(() => ask([source])).toThrow("Error:");
});
