import { fail, TransportError } from "@doge/core";
import type { Host } from "../host/host.ts";
import type { Compose } from "../containers/docker.ts";
import { tailOf } from "../containers/containers.ts";

export interface MigrationList {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/** Asks the new image what it would migrate. Undefined where the app has no command for it. */
export async function pendingMigrations(
  host: Host,
  task: Compose,
  command: readonly string[] | undefined,
): Promise<MigrationList | undefined> {
  if (!command) return undefined;
  const result = await host.run({ argv: task.runOnce("app", command) });
  const line = result.stdout.split("\n").findLast((text) => text.trimStart().startsWith("{"));
  if (result.exitCode !== 0 || !line) failed(host, command, `exit code ${result.exitCode}:\n${tailOf(result)}`);
  return JSON.parse(line) as MigrationList;
}

/** Runs the migrations once, in the new image, while the old release serves. */
export async function runMigrations(
  host: Host,
  task: Compose,
  command: readonly string[],
  options: { readonly timeoutMilliseconds: number; readonly onLine: (line: string) => void },
): Promise<void> {
  let rest = "";
  try {
    const result = await host.run({
      argv: task.runOnce("app", command),
      timeoutMilliseconds: options.timeoutMilliseconds,
      onOutput: (chunk) => {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") options.onLine(line);
      },
    });
    if (result.exitCode !== 0) failed(host, command, `exit code ${result.exitCode}:\n${tailOf(result)}`);
  } catch (thrown) {
    if (!(thrown instanceof TransportError) || thrown.reason !== "timeout") throw thrown;
    // Its container knows nothing of our patience: left alone, it would migrate later, at any moment.
    await host.run({ argv: task.removeRuns() });
    failed(host, command, `still running after ${Math.round(options.timeoutMilliseconds / 1000)} s`);
  }
}

function failed(host: Host, command: readonly string[], detail: string): never {
  fail({
    code: "migration-failed",
    summary: "The migration failed; the old release goes on serving",
    detail: `${command.join(" ")}: ${detail}`,
    address: host.name,
    remedy: "Mend the migration and deploy again. The restore point, if one was made, stands in ~/doge/…/backups.",
  });
}
