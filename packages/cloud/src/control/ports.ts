import { createServer } from "node:net";
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

/** Ports that are free now. All are held until the last one is found, so that none is given twice. */
export async function freePorts(host: string): Promise<Ports> {
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
