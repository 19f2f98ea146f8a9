import { diagnosticsOf } from "@doge/core";
import { dockerOn } from "../containers/containers.ts";
import { caddyOn } from "../edge/admin.ts";
import { type Lease, takeLease } from "../lease/lease.ts";
import { checkHost, checkPublic } from "./check-host.ts";
import { chooseCourse, type Course } from "./converge.ts";
import type { Deploying } from "./deploying.ts";
import { type Journal, journalOn } from "./journal.ts";
import { layoutOn } from "./layout.ts";
import { bringLive, keepSchedule, startWorkers, writeReleaseFiles } from "./live.ts";
import { prepareDatabase } from "./migrate.ts";
import type { DeployOptions, PendingRelease, ReleaseRecord } from "./model.ts";
import { noProbe } from "./probe.ts";
import { recordOf, unchanged } from "./record.ts";
import { refuseOlder, requireDigest, requirePlatform } from "./refuse.ts";
import { fingerprintOf, startServices } from "./services.ts";
import { startWalk } from "./steps.ts";
import { drain, observeSlots, retire, revive, stopSlot } from "./switch.ts";

/**
 * Brings an image live without dropping a request, and returns its record. Killed at any point and run
 * again, it converges; the site serves throughout. Throws diagnostics: `lease-…`, `host-…`,
 * `containers-failed`, `backup-failed`, `migration-failed`, `release-…`; docs/deploy.md lists them all.
 */
export async function deployRelease(options: DeployOptions): Promise<ReleaseRecord> {
  return withLease(options, "deploy", async (deploying) => {
    const { walk, layout, containers, edge, host, clock, journal } = deploying;
    await walk.step("host", async () => {
      const [own, seen] = await Promise.all([
        checkHost(host, clock, layout.root, walk.say),
        checkPublic(host, clock, options.settings.domains, options.dns),
      ]);
      for (const diagnostic of [...own, ...seen]) options.emit({ type: "diagnostic", diagnostic });
    });
    await walk.step("services", () => startServices({ deploy: options, layout, containers, edge }));
    const { course, current, resumed } = await walk.step("converge", () => converge(deploying));

    const fingerprint = fingerprintOf(options);
    if (course.live && current && current.slot === course.live && current.fingerprint === fingerprint) {
      if (resumed) return current;
      return unchanged(deploying, current);
    }
    await refuseOlder(options, current);
    await walk.step("pull", async () => {
      await containers.pull(options.image.reference, options.registry);
      await requirePlatform(options, containers);
    });
    if (options.proof) await walk.step("proof", options.proof);
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
      ...(options.allowed ? { allowed: options.allowed } : {}),
    };
    await writeReleaseFiles(deploying, pending);
    const migrated = await prepareDatabase(deploying, pending, current);
    return bringLive(deploying, { pending: migrated, live: course.live, current });
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
  await walk.step("resolve", async () => requireDigest(options.image, host));
  const held = await walk.step("lease", () =>
    takeLease({
      host,
      clock,
      folder: layout.lease,
      onWait: walk.say,
      signal: options.signal,
      ...(options.leaseSeconds === undefined ? {} : { expirySeconds: options.leaseSeconds }),
      owner: {
        owner: options.owner,
        purpose,
        commit: options.image.commit,
        ...(options.runUrl ? { runUrl: options.runUrl } : {}),
      },
    }),
  );
  lease = held;
  try {
    const containers = dockerOn(host);
    const url = `https://${settings.domains[0]}/`;
    const edge = caddyOn(host);
    const parts = { host, clock, containers, edge, layout, settings, lease: held };
    return await work({ ...parts, options, journal, walk, startedAt, url });
  } catch (thrown) {
    const diagnostics = diagnosticsOf(thrown).map(({ code, summary }) => ({ code, summary }));
    await journal.note({ at: clock.now().toISOString(), failed: diagnostics }).catch(() => {});
    throw thrown;
  } finally {
    await walk.noted();
    walk.enter("release");
    // Where the connection is gone, the lease ends by itself.
    await held.release().catch(() => {});
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
    if (states[slot].ready && course.live) {
      await retire(deploying, slot);
      await drain(deploying, slot);
    }
    await stopSlot(deploying, slot);
  }
  if (course.adopt && pending && pending.number !== current?.number) {
    walk.say(`release ${pending.number} had taken over: completing it`);
    await startWorkers({ ...deploying, settings: pending.settings }, pending.slot);
    await keepSchedule({ ...deploying, settings: pending.settings }, pending.slot);
    const record = recordOf(deploying, pending, "resumed", current, noProbe, {});
    await journal.complete(record);
    return { course, current: record, resumed: true };
  }
  if (pending) await journal.abandon();
  return { course, current, resumed: false };
}
