import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";

export interface GitResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** git failed where it should not have. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly exitCode: number;

  constructor(args: readonly string[], result: GitResult) {
    super(`git ${args[0] ?? ""} ended with ${result.exitCode}: ${result.stderr.trim()}`);
    this.exitCode = result.exitCode;
  }
}

/** The user's and the machine's git configuration must not change what the stand-in does. */
export function gitEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    LC_ALL: "C",
    TZ: "UTC",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    ...more,
  };
}

export function spawnGit(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): ChildProcessWithoutNullStreams {
  const child = spawn("git", args, { cwd: options.cwd, env: gitEnvironment(options.env), stdio: "pipe" });
  // A child that ends before it has read all of its input is no error of ours; its exit code tells.
  child.stdin.on("error", () => {});
  return child;
}

export interface GitOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
}

/** Runs git to its end. Any exit code is an answer. */
export function runGit(
  args: readonly string[],
  options: GitOptions & { readonly cwd?: string } = {},
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawnGit(args, options);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({ exitCode: code ?? 128, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
    );
    child.stdin.end(options.input);
  });
}
