import { compose } from "../containers/docker.ts";
import { takeRestorePoint } from "../database/backup.ts";
import { giveWay } from "../host/give-way.ts";
import { pendingMigrations, runMigrations } from "../database/migrate.ts";
import { slotName } from "../edge/configuration.ts";
import { taskComposeFile } from "./compose-file.ts";
import type { Deploying } from "./deploying.ts";
import { releaseFile } from "./live.ts";
import { fenced } from "./switch.ts";
import type { PendingRelease, ReleaseRecord, RestorePoint } from "./model.ts";

/**
 * Lists what the new image would migrate, makes a restore point, migrates once, in the new image, while the
 * old release serves. The restore point is on record before the first statement runs.
 */
export async function prepareDatabase(
  deploying: Deploying,
  pending: PendingRelease,
  current: ReleaseRecord | undefined,
): Promise<{
  readonly pending: PendingRelease;
  /** Whether the new release's containers are made. */
  readonly made: boolean;
}> {
  const { host, layout, journal, walk, settings, options } = deploying;
  const { migrate } = settings;
  if (!migrate) return { pending, made: false };
  const task = compose({ name: "app-task", files: [layout.taskFile], directory: layout.root });
  const list = await walk.step("pending", async () => {
    const content = taskComposeFile({ ...options, ...pending });
    await Promise.all([
      journal.intend(pending, [{ path: layout.within(layout.taskFile), content }, releaseFile(deploying, pending)]),
      host.run({ argv: giveWay(60) }),
    ]);
    // Its containers are made while it says what it would migrate.
    const create = layout.slot(pending.slot).up({ create: true, recreate: true, services: ["app"] });
    const [found] = await Promise.all([
      pendingMigrations(host, task, settings.pending),
      fenced(deploying, create, `making ${slotName(pending.slot)}`),
    ]);
    return found;
  });
  if (list?.pending.length === 0) return { pending, made: true };
  if (list) walk.say(`pending migrations: ${list.pending.join(", ")}`);
  const fresh = list ? list.applied.length === 0 : current === undefined;
  let restorePoint: RestorePoint | undefined;
  if (!fresh) {
    restorePoint = await walk.step("restore-point", () => takeRestorePoint(host, layout));
    walk.say(`restore point ${restorePoint.file} (${restorePoint.bytes} bytes)`);
  }
  const noted = { ...pending, migrations: list?.pending ?? [], ...(restorePoint ? { restorePoint } : {}) };
  const seconds = settings.migrateSeconds ?? 600;
  await Promise.all([journal.intend(noted), host.run({ argv: giveWay(seconds) })]);
  await walk.step("migrate", () =>
    runMigrations(host, task, migrate, { timeoutMilliseconds: seconds * 1000, onLine: walk.say }),
  );
  return { pending: noted, made: true };
}
