import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { spawn } from "node:child_process";
import { type Http, type Processes, type ProcessResult } from "@doge/core";
import { nodeMachine } from "@doge/core/node";

export const root = resolve(import.meta.dirname, "../..");
/** `DEMO_FOLDER` puts a demo elsewhere, so that several can run. */
export const demoFolder = process.env["DEMO_FOLDER"] ?? join(root, ".demo");
export const cloudFolder = join(demoFolder, "cloud");
export const projectFolder = join(demoFolder, "doge-app");
export const envFile = join(demoFolder, "local.env");
export const slug = "doge-app";
export const domain = "doge-app.localhost";

/** The tool as a user has it: the built package. */
const tool = join(root, "dist/bin/doge");

export class DemoFailure extends Error {
  override readonly name = "DemoFailure";
}

export function demand(condition: unknown, message: string): asserts condition {
  if (!condition) throw new DemoFailure(message);
}

/** Tokens and addresses of the local cloud; empty before it was started. */
export const cloudEnv = (): Record<string, string> =>
  existsSync(envFile) ? (parseEnv(readFileSync(envFile, "utf8")) as Record<string, string>) : {};

/** HTTP as a client of the local cloud: through its proxy, trusting its authority. */
export const http = (): Http => nodeMachine({ ...process.env, ...cloudEnv() }).http;

export const processes: Processes = nodeMachine().processes;

/** Runs `doge` with its output shown. Throws where it fails. */
export async function doge(words: readonly string[], options: { readonly cwd?: string } = {}): Promise<void> {
  console.log(`\n$ doge ${words.join(" ")}`);
  const code = await new Promise<number>((done, fail) => {
    const child = spawn(tool, words, { cwd: options.cwd ?? root, stdio: "inherit" });
    child.on("error", fail);
    child.on("close", (status) => done(status ?? 1));
  });
  demand(code === 0, `doge ${words.join(" ")} ended with exit code ${code}`);
}

/** Runs `doge … --json` and returns its data; the exit code is the caller's to judge. */
export async function dogeJson<T>(
  words: readonly string[],
  cwd = projectFolder,
): Promise<{ readonly data: T; readonly exitCode: number; readonly raw: ProcessResult }> {
  const raw = await processes.run({ argv: [tool, ...words, "--json", "--quiet"], cwd });
  demand(raw.stdout.trim() !== "", `doge ${words.join(" ")} --json printed nothing: ${raw.stderr}`);
  return { data: (JSON.parse(raw.stdout) as { data: T }).data, exitCode: raw.exitCode, raw };
}

/** git in the project, shown, with the token by header. */
export async function git(...words: string[]): Promise<string> {
  const env = cloudEnv();
  const authorization = `Authorization: Basic ${Buffer.from(`x-access-token:${env["GITHUB_TOKEN"]}`).toString("base64")}`;
  console.log(`$ git ${words.join(" ")}`);
  const { exitCode, stdout, stderr } = await processes.run({
    argv: ["git", "-c", "user.name=Shibe", "-c", "user.email=shibe@example.com", ...words],
    cwd: projectFolder,
    env: {
      GIT_TERMINAL_PROMPT: "0",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `http.${env["GITHUB_SERVER_URL"]}/.extraheader`,
      GIT_CONFIG_VALUE_0: authorization,
    },
  });
  demand(exitCode === 0, `git ${words.join(" ")} failed: ${stderr}`);
  return stdout.trim();
}

/** What happened when: printed at the end. */
export class Timeline {
  readonly #started = Date.now();
  readonly #rows: { readonly title: string; readonly milliseconds: number }[] = [];

  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    console.log(`\n── ${title}`);
    const started = Date.now();
    const value = await work();
    this.#rows.push({ title, milliseconds: Date.now() - started });
    return value;
  }

  /** `[{ title, milliseconds }]`, for the bench. */
  toJSON(): unknown {
    return [...this.#rows, { title: "in all", milliseconds: this.totalMilliseconds }];
  }

  get totalMilliseconds(): number {
    return Date.now() - this.#started;
  }

  toString(): string {
    const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1).padStart(6)} s`;
    return [
      ...this.#rows.map((r) => `  ${seconds(r.milliseconds)}  ${r.title}`),
      `  ${seconds(this.totalMilliseconds)}  in all`,
    ].join("\n");
  }
}
