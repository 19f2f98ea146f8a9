import { type Clock, fail } from "@doge/core";
import type { Containers } from "../containers/containers.ts";
import { docker } from "../containers/docker.ts";
import { drained, type Edge } from "../edge/admin.ts";
import { type Slot, slotName, slots } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import type { Lease } from "../lease/lease.ts";
import type { SlotState } from "./converge.ts";
import { askReady, defaultHealthSeconds } from "./health.ts";
import type { Layout } from "./layout.ts";
import type { ReleaseSettings } from "./model.ts";

/** The edge asks every 250 ms: after this long it has certainly noticed a change of health. */
const noticeMilliseconds = 600;

export interface SwitchParts {
  readonly host: Host;
  readonly clock: Clock;
  readonly containers: Containers;
  readonly edge: Edge;
  readonly layout: Layout;
  readonly lease: Lease;
  readonly settings: ReleaseSettings;
}

/** How both slots are. */
export async function observeSlots({ host, containers, settings }: SwitchParts): Promise<Record<Slot, SlotState>> {
  const states = await containers.inspectAll(slots.map(slotName));
  const observe = async (slot: Slot): Promise<SlotState> => {
    if (!states.get(slotName(slot))?.running) return { running: false, ready: false };
    return { running: true, ready: (await askReady(host, slot, settings)).kind === "ready" };
  };
  const [blue, green] = await Promise.all(slots.map(observe));
  const none = { running: false, ready: false };
  return { blue: blue ?? none, green: green ?? none };
}

/** Gives the edge time to see that a slot, which has been healthy since a moment, is so. */
export async function noticed(clock: Clock, since: Date = clock.now()): Promise<void> {
  const left = since.getTime() + noticeMilliseconds - clock.now().getTime();
  if (left > 0) await clock.sleep(left);
}

/** Runs an engine command under the lease: the host itself refuses it to an owner that has lost. */
export async function fenced(
  { lease, containers }: Pick<SwitchParts, "lease" | "containers">,
  argv: readonly string[],
  doing: string,
): Promise<void> {
  const result = await lease.host.run({ argv });
  if (result.exitCode !== 0) containers.failed(argv, result, doing);
}

/**
 * Tells a slot to answer 503 when asked whether it is ready, and waits until the edge has seen it. False where
 * the app goes on being ready: it does not know the signal.
 */
export async function retire(parts: SwitchParts, slot: Slot): Promise<boolean> {
  const { host, clock, settings } = parts;
  const { drainSignal = "SIGUSR1" } = settings;
  if (drainSignal === null) return true;
  await fenced(parts, docker.signal(slotName(slot), drainSignal), `telling ${slotName(slot)} to drain`);
  await clock.sleep(noticeMilliseconds);
  return (await askReady(host, slot, settings)).kind !== "ready";
}

/**
 * Waits until nothing is in flight to a slot. False where requests were still running at the deadline. An app without a
 * drain signal gets requests until its SIGTERM, on which it finishes them: for it there is nothing to wait for.
 */
export const drain = async ({ edge, clock, settings }: SwitchParts, slot: Slot): Promise<boolean> =>
  settings.drainSignal === null || drained(edge, clock, slot, (settings.drainSeconds ?? 30) * 1000);

/** Stops a slot's containers, each with its grace period. They stay there, stopped, with their logs. */
export const stopSlot = (parts: SwitchParts, slot: Slot): Promise<void> =>
  fenced(parts, parts.layout.slot(slot).stop(), `stopping ${slotName(slot)}`);

/** Brings a drained slot back: it answered 503 and does not come back from that by itself. */
export async function revive(parts: SwitchParts, slot: Slot): Promise<void> {
  const { host, clock, containers, settings } = parts;
  await fenced(parts, docker.restart(slotName(slot), 10), `restarting ${slotName(slot)}`);
  const end = clock.now().getTime() + (settings.healthSeconds ?? defaultHealthSeconds) * 1000;
  while ((await askReady(host, slot, settings)).kind !== "ready") {
    if (clock.now().getTime() > end) {
      fail({
        code: "release-revive",
        summary: "The earlier release does not come back",
        detail: await containers.lastLines(slotName(slot), 15),
        address: `${host.name} ${slotName(slot)}`,
        remedy: "See `doge logs`; deploy a release that works, or `doge rollback` to one.",
      });
    }
    await clock.sleep(200);
  }
  await noticed(clock);
}
