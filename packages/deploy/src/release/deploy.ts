import { diagnosticsOf } from "@doge/core";
import { dockerOn } from "../containers/containers.ts";
import { caddyOn } from "../edge/admin.ts";
import { takeLease } from "../lease/lease.ts";
import { checkHost, checkPublic } from "./check-host.ts";
import { chooseCourse, type Course } from "./converge.ts";
import type { Deploying } from "./deploying.ts";
import { journalOn } from "./journal.ts";
import { type Layout, layoutOn } from "./layout.ts";
import { bringLive, keepSchedule, startWorkers } from "./live.ts";
import { prepareDatabase } from "./migrate.ts";
import type { DeployOptions, PendingRelease, ReleaseRecord } from "./model.ts";
import { obtainImage } from "./obtain.ts";
import { noProbe } from "./probe.ts";
import { recordOf, unchanged } from "./record.ts";
import { refuseOlder, refuseTakenBack, requireDigest, requirePlatform } from "./refuse.ts";
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
    const { walk, layout, containers, edge, host, clock, lease } = deploying;
    const { platform } = await walk.step("host", async () => {
      const [own, seen] = await Promise.all([
        checkHost(host, clock, layout.root, walk.say),
        checkPublic(host, clock, options.settings.domains, options.dns),
      ]);
      for (const diagnostic of [...own.warnings, ...seen]) options.emit({ type: "diagnostic", diagnostic });
      return own.facts;
    });
    await walk.step("services", () => startServices({ deploy: options, lease, layout, containers, edge }));
    const { course, current, resumed, newest } = await walk.step("converge", () => converge(deploying));

    const fingerprint = fingerprintOf(options);
    if (course.live && current && current.slot === course.live && current.fingerprint === fingerprint) {
      if (resumed) return current;
      return unchanged(deploying, current);
    }
    if (current && refuseTakenBack(options, current)) return unchanged(deploying, current);
    const { sent } = await walk.step("pull", async () => {
      await refuseOlder(options, current);
      const obtained = await obtainImage(deploying, options.image, options.send);
      requirePlatform(options, platform, obtained.platform);
      return obtained;
    });
    if (options.proof) await walk.step("proof", options.proof);
    const pending: PendingRelease = {
      number: newest + 1,
      slot: course.next,
      phase: "preparing",
      fingerprint,
      image: options.image,
      settings: options.settings,
      startedAt: deploying.startedAt.toISOString(),
      owner: options.owner,
      migrations: [],
      // Other settings for the same image: what was taken back stays so.
      ...(current?.takenBack && current.image.digest === options.image.digest ? { takenBack: current.takenBack } : {}),
      ...(options.allowed ? { allowed: options.allowed } : {}),
      ...(sent ? { sent } : {}),
    };
    const prepared = await prepareDatabase(deploying, pending, current);
    return bringLive(deploying, { ...prepared, live: course.live, current });
  });
}

/** Takes the lease, works under it, gives it back whatever happens. */
export async function withLease(
  options: DeployOptions,
  purpose: string,
  work: (deploying: Deploying) => Promise<ReleaseRecord>,
): Promise<ReleaseRecord> {
  const { host, clock, settings } = options;
  const startedAt = clock.now();
  let layout: Layout | undefined;
  const walk = startWalk(
    options,
    () => options.image.tree.slice(0, 12),
    async (lines) => layout && journalOn(host, layout).note(lines),
  );
  const found = await walk.step("resolve", async () => {
    requireDigest(options.image, host);
    return layoutOn(host, options.target.project);
  });
  layout = found;
  const lease = await walk.step("lease", () =>
    takeLease({
      host,
      clock,
      folder: found.lease,
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
  const journal = journalOn(host, found, lease.host);
  let record: ReleaseRecord;
  try {
    const containers = dockerOn(host);
    const url = `https://${settings.domains[0]}/`;
    const edge = caddyOn(host);
    const parts = { host, clock, containers, edge, layout: found, settings, lease };
    record = await work({ ...parts, options, journal, walk, startedAt, url });
  } catch (thrown) {
    const diagnostics = diagnosticsOf(thrown).map(({ code, summary }) => ({ code, summary }));
    await journal.note([{ at: clock.now().toISOString(), failed: diagnostics }]).catch(() => {});
    throw thrown;
  } finally {
    // Where the connection is gone, the lease ends by itself. What was given up is still given back.
    await walk.last("release", () => Promise.all([walk.noted(), lease.release().catch(() => {})]));
  }
  // What is on the host was written before it was all over.
  const totalMilliseconds = clock.now().getTime() - startedAt.getTime();
  return { ...record, receipt: { ...record.receipt, totalMilliseconds, steps: [...walk.timings] } };
}

/** Takes up what an earlier deploy left, so that one release serves and nothing else runs. */
export async function converge(deploying: Deploying): Promise<{
  readonly course: Course;
  readonly current: ReleaseRecord | undefined;
  readonly resumed: boolean;
  /** Number of the newest record. */
  readonly newest: number;
}> {
  const { journal, walk } = deploying;
  const [current, pending, newest, states] = await Promise.all([
    journal.current(),
    journal.pending(),
    journal.newest(),
    observeSlots(deploying),
  ]);
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
    return { course, current: record, resumed: true, newest: Math.max(newest, record.number) };
  }
  if (pending) await journal.abandon();
  return { course, current, resumed: false, newest };
}
