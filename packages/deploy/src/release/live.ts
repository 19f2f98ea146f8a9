import { diagnosticsOf, fail, type Trouble, warning } from "@doge/core";
import { docker } from "../containers/docker.ts";
import { type Slot, slotName } from "../edge/configuration.ts";
import { noTraffic } from "../edge/traffic.ts";
import { giveWay } from "../host/give-way.ts";
import type { HostFile } from "../host/host.ts";
import { cpuShares, releaseComposeFile } from "./compose-file.ts";
import type { Deploying } from "./deploying.ts";
import { defaultHealthSeconds, waitHealthy } from "./health.ts";
import { type Maintenance, maintenanceOn } from "./maintenance.ts";
import type { PendingRelease, ReleaseRecord } from "./model.ts";
import { noProbe, type Prober, startProber, visit, waitReachable } from "./probe.ts";
import { prune } from "./prune.ts";
import { recordOf } from "./record.ts";
import { cronLines, installSchedule } from "./schedule.ts";
import { soak, trafficBefore } from "./soak.ts";
import { drain, fenced, noticed, retire, revive, stopSlot } from "./switch.ts";

/** A release on its way to serve, and the one that serves. */
interface Passage {
  readonly pending: PendingRelease;
  readonly live: Slot | undefined;
  readonly current: ReleaseRecord | undefined;
  /** Its containers are made already. */
  readonly made?: boolean;
  readonly outcome?: ReleaseRecord["outcome"];
}

/** Starts a release beside the live one, switches to it, watches it, stops the old one, records it. */
export async function bringLive(deploying: Deploying, passage: Passage): Promise<ReleaseRecord> {
  const { options, clock, journal, walk, url, host, layout } = deploying;
  const { pending, live, current, outcome = "released" } = passage;
  const { slot } = pending;
  let prober: Prober | undefined;
  try {
    const { before, served, maintenance } = await walk.step("start", async () => {
      const closed = await maintenanceOn(host, layout);
      const [seen, traffic] = await Promise.all([
        // Nobody is to be waited for where requests are held.
        live === undefined || closed ? undefined : visit(options.http, clock, url),
        live === undefined ? noTraffic : trafficBefore(deploying),
        journal.intend({ ...pending, phase: "starting" }, [releaseFile(deploying, pending)]),
        host.run({ argv: giveWay(deploying.settings.healthSeconds ?? defaultHealthSeconds) }),
      ]);
      if (seen?.ok) prober = startProber(options.http, clock, url);
      await start(deploying, slot, passage.made === true);
      return { before: traffic, served: seen?.ok === true, maintenance: closed };
    });
    const readySince = await walk.step("health", () => becomeHealthy(deploying, slot));

    const switchedAt = clock.now();
    const switchMilliseconds = await walk.step("switch", () => switchTo(deploying, passage, readySince));
    const { after, reachable } = await walk.step("soak", async () => {
      await journal.intend({ ...pending, phase: "soaking" });
      await startWorkers(deploying, slot);
      const answers = (): Promise<boolean> => answersInPublic(deploying, passage, { served, maintenance });
      // A site that was not up before is watched from when it is.
      const first = served || (await answers());
      const since = served ? switchedAt : clock.now();
      const soaked = await soak(deploying, { slot, before, prober, switchedAt: since, first: live === undefined });
      if (soaked.worse !== undefined) await tooBad(deploying, passage, soaked.worse);
      return { ...soaked, reachable: served ? await answers() : first };
    });
    await walk.step("drain", async () => {
      if (live && !(await drain(deploying, live))) warnUndrained(deploying, live);
    });
    await walk.step("stop", async () => {
      if (live) await stopSlot(deploying, live);
    });
    const probe = (await prober?.stop()) ?? noProbe;
    const record = await walk.step("record", async () => {
      const made = recordOf(deploying, pending, outcome, current, probe, {
        reachable,
        traffic: { before, after },
        ...(switchMilliseconds === undefined ? {} : { switchMilliseconds }),
      });
      await Promise.all([journal.complete(made), keepSchedule(deploying, slot)]);
      return made;
    });
    await walk.step("prune", () => prune(deploying));
    return record;
  } finally {
    await prober?.stop();
  }
}

/** What a release is made of. */
export function releaseFile(
  { options, layout, settings }: Deploying,
  { slot, number, image }: PendingRelease,
): HostFile {
  const content = releaseComposeFile({ ...options, settings, slot, number, image });
  return { path: layout.within(layout.slotFile(slot)), content };
}

/** Only the web process: workers begin when it has been switched to. */
async function start(deploying: Deploying, slot: Slot, made: boolean): Promise<void> {
  const up = deploying.layout.slot(slot).up({ recreate: !made, services: ["app"] });
  await fenced(deploying, up, `starting ${slotName(slot)}`);
}

/** Jobs run in the image of the release that serves. That they are not scheduled does not undo a release. */
export async function keepSchedule({ host, layout, settings, options }: Deploying, slot: Slot): Promise<void> {
  try {
    await installSchedule(host, layout, options.target.project, cronLines({ layout, slot, settings }));
  } catch (thrown) {
    for (const { severity: _, ...trouble } of diagnosticsOf(thrown))
      options.emit({ type: "diagnostic", diagnostic: warning(trouble) });
  }
}

/** Old and new workers overlap for the time of the soak: a release that does not stay leaves no gap. */
export async function startWorkers(deploying: Deploying, slot: Slot): Promise<void> {
  const workers = Object.entries(deploying.settings.processes ?? {}).filter(([, { schedule }]) => !schedule);
  if (workers.length === 0) return;
  const up = deploying.layout.slot(slot).up({ services: workers.map(([name]) => name) });
  await fenced(deploying, up, `starting the workers of ${slotName(slot)}`);
}

/** Since when it is. */
async function becomeHealthy(deploying: Deploying, slot: Slot): Promise<Date> {
  try {
    const raise = docker.setCpuShares(slotName(slot), cpuShares.serving);
    const onReady = (): Promise<void> =>
      fenced(deploying, raise, `giving ${slotName(slot)} its share of the processor`);
    return await waitHealthy({ ...deploying, slot, onReady, signal: deploying.options.signal });
  } catch (thrown) {
    await stopSlot(deploying, slot);
    await deploying.journal.abandon();
    throw thrown;
  }
}

/** From its intent on record to the moment from which no request reaches the old release. */
async function switchTo(
  deploying: Deploying,
  { pending, live }: Passage,
  readySince: Date,
): Promise<number | undefined> {
  const { options, clock, journal } = deploying;
  await journal.intend({ ...pending, phase: "switching" });
  await noticed(clock, readySince);
  let milliseconds: number | undefined;
  if (live) {
    const started = clock.now().getTime();
    if (!(await retire(deploying, live))) warnUndrained(deploying, live);
    milliseconds = clock.now().getTime() - started;
  }
  options.emit({
    type: "release.switched",
    environment: options.target.environment,
    release: String(pending.number),
    milliseconds: milliseconds ?? 0,
  });
  return milliseconds;
}

/** Lets the earlier release serve again. The intent is on record first: killed here, the next run goes on with it. */
async function switchBack(deploying: Deploying, { pending, live }: Passage): Promise<void> {
  const { journal } = deploying;
  await journal.intend({ ...pending, phase: "returning" });
  if (live) await revive(deploying, live);
  await retire(deploying, pending.slot);
  await drain(deploying, pending.slot);
  await stopSlot(deploying, pending.slot);
  await journal.abandon();
}

async function tooBad(deploying: Deploying, passage: Passage, why: string): Promise<void> {
  const { host, options } = deploying;
  const trouble = {
    code: "release-worse",
    summary: "The new release did worse than the one before",
    detail: why,
    address: `${host.name} ${slotName(passage.pending.slot)}`,
    remedy: "See why with `doge logs`; mend it and deploy again. `soakSeconds` sets how long traffic is watched.",
  };
  if (!passage.live) {
    options.emit({ type: "diagnostic", diagnostic: warning(trouble) });
    return;
  }
  await switchBack(deploying, passage);
  fail({ ...trouble, summary: "The new release did worse than the one before, which serves again" });
}

/** Visits the site under its public name. One that was up before and is not now gets its old release back. */
async function answersInPublic(
  deploying: Deploying,
  passage: Passage,
  { served, maintenance }: { readonly served: boolean; readonly maintenance: Maintenance | undefined },
): Promise<boolean> {
  const { options, clock, url, host, walk } = deploying;
  if (maintenance) {
    walk.say("maintenance is on: visitors get its page, or wait, with the new release too");
    return true;
  }
  // The first time, the edge has to get its certificate.
  const last = await waitReachable(options.http, clock, url, served ? 15_000 : 60_000);
  if (last.ok) return true;
  const because = {
    dns: "its name does not resolve: the domain may not be delegated to DigitalOcean yet (`doge doctor`)",
    tls: "its certificate is not valid: the edge may still be getting it (`doge logs --service caddy`)",
  }[last.reason as string];
  const trouble: Trouble = {
    code: "release-unreachable",
    summary: "The site does not answer under its public name",
    detail: `${url}: ${because ?? last.problem ?? "no answer"}`,
    address: host.name,
    remedy: "The release itself is healthy. Look at DNS with `doge doctor` and at the edge's log.",
  };
  if (!served || !passage.live) {
    options.emit({ type: "diagnostic", diagnostic: warning(trouble) });
    return false;
  }
  await switchBack(deploying, passage);
  return fail({
    ...trouble,
    summary: "The site stopped answering after the switch; the old release serves again",
  });
}

function warnUndrained({ options, host, settings }: Deploying, slot: Slot): void {
  options.emit({
    type: "diagnostic",
    diagnostic: warning({
      code: "release-undrained",
      summary: "The old release still had requests when it was stopped",
      detail: `${slotName(slot)} did not answer 503 on ${settings.readyPath} after ${settings.drainSignal ?? "SIGUSR1"}, or requests ran longer than ${settings.drainSeconds ?? 30} s`,
      address: host.name,
      remedy:
        "Let the app answer 503 on its readiness path after the signal (`app.drainSignal`); long requests need a larger `drainSeconds`.",
    }),
  });
}
