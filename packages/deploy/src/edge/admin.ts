import { type Clock, fail } from "@doge/core";
import type { Host } from "../host/host.ts";
import { adminPort, type Slot, slotName } from "./configuration.ts";

/** The running edge, by Caddy's admin API. */
export interface Edge {
  /** Requests in flight to a slot. */
  inFlight(slot: Slot): Promise<number>;
  /** Loads a configuration; connections that are idle are closed. */
  load(configuration: string): Promise<void>;
}

interface Upstream {
  readonly address: string;
  readonly num_requests: number;
}

export function caddyOn(host: Host, port: number = adminPort): Edge {
  return {
    async inFlight(slot) {
      const response = await host.http({ method: "GET", port, path: "/reverse_proxy/upstreams" });
      if (response.status !== 200) refused(response.status, response.text());
      const upstreams = response.json() as readonly Upstream[];
      return upstreams
        .filter(({ address }) => address.startsWith(`${slotName(slot)}:`))
        .reduce((sum, { num_requests }) => sum + num_requests, 0);
    },
    async load(configuration) {
      const response = await host.http({
        method: "POST",
        port,
        path: "/load",
        headers: { "content-type": "application/json" },
        body: configuration,
        timeoutMilliseconds: 15_000,
      });
      if (response.status !== 200) refused(response.status, response.text());
    },
  };

  function refused(status: number, text: string): never {
    fail({
      code: "edge-refused",
      summary: "The edge does not accept what it was told",
      detail: `Caddy answered ${status}: ${text.trim().slice(0, 500)}`,
      address: host.name,
      remedy: "Look at its log with `doge logs --service caddy`.",
    });
  }
}

/** Waits until nothing is in flight to a slot, seen twice in a row. False where the deadline came first. */
export async function drained(edge: Edge, clock: Clock, slot: Slot, deadlineMilliseconds: number): Promise<boolean> {
  const end = clock.now().getTime() + deadlineMilliseconds;
  let quiet = 0;
  while (quiet < 2) {
    quiet = (await edge.inFlight(slot)) === 0 ? quiet + 1 : 0;
    if (quiet < 2 && clock.now().getTime() > end) return false;
    if (quiet < 2) await clock.sleep(50);
  }
  return true;
}
