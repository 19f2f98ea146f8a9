import { spawnSync } from "node:child_process";

/** Runs a program of this machine; throws with its last lines where it fails. */
export function run(argv: readonly string[], options: { readonly input?: string; readonly cwd?: string } = {}): string {
  const [program = "", ...rest] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, rest, {
    ...options,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  if (status === 0) return stdout;
  const lines = `${stdout}\n${stderr}`.trim().split("\n").slice(-12).join("\n");
  throw new Error(`${argv.slice(0, 6).join(" ")} ended with ${status}:\n${lines}`);
}

/** For what may be gone already. */
export const attempt = (argv: readonly string[]): boolean =>
  spawnSync(argv[0] ?? "", argv.slice(1), { stdio: "ignore" }).status === 0;

export async function until(what: string, seconds: number, done: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
