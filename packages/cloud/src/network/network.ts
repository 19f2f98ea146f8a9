import type { Network } from "../ports.ts";

/** Who listens where. Kept in memory: after a restart everything publishes itself again. */
export function createNetwork(): Network {
  const published = new Map<string, { readonly host: string; readonly port: number }>();
  const key = (address: string, port: number): string => `${address}:${port}`;
  return {
    locate: (address, port) => published.get(key(address, port)),
    publish: (address, port, actual) => void published.set(key(address, port), actual),
    unpublish: (address, port) => void published.delete(key(address, port)),
  };
}
