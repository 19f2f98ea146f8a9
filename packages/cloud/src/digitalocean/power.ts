import { findSize } from "./catalog.ts";
import { unprocessable } from "./api.ts";
import type { Action, Droplet, Office } from "./model.ts";

export interface Power {
  /** Begins an event of a droplet and answers at once; 422 where another one is still at work. */
  begin(droplet: Droplet, type: string, change?: (droplet: Droplet) => Droplet): Action;
  /** Ends the machine and forgets the droplet. */
  destroy(droplet: Droplet): Promise<void>;
  /** After a start of the cloud: boots what was on, ends events that a stop cut off. */
  resume(): void;
  /** Waits for events at work. */
  settle(): Promise<void>;
}

/** Turns what the API asks of droplets into deeds of machines, in the background and one by one for each droplet. */
export function createPower(office: Office): Power {
  const { droplets, actions, machines, context, timestamp } = office;
  const work = new Map<number, Promise<void>>();

  const boot = (droplet: Droplet): Promise<void> => {
    const size = findSize(droplet.size);
    return machines.boot({
      id: String(droplet.id),
      name: droplet.name,
      address: droplet.address,
      userData: droplet.userData,
      sshKeys: droplet.sshKeys,
      memoryMegabytes: size?.memory ?? 1024,
      vcpus: size?.vcpus ?? 1,
    });
  };

  const deeds: Readonly<Record<string, (droplet: Droplet) => Promise<void>>> = {
    create: boot,
    power_on: boot,
    power_off: (droplet) => machines.powerOff(String(droplet.id)),
    shutdown: (droplet) => machines.powerOff(String(droplet.id)),
    reboot: (droplet) => machines.powerOff(String(droplet.id)).then(() => boot(droplet)),
    power_cycle: (droplet) => machines.powerOff(String(droplet.id)).then(() => boot(droplet)),
    rename: () => Promise.resolve(),
    resize: () => Promise.resolve(),
  };

  /** Runs after what is already at work for this droplet. */
  function queue(id: number, deed: () => Promise<void>): Promise<void> {
    const next = (work.get(id) ?? Promise.resolve()).then(deed).finally(() => {
      if (work.get(id) === next) work.delete(id);
    });
    work.set(id, next);
    return next;
  }

  async function carryOut(action: Action, droplet: Droplet): Promise<void> {
    try {
      await deeds[action.type]?.(droplet);
      end(action, "completed");
    } catch (thrown) {
      context.log("digitalocean", `${action.type} of droplet ${droplet.id} failed: ${String(thrown)}`);
      end(action, "errored");
    }
  }

  function end(action: Action, status: "completed" | "errored"): void {
    show(action.resource_id, status);
    if (actions.get(action.id)) actions.put(action.id, { ...action, status, completed_at: timestamp() });
  }

  /** The droplet may have been destroyed while it booted: then there is nothing to show. */
  function show(id: number, outcome: "completed" | "errored"): void {
    const droplet = droplets.get(id);
    if (!droplet) return;
    const on = droplet.power === "on" && outcome === "completed";
    droplets.put(id, { ...droplet, status: on ? "active" : "off" });
  }

  return {
    begin(droplet, type, change = (same) => same) {
      if (!deeds[type]) throw unprocessable(`The action type ${type} is not supported.`);
      if (actions.list((a) => a.resource_id === droplet.id && a.status === "in-progress").length > 0) {
        throw unprocessable("Droplet already has a pending event.");
      }
      const changed = droplets.put(droplet.id, change(droplet));
      const id = 2_200_000_000 + context.ids.next("digitalocean.action");
      const action = actions.put(id, {
        id,
        status: "in-progress",
        type,
        started_at: timestamp(),
        completed_at: null,
        resource_id: droplet.id,
        resource_type: "droplet",
        region_slug: droplet.region,
      });
      void queue(droplet.id, () => carryOut(action, changed));
      return action;
    },

    async destroy(droplet) {
      // Not queued: a droplet that is still booting can be destroyed.
      await machines.destroy(String(droplet.id));
      droplets.delete(droplet.id);
    },

    resume() {
      for (const droplet of droplets.list()) {
        const pending = actions.list((a) => a.resource_id === droplet.id && a.status === "in-progress");
        void queue(droplet.id, async () => {
          let status: "completed" | "errored" = "completed";
          try {
            if (droplet.power === "on") await boot(droplet);
          } catch (thrown) {
            context.log("digitalocean", `droplet ${droplet.id} does not boot: ${String(thrown)}`);
            status = "errored";
          }
          show(droplet.id, status);
          for (const action of pending) end(action, status);
        });
      }
    },

    settle: async () => void (await Promise.allSettled(work.values())),
  };
}
