import { compose } from "../containers/docker.ts";
import { takeRestorePoint } from "../database/backup.ts";
import { pendingMigrations, runMigrations } from "../database/migrate.ts";
import type { Deploying } from "./deploying.ts";
import type { PendingRelease, ReleaseRecord, RestorePoint } from "./model.ts";

/**
 * Lists what the new image would migrate, makes a restore point, migrates once, in the new image, while the
 * old release serves. The restore point is on record before the first statement runs.
 */
export async function prepareDatabase(
  deploying: Deploying,
  pending: PendingRelease,
  current: ReleaseRecord | undefined,
): Promise<PendingRelease> {
  const { host, layout, journal, walk, settings } = deploying;
  const { migrate } = settings;
  if (!migrate) return pending;
  const task = compose({ name: "app-task", files: [layout.taskFile], directory: layout.root });
  const list = await pendingMigrations(host, task, settings.pending);
  if (list?.pending.length === 0) return pending;
  if (list) walk.say(`pending migrations: ${list.pending.join(", ")}`);
  const fresh = list ? list.applied.length === 0 : current === undefined;
  let restorePoint: RestorePoint | undefined;
  if (!fresh) {
    restorePoint = await walk.step("restore-point", () => takeRestorePoint(host, layout));
    walk.say(`restore point ${restorePoint.file} (${restorePoint.bytes} bytes)`);
  }
  const noted = { ...pending, migrations: list?.pending ?? [], ...(restorePoint ? { restorePoint } : {}) };
  await journal.intend(noted);
  await walk.step("migrate", () =>
    runMigrations(host, task, migrate, {
      timeoutMilliseconds: (settings.migrateSeconds ?? 600) * 1000,
      onLine: walk.say,
    }),
  );
  return noted;
}
