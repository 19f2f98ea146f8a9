import { commandLine } from "../../packages/deploy/src/index.ts";
import type { Place } from "../../e2e/support/app.ts";

/**
 * What most scripts do, on the same host behind the same edge: stop the release, start it again with what is new,
 * wait until it runs.
 */
export async function runNaive(
  { host }: Place,
  rounds: number,
  pauseMilliseconds: number,
  windows: { from: number; to: number }[],
): Promise<number> {
  const found = await host.run({ argv: ["docker", "ps", "--filter", "name=^app-", "--format", "{{.Names}}"] });
  const container = found.stdout.trim();
  const script = commandLine(["docker", "stop", container]) + " && " + commandLine(["docker", "start", container]);
  for (let round = 0; round < rounds; round++) {
    const from = Date.now();
    const { exitCode, stderr } = await host.run({ argv: ["sh", "-c", script] });
    if (exitCode !== 0) throw new Error(`the naive order: ${stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    windows.push({ from, to: Date.now() });
    await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
  }
  return rounds;
}
