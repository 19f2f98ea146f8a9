import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Composition, CompositionInput } from "../../src/cloud.ts";
import { createDigitalOcean } from "../../src/digitalocean/index.ts";
import { createDns } from "../../src/dns/index.ts";
import { createMail } from "../../src/mail/index.ts";
import { createNetwork } from "../../src/network/index.ts";
import type { Machines, MachineSpec, Network, TerraformRunner } from "../../src/ports.ts";

/** Machines that serve one page on port 80 and do nothing else: enough to see booting, addresses and names at work. */
export interface PageMachines extends Machines {
  readonly running: ReadonlyMap<string, MachineSpec>;
  /** Boots wait for this, where it is set. */
  gate: Promise<void> | undefined;
  stop(): Promise<void>;
}

export function pageMachines(network: Network): PageMachines {
  const running = new Map<string, MachineSpec>();
  const servers = new Map<string, Server>();
  let last = 1;
  const off = async (id: string): Promise<void> => {
    const machine = running.get(id);
    running.delete(id);
    if (machine) network.unpublish(machine.address, 80);
    const server = servers.get(id);
    servers.delete(id);
    server?.closeAllConnections();
    if (server) await new Promise((resolve) => server.close(resolve));
  };
  const machines: PageMachines = {
    running,
    gate: undefined,
    allocateAddress: () => `127.77.0.${++last}`,
    async boot(machine) {
      await machines.gate;
      if (machine.userData.includes("never boots")) throw new Error("no boot");
      if (running.has(machine.id)) return;
      const server = createServer((_, answer) => answer.end(`${machine.name}\n`));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      network.publish(machine.address, 80, { host: "127.0.0.1", port: (server.address() as AddressInfo).port });
      running.set(machine.id, machine);
      servers.set(machine.id, server);
    },
    powerOff: off,
    destroy: off,
    async stop() {
      for (const id of running.keys()) await off(id);
    },
  };
  return machines;
}

export const noTerraform: TerraformRunner = {
  plan: () => Promise.reject(new Error("not asked for here")),
  apply: () => Promise.reject(new Error("not asked for here")),
};

/** A cloud of DigitalOcean, DNS and mail: quick to start, and real at every port. */
export async function composeMini({ context, credentials, host }: CompositionInput): Promise<Composition> {
  const network = createNetwork();
  const dns = createDns(context, host);
  const machines = pageMachines(network);
  const digitalocean = createDigitalOcean(context, {
    machines,
    zones: dns.zones,
    tokens: [
      { token: credentials.digitalocean, scope: "write" },
      { token: credentials.digitaloceanReadOnly, scope: "read" },
    ],
  });
  const droplet = {
    name: "droplet" as const,
    stop: () => machines.stop(),
    inventory: () => Promise.resolve([]),
    gaps: [],
  };
  return {
    services: [dns.service, createMail(context, host), droplet, digitalocean],
    zones: dns.zones,
    network,
    rootPem: "-----BEGIN CERTIFICATE-----\n",
  };
}
