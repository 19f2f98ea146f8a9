import { diagnosticsOf, fail, warning } from "@doge/core";
import { type Containers, dockerOn } from "../containers/containers.ts";
import { compose } from "../containers/docker.ts";
import { backUp, pruneBackups } from "../database/backup.ts";
import { pendingMigrations, runMigrations } from "../database/migrate.ts";
import { caddyOn } from "../edge/admin.ts";
import type { Slot } from "../edge/configuration.ts";
import { type Lease, takeLease } from "../lease/lease.ts";
import { releaseComposeFile, taskComposeFile } from "./compose-file.ts";
import { chooseCourse, type Course } from "./converge.ts";
import { waitHealthy } from "./health.ts";
import { type Journal, journalOn } from "./journal.ts";
import { layoutOn } from "./layout.ts";
import type { DeployOptions, PendingRelease, ReleaseRecord, RestorePoint } from "./model.ts";
import { type ProbeFigures, type Prober, startProber, visit, waitReachable } from "./probe.ts";
import { checkHost, fingerprintOf, startServices } from "./services.ts";
import { startWalk, type Walk } from "./steps.ts";
import { drain, noticed, observeSlots, revive, stopSlot, type SwitchParts } from "./switch.ts";

/** Everything one deploy holds in its hands. */
export interface Deploying extends SwitchParts {
  readonly options: DeployOptions;
  readonly journal: Journal;
  readonly walk: Walk;
  readonly startedAt: Date;
  readonly url: string;
}

const releasesKept = 5;
const noProbe: ProbeFigures = { requests: 0, failed: 0, failures: [] };

/**
 * Brings an image live without dropping a request, and returns its record. Killed at any point and run
 * again, it converges; the site serves throughout. Throws diagnostics: `lease-…`, `host-…`,
 * `containers-failed`, `backup-failed`, `migration-failed`, `release-unhealthy`, `release-unreachable`.
 */
export async function deployRelease(options: DeployOptions): Promise<ReleaseRecord> {
  return withLease(options, "deploy", async (deploying) => {
    const { walk, layout, containers, edge, host, clock, journal } = deploying;
    await walk.step("host", () => checkHost(host, clock, layout.root, walk.say));
    await walk.step("services", () => startServices({ deploy: options, layout, containers, edge }));
    const { course, current, resumed } = await walk.step("converge", () => converge(deploying));

    const fingerprint = fingerprintOf(options);
    if (course.live && current && current.slot === course.live && current.fingerprint === fingerprint) {
      if (resumed) return current;
      return unchanged(deploying, current);
    }
    await walk.step("pull", () => containers.pull(options.image.reference, options.registry));
    const number = await nextNumber(journal);
    const pending: PendingRelease = {
      number,
      slot: course.next,
      phase: "preparing",
      fingerprint,
      image: options.image,
      settings: options.settings,
      startedAt: deploying.startedAt.toISOString(),
      owner: options.owner,
      migrations: [],
    };
    const migrated = await walk.step("migrate", () => migrate(deploying, pending, current));
    return bringLive(deploying, migrated, course.live, current);
  });
}

/** Takes the lease, works under it, gives it back whatever happens. */
export async function withLease(
  options: DeployOptions,
  purpose: string,
  work: (deploying: Deploying) => Promise<ReleaseRecord>,
): Promise<ReleaseRecord> {
  const { host, clock, settings } = options;
  const layout = await layoutOn(host, options.target.project);
  const journal = journalOn(host, layout);
  const startedAt = clock.now();
  let lease: Lease | undefined;
  const walk = startWalk(
    options,
    () => options.image.tree.slice(0, 12),
    () => lease && { lease, journal },
  );
  lease = await walk.step("lease", () =>
    takeLease({
      host,
      clock,
      folder: layout.lease,
      onWait: walk.say,
      signal: options.signal,
      ...(options.leaseSeconds === undefined ? {} : { expirySeconds: options.leaseSeconds }),
      owner: { owner: options.owner, purpose, ...(options.runUrl ? { runUrl: options.runUrl } : {}) },
    }),
  );
  try {
    const containers = dockerOn(host);
    const url = `https://${settings.domains[0]}/`;
    const edge = caddyOn(host);
    return await work({ options, host, clock, containers, edge, layout, settings, journal, walk, startedAt, url });
  } catch (thrown) {
    const diagnostics = diagnosticsOf(thrown).map(({ code, summary }) => ({ code, summary }));
    await journal.note({ at: clock.now().toISOString(), failed: diagnostics }).catch(() => {});
    throw thrown;
  } finally {
    await walk.noted();
    // Where the connection is gone, the lease ends by itself.
    await lease.release().catch(() => {});
  }
}

export const nextNumber = async (journal: Journal): Promise<number> => {
  const [newest] = await journal.releases();
  return (newest?.number ?? 0) + 1;
};

/** Takes up what an earlier deploy left, so that one release serves and nothing else runs. */
export async function converge(deploying: Deploying): Promise<{
  readonly course: Course;
  readonly current: ReleaseRecord | undefined;
  readonly resumed: boolean;
}> {
  const { journal, walk } = deploying;
  const [current, pending, states] = await Promise.all([journal.current(), journal.pending(), observeSlots(deploying)]);
  const course = chooseCourse({ current, pending, states });
  if (course.live && !states[course.live].ready) {
    walk.say(`app-${course.live} runs but does not serve: restarting it`);
    await revive(deploying, course.live);
  }
  for (const slot of course.leftovers) {
    walk.say(`stopping app-${slot}, left by a deploy that was cut off`);
    if (states[slot].ready && course.live) await drain(deploying, slot);
    await stopSlot(deploying, slot);
  }
  if (course.adopt && pending && pending.number !== current?.number) {
    walk.say(`release ${pending.number} had taken over: completing it`);
    const record = recordOf(deploying, pending, "resumed", current, noProbe, {});
    await journal.complete(record);
    return { course, current: record, resumed: true };
  }
  if (pending) await journal.abandon();
  return { course, current, resumed: false };
}

/** Restore point and migrations, in the new image, while the old release serves. */
async function migrate(
  deploying: Deploying,
  pending: PendingRelease,
  current: ReleaseRecord | undefined,
): Promise<PendingRelease> {
  const { options, host, clock, layout, journal, walk, settings } = deploying;
  if (!settings.migrate) return pending;
  const file = layout.file("compose.app-task.yaml");
  await host.writeFile(file, taskComposeFile({ ...options, slot: pending.slot, number: pending.number }));
  const task = compose({ name: "app-task", files: [file], directory: layout.root });

  const list = await pendingMigrations(host, task, settings.pending);
  if (list?.pending.length === 0) return pending;
  const fresh = list ? list.applied.length === 0 : current === undefined;
  let restorePoint: RestorePoint | undefined;
  if (!fresh) {
    const services = layout.services(options.composeFiles.map(({ name }) => name));
    restorePoint = await backUp({ host, clock, services, folder: layout.backups });
    walk.say(`restore point ${restorePoint.file} (${restorePoint.bytes} bytes)`);
  }
  const noted = { ...pending, migrations: list?.pending ?? [], ...(restorePoint ? { restorePoint } : {}) };
  await journal.intend(noted);
  await runMigrations(host, task, settings.migrate, {
    timeoutMilliseconds: (settings.migrateSeconds ?? 600) * 1000,
    onLine: walk.say,
  });
  return noted;
}

/** Starts a release beside the live one, switches to it, stops the old one, records it. */
export async function bringLive(
  deploying: Deploying,
  pending: PendingRelease,
  live: Slot | undefined,
  current: ReleaseRecord | undefined,
  outcome: ReleaseRecord["outcome"] = "released",
): Promise<ReleaseRecord> {
  const { options, host, clock, containers, layout, journal, walk, settings, url } = deploying;
  const { slot, number } = pending;
  const served = live !== undefined && (await visit(options.http, clock, url)).ok;
  const prober: Prober | undefined = served ? startProber(options.http, clock, url) : undefined;
  try {
    await walk.step("start", async () => {
      await journal.intend({ ...pending, phase: "starting" });
      await host.writeFile(
        layout.slotFile(slot),
        releaseComposeFile({ ...options, settings, slot, number, image: pending.image }),
      );
      await containers.run(layout.slot(slot).up({ recreate: true }), { doing: `starting app-${slot}` });
    });
    await walk.step("health", async () => {
      try {
        await waitHealthy({ host, clock, containers, slot, settings, signal: options.signal });
      } catch (thrown) {
        await stopSlot(deploying, slot);
        await journal.abandon();
        throw thrown;
      }
    });

    let switchMilliseconds: number | undefined;
    await walk.step("switch", async () => {
      await journal.intend({ ...pending, phase: "switching" });
      await noticed(clock);
      if (!live) return;
      const started = clock.now().getTime();
      if (!(await drain(deploying, live))) warnUndrained(deploying, live);
      switchMilliseconds = clock.now().getTime() - started;
    });
    options.emit({
      type: "release.switched",
      environment: options.target.environment,
      release: String(number),
      milliseconds: switchMilliseconds ?? 0,
    });

    const reachable = await walk.step("probe", () => probePublic(deploying, slot, live, served));
    await walk.step("drain", async () => {
      if (live) await stopSlot(deploying, live);
    });
    const probe = (await prober?.stop()) ?? noProbe;
    const record = await walk.step("record", async () => {
      const extra = { reachable, ...(switchMilliseconds === undefined ? {} : { switchMilliseconds }) };
      const made = recordOf(deploying, pending, outcome, current, probe, extra);
      await journal.complete(made);
      return made;
    });
    await walk.step("prune", () => prune(deploying));
    return record;
  } finally {
    await prober?.stop();
  }
}

/** Visits the site under its public name. One that was up before and is not now gets its old release back. */
async function probePublic(
  deploying: Deploying,
  slot: Slot,
  live: Slot | undefined,
  served: boolean,
): Promise<boolean> {
  const { options, clock, url, host, journal } = deploying;
  // The first time, the edge has to get its certificate.
  const last = await waitReachable(options.http, clock, url, served ? 15_000 : 60_000);
  if (last.ok) return true;
  const because = {
    dns: "its name does not resolve: the domain may not be delegated to DigitalOcean yet (`doge doctor`)",
    tls: "its certificate is not valid: the edge may still be getting it (`doge logs --service caddy`)",
  }[last.reason as string];
  const trouble = {
    code: "release-unreachable",
    summary: "The site does not answer under its public name",
    detail: `${url}: ${because ?? last.problem ?? "no answer"}`,
    address: host.name,
    remedy: "The release itself is healthy. Look at DNS with `doge doctor` and at the edge's log.",
  };
  if (!served || !live) {
    options.emit({ type: "diagnostic", diagnostic: warning(trouble) });
    return false;
  }
  await revive(deploying, live);
  await drain(deploying, slot);
  await stopSlot(deploying, slot);
  await journal.abandon();
  const summary = "The site stopped answering after the switch; the old release serves again";
  return fail({ ...trouble, summary });
}

function warnUndrained({ options, host, settings }: Deploying, slot: Slot): void {
  options.emit({
    type: "diagnostic",
    diagnostic: warning({
      code: "release-undrained",
      summary: "The old release still had requests when it was stopped",
      detail: `app-${slot} did not answer 503 on ${settings.readyPath} after SIGUSR1, or requests ran longer than ${settings.drainSeconds ?? 30} s`,
      address: host.name,
      remedy: "Let the app answer 503 on its readiness path after SIGUSR1; long requests need a larger `drainSeconds`.",
    }),
  });
}

async function unchanged(deploying: Deploying, current: ReleaseRecord): Promise<ReleaseRecord> {
  const { walk, options, clock, url, startedAt } = deploying;
  const seen = await walk.step("probe", () => waitReachable(options.http, clock, url, 15_000));
  const receipt = {
    requests: 1,
    failed: seen.ok ? 0 : 1,
    failures: seen.problem ? [seen.problem] : [],
    totalMilliseconds: clock.now().getTime() - startedAt.getTime(),
    steps: walk.timings,
  };
  return { ...current, outcome: "unchanged", reachable: seen.ok, receipt };
}

function recordOf(
  { options, clock, startedAt, walk, url }: Deploying,
  pending: PendingRelease,
  outcome: ReleaseRecord["outcome"],
  current: ReleaseRecord | undefined,
  probe: ProbeFigures,
  extra: { readonly reachable?: boolean; readonly switchMilliseconds?: number },
): ReleaseRecord {
  const { number, slot, image, settings, fingerprint, migrations, restorePoint } = pending;
  const { reachable = true, switchMilliseconds } = extra;
  const finished = clock.now();
  return {
    number,
    project: options.target.project,
    environment: options.target.environment,
    slot,
    image,
    settings,
    fingerprint,
    outcome,
    ...(current ? { replaces: current.number } : {}),
    startedAt: pending.startedAt,
    finishedAt: finished.toISOString(),
    owner: pending.owner,
    ...(options.runUrl ? { runUrl: options.runUrl } : {}),
    url,
    reachable,
    migrations,
    ...(restorePoint ? { restorePoint } : {}),
    receipt: {
      ...probe,
      ...(switchMilliseconds === undefined ? {} : { switchMilliseconds }),
      totalMilliseconds: finished.getTime() - startedAt.getTime(),
      steps: [...walk.timings],
    },
  };
}

/** Keeps the last few images and backups, so that a rollback needs no registry. Failing here fails nothing. */
async function prune({ journal, host, layout, containers }: Deploying): Promise<void> {
  const releases = await journal.releases();
  const keep = new Set(releases.slice(0, releasesKept).map(({ image }) => image.reference));
  const old = new Set(releases.slice(releasesKept).map(({ image }) => image.reference));
  for (const reference of old) if (!keep.has(reference)) await removeImage(containers, host, reference);
  await journal.forget(releases.slice(50).map(({ number }) => number));
  await host.run({ argv: pruneBackups(layout.backups, 10) });
}

async function removeImage(containers: Containers, host: DeployOptions["host"], reference: string): Promise<void> {
  if (await containers.hasImage(reference)) await host.run({ argv: ["docker", "image", "rm", reference] });
}
