import { fail } from "@doge/core";
import { tailOf } from "../containers/containers.ts";
import type { Host, HostCommand } from "../host/host.ts";
import { commandLine, shellScript } from "../host/quote.ts";
import { absent, unreached } from "./script.ts";
import type { Layout } from "../release/layout.ts";
import type { RestorePoint } from "../release/model.ts";

/** A backup that was restored into a throw-away database and compared with the snapshot it is of. */
export interface BackupProof {
  /** On the host. */
  readonly file: string;
  readonly bytes: number;
  readonly tables: number;
  readonly rows: number;
}

/** What the last scheduled backup came to, as the host noted it. */
export interface BackupStatus {
  readonly at: string;
  readonly ok: boolean;
  /** Whether it is in Spaces too. */
  readonly offsite: boolean;
  readonly detail: string;
  /** The last that was proven: this one, or where it failed before its proof, an earlier one. */
  readonly backup: BackupProof | null;
}

export interface StoredBackup {
  readonly file: string;
  readonly bytes: number;
  readonly at: string;
}

/** Exit code where the script is not there. */
const none = 44;

/** Runs the host's own script for backups; throws `backup-failed` with what it says. */
async function db(
  host: Host,
  layout: Layout,
  words: readonly string[],
  options: Omit<HostCommand, "argv"> & { readonly summary?: string } = {},
): Promise<string> {
  const { summary = "The database command failed on the droplet", ...rest } = options;
  // 127 would also be a program that the script itself does not find.
  const argv = shellScript(`[ -x "$1" ] || exit ${none}; exec "$@"`, layout.databaseScript, ...words);
  const result = await host.run({ ...rest, argv });
  if (result.exitCode === none) {
    fail({
      code: "backup-none",
      summary: "This droplet has no database of Doge's",
      detail: `${layout.databaseScript} is not there`,
      address: host.name,
      remedy:
        "It comes with the first deploy, where the compose files have a service `postgres`, or DATABASE_URL leads elsewhere.",
    });
  }
  if (result.exitCode === absent) {
    fail({
      code: "backup-absent",
      summary: "There is no such backup on the droplet",
      detail: tailOf(result),
      address: host.name,
      remedy: "`doge db list` names those that are there. `doge db backup` takes one, `doge db download` fetches one.",
    });
  }
  if (result.exitCode === unreached) {
    fail({
      code: "backup-spaces",
      summary: "Spaces did not take or give the backup",
      detail: tailOf(result),
      address: host.name,
      remedy:
        "Its name, as `doge db list --spaces` shows it. The bucket: `doge plan` of the environment. The keys: SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY, then `doge env push`.",
    });
  }
  if (result.exitCode !== 0) {
    fail({
      code: "backup-failed",
      summary,
      detail: tailOf(result),
      address: host.name,
      remedy:
        "Check Postgres with `doge logs --service postgres` and the disk with `doge ssh`, then run this again. Where it does not run, `doge deploy` starts it.",
    });
  }
  return result.stdout;
}

const lastJson = <T>(text: string): T => JSON.parse(text.trim().split("\n").at(-1) ?? "") as T;

/** Takes a backup and reads it back, before a migration. Its restore command is for the release's record. */
export async function takeRestorePoint(host: Host, layout: Layout): Promise<RestorePoint> {
  const summary = "No restore point could be made, so nothing was migrated";
  const { file, bytes } = lastJson<{ file: string; bytes: number }>(await db(host, layout, ["point"], { summary }));
  return { file, bytes, command: commandLine([layout.databaseScript, "restore", file]) };
}

/** Takes a backup and proves it. */
export const takeBackup = async (host: Host, layout: Layout): Promise<BackupProof> =>
  lastJson<BackupProof>(await db(host, layout, ["backup"], { summary: "The backup failed" }));

/** Restores a backup (the newest unless told) into a throw-away database and compares. */
export const verifyBackup = async (host: Host, layout: Layout, file?: string): Promise<BackupProof> =>
  lastJson<BackupProof>(
    await db(host, layout, ["verify", ...(file === undefined ? [] : [file])], { summary: "The backup is not good" }),
  );

/** Newest first. */
export async function listBackups(host: Host, layout: Layout): Promise<readonly StoredBackup[]> {
  const text = await db(host, layout, ["list"]);
  return text.split("\n").flatMap((line) => {
    const [file, bytes, at] = line.split("\t");
    return file && bytes && at ? [{ file, bytes: Number(bytes), at }] : [];
  });
}

/** Puts a backup in the database's place, after it was restored beside it and compared. The old one stays, renamed. */
export const restoreBackup = async (
  host: Host,
  layout: Layout,
  file: string,
): Promise<{ readonly restored: string; readonly database: string; readonly before: string }> =>
  lastJson(await db(host, layout, ["restore", file], { summary: "Nothing was restored: the database is as it was" }));

/** The scheduled backup, now. */
export async function runScheduledBackup(host: Host, layout: Layout): Promise<void> {
  await db(host, layout, ["scheduled"], { summary: "The scheduled backup failed" });
}

/** Copies a backup to the environment's Space, encrypted, or from there; returns its name there, or its file here. */
export const moveBackup = async (
  host: Host,
  layout: Layout,
  direction: "upload" | "download",
  name: string,
): Promise<string> => (await db(host, layout, [direction, name])).trim();

/** A copy of the database after `sanitize` ran on it, as base64: what is private does not leave the host. */
export const exportDatabase = (host: Host, layout: Layout, sanitize: string): Promise<string> =>
  db(host, layout, ["export"], { stdin: sanitize, summary: "The copy could not be made" });

/** Keeps what `exportDatabase` gave as a backup, proven. */
export const importDatabase = async (host: Host, layout: Layout, copy: string): Promise<BackupProof> =>
  lastJson<BackupProof>(await db(host, layout, ["import"], { stdin: copy, summary: "The copy did not arrive whole" }));

/** Undefined where no scheduled backup ever ran. */
export async function backupStatus(host: Host, layout: Layout): Promise<BackupStatus | undefined> {
  const text = await host.readFile(`${layout.backups}/status.json`);
  return text === undefined ? undefined : (JSON.parse(text) as BackupStatus);
}

/** Removes all but the last to come here of the backups that were not scheduled: taken by hand, before migrations, or fetched. */
export const pruneBackups = (folder: string, keep: number): readonly string[] =>
  shellScript('ls -1tc "$1"/*.tar "$1"/*.enc 2>/dev/null | tail -n "+$2" | xargs -r rm -f', folder, String(keep + 1));
