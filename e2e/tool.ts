import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The tool as a user has it: the built package. */
export const tool = join(import.meta.dirname, "../dist/bin/doge");
if (!existsSync(tool)) throw new Error("dist/ is missing: run make build first");

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real binary to its end, without a terminal. */
export async function doge(
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<Ran> {
  const child = spawn(tool, words, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const exitCode = await new Promise<number | null>((done, failed) => child.on("error", failed).on("close", done));
  return { exitCode, stdout, stderr };
}
