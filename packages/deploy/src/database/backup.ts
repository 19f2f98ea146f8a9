import { type Clock, fail } from "@doge/core";
import { commandLine, shellScript } from "../host/quote.ts";
import type { Host } from "../host/host.ts";
import type { Compose } from "../containers/docker.ts";
import { tailOf } from "../containers/containers.ts";

const dump = 'pg_dump --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --format custom';
const restore =
  'pg_restore --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --clean --if-exists --single-transaction';

/** What to type on the host to go back to a backup. */
export const restoreCommand = (services: Compose, file: string): string =>
  `${commandLine(services.exec("postgres", ["sh", "-c", restore]))} < ${commandLine([file])}`;

/**
 * Dumps the database into `folder` and reads the dump back; only one that pg_restore understands gets its
 * name. Throws `backup-failed`: a migration without a way back is not begun.
 */
export async function backUp(options: {
  readonly host: Host;
  readonly clock: Clock;
  readonly services: Compose;
  readonly folder: string;
}): Promise<{ readonly file: string; readonly bytes: number; readonly command: string }> {
  const { host, services, folder } = options;
  const stamp = options.clock.now().toISOString().slice(0, 19).replaceAll(/[-:]/g, "_");
  const file = `${folder}/backup_${stamp}.dump`;
  const script = `
    umask 077; mkdir -p "$(dirname "$1")"; trap 'rm -f "$1.partial"' EXIT
    ${commandLine(services.exec("postgres", ["sh", "-c", dump]))} > "$1.partial" < /dev/null
    entries=$(${commandLine(services.exec("postgres", ["pg_restore", "--list"]))} < "$1.partial" | grep -vc '^;' || true)
    if [ "\${entries:-0}" -eq 0 ]; then echo "the dump holds nothing" >&2; exit 46; fi
    sync "$1.partial" 2>/dev/null || sync
    mv "$1.partial" "$1"; wc -c < "$1"`;
  const result = await host.run({ argv: shellScript(script.trim(), file) });
  if (result.exitCode !== 0) {
    fail({
      code: "backup-failed",
      summary: "No restore point could be made, so nothing was migrated",
      detail: tailOf(result),
      address: host.name,
      remedy: "Check Postgres with `doge logs --service postgres` and the disk with `doge ssh`, then deploy again.",
    });
  }
  return { file, bytes: Number(result.stdout.trim()), command: restoreCommand(services, file) };
}

/** Removes all but the newest backups of releases. */
export const pruneBackups = (folder: string, keep: number): readonly string[] =>
  shellScript(
    'ls -1 "$1"/backup_*.dump 2>/dev/null | sort -r | tail -n "+$2" | xargs -r rm -f',
    folder,
    String(keep + 1),
  );
