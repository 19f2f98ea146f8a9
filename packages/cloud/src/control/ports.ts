import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { listen } from "../kit/http.ts";

/** In the order of their numbers: base, base + 1 and so on. */
export const numbered = [
  "control",
  "hcp",
  "digitalocean",
  "spaces",
  "github",
  "registry",
  "dns",
  "mailbox",
  "smtp",
  "proxy",
] as const;

export type Ports = Readonly<Record<(typeof numbered)[number] | "https" | "http", number>>;

/** Ports from a base; `https` and `http` where 443 and 80 can't be had. */
export function portsFrom(base: number): Ports {
  const ports = Object.fromEntries(numbered.map((name, index) => [name, base + index]));
  return { ...ports, https: base + 43, http: base + 80 } as Ports;
}

/**
 * A free block at random, below the ports that the system hands out to connections: it would give ours to somebody between
 * the look and the listening, or while the cloud is down.
 */
export async function anyBlock(host: string): Promise<Ports> {
  for (let turn = 0; turn < 20; turn++) {
    const ports = portsFrom(10_000 + blockSize * randomInt(220));
    if (await allFree(Object.values(ports), host)) return ports;
  }
  return freePorts(host);
}

/** Ports that are free now. All are held until the last one is found, so that none is given twice. */
async function freePorts(host: string): Promise<Ports> {
  const servers = [...numbered, "https", "http"].map((name) => ({ name, server: createServer() }));
  try {
    const found = await Promise.all(
      servers.map(async ({ name, server }) => [name, (await listen(server, host, 0)).port] as const),
    );
    return Object.fromEntries(found) as Ports;
  } finally {
    await Promise.all(servers.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  }
}

const firstBlock = 7400;
const blockSize = 100;

/** The first block of ports of which none is taken: a second cloud on a machine stands beside the first. */
export async function freeBlock(host: string): Promise<Ports> {
  for (let base = firstBlock; base < firstBlock + 100 * blockSize; base += blockSize) {
    const ports = portsFrom(base);
    if (await allFree(Object.values(ports), host)) return ports;
  }
  return freePorts(host);
}

async function allFree(ports: readonly number[], host: string): Promise<boolean> {
  const servers: Server[] = [];
  try {
    for (const port of ports) {
      const server = createServer();
      await listen(server, host, port);
      servers.push(server);
    }
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
