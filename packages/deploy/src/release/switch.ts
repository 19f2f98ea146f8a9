import { type Clock, fail } from "@doge/core";
import type { Containers } from "../containers/containers.ts";
import { docker } from "../containers/docker.ts";
import { drained, type Edge } from "../edge/admin.ts";
import { type Slot, slotName, slots } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import type { SlotState } from "./converge.ts";
import { askReady } from "./health.ts";
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
  readonly settings: ReleaseSettings;
}

/** How both slots are. */
export async function observeSlots({ host, containers, settings }: SwitchParts): Promise<Record<Slot, SlotState>> {
  const observe = async (slot: Slot): Promise<SlotState> => {
    const state = await containers.inspect(slotName(slot));
    if (!state?.running) return { running: false, ready: false };
    return { running: true, ready: (await askReady(host, slot, settings.readyPath)).kind === "ready" };
  };
  const [blue, green] = await Promise.all(slots.map(observe));
  const none = { running: false, ready: false };
  return { blue: blue ?? none, green: green ?? none };
}

/** Gives the edge time to see that a new slot is healthy. */
export const noticed = (clock: Clock): Promise<void> => clock.sleep(noticeMilliseconds);

/**
 * Tells a slot to answer 503 when asked whether it is ready, and waits until nothing is in flight to it.
 * False where requests were still running at the deadline, or the app does not know the signal.
 */
export async function drain(parts: SwitchParts, slot: Slot): Promise<boolean> {
  const { host, clock, containers, edge, settings } = parts;
  await containers.run(docker.signal(slotName(slot), "SIGUSR1"));
  await clock.sleep(noticeMilliseconds);
  const told = (await askReady(host, slot, settings.readyPath)).kind !== "ready";
  return (await drained(edge, clock, slot, (settings.drainSeconds ?? 30) * 1000)) && told;
}

/** Stops a slot's container, with its grace period. It stays there, stopped, with its logs. */
export async function stopSlot({ containers, layout, settings }: SwitchParts, slot: Slot): Promise<void> {
  await containers.run(layout.slot(slot).stop(settings.drainSeconds ?? 30), { doing: `stopping ${slotName(slot)}` });
}

/** Brings a drained slot back: it answered 503 and does not come back from that by itself. */
export async function revive(parts: SwitchParts, slot: Slot): Promise<void> {
  const { host, clock, containers, settings } = parts;
  await containers.run(docker.restart(slotName(slot), 10));
  const end = clock.now().getTime() + (settings.healthSeconds ?? 60) * 1000;
  while ((await askReady(host, slot, settings.readyPath)).kind !== "ready") {
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
