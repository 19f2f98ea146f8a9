import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import type { CloudContext, InventoryItem, Machines, MachineSpec, Service } from "../ports.ts";
import { gaps } from "./gaps.ts";
import { bootMachine, type DropletsOptions, hostKeyFor, type Machine, machineFolder } from "./machine.ts";

interface MachineRecord {
  readonly spec: MachineSpec;
  /** Private, OpenSSH form. */
  readonly hostKey: string;
  /** Boots with the local cloud. */
  readonly on: boolean;
}

/** The machines behind DigitalOcean's API. */
export function createDroplets(
  context: CloudContext,
  options: DropletsOptions,
): { readonly service: Service; readonly machines: Machines } {
  const records = context.store.collection<MachineRecord>("droplet.machines");
  const addresses = context.store.collection<{ readonly address: string }>("droplet.addresses");
  const running = new Map<string, Machine>();
  // One deed at a time for each droplet: a boot may meet a destroy.
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(id: string, deed: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(id) ?? Promise.resolve()).then(deed, deed);
    turns.set(id, turn);
    return turn;
  };

  async function boot(record: MachineRecord): Promise<void> {
    const { spec } = record;
    if (running.has(spec.id)) return;
    running.set(spec.id, await bootMachine(context, options, spec, record.hostKey));
    context.log("droplet", `${spec.name} (${spec.address}) has booted`);
  }

  async function halt(id: string, discard: boolean): Promise<void> {
    const machine = running.get(id);
    running.delete(id);
    await machine?.stop({ discard });
  }

  const machines: Machines = {
    allocateAddress() {
      const taken = new Set(addresses.list().map(({ address }) => address));
      for (let turn = 0; ; turn++) {
        // By the folder, so that two local clouds on one machine hardly meet.
        const [third = 0, fourth = 0] = createHash("sha256").update(`${context.folder}/${turn}`).digest();
        const address = `127.77.${third}.${fourth}`;
        if (fourth === 0 || fourth === 255 || taken.has(address)) continue;
        addresses.put(address, { address });
        return address;
      }
    },
    boot: (spec) =>
      inTurn(spec.id, async () => {
        const known = records.get(spec.id);
        await boot(records.put(spec.id, { spec, hostKey: known?.hostKey ?? hostKeyFor(spec), on: true }));
      }),
    powerOff: (id) =>
      inTurn(id, async () => {
        const record = records.get(id);
        if (record) records.put(id, { ...record, on: false });
        await halt(id, false);
      }),
    destroy: (id) =>
      inTurn(id, async () => {
        const record = records.get(id);
        if (!record) return;
        // What an earlier life left running must be known to be ended.
        if (!running.has(id)) await boot(record);
        const engine = running.get(id)?.engine;
        await halt(id, true);
        engine?.forget();
        records.delete(id);
        addresses.delete(record.spec.address);
        await rm(machineFolder(context, id), { recursive: true, force: true });
      }),
  };

  const service: Service = {
    name: "droplet",
    gaps,
    async start() {
      await Promise.all(records.list(({ on }) => on).map((record) => inTurn(record.spec.id, () => boot(record))));
    },
    async stop() {
      await Promise.all([...running.keys()].map((id) => inTurn(id, () => halt(id, false))));
    },
    async inventory() {
      const items: InventoryItem[] = [];
      for (const { spec } of records.list()) {
        items.push({ service: "droplet", kind: "machine", id: spec.id, name: spec.name });
        for (const container of running.get(spec.id)?.engine.containers.list() ?? []) {
          if (container.status !== "running") continue;
          const { name } = container.spec;
          items.push({
            service: "droplet",
            kind: "container",
            id: container.id.slice(0, 12),
            name: `${spec.name}/${name}`,
          });
        }
      }
      return items;
    },
  };
  return { service, machines };
}
