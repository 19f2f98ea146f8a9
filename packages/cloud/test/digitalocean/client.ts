import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDigitalOcean } from "../../src/digitalocean/index.ts";
import { createDns } from "../../src/dns/index.ts";
import { createContext } from "../../src/kit/context.ts";
import { serveApp } from "../../src/kit/http.ts";
import { createRateHeaders } from "../../src/kit/rate.ts";
import { createNetwork } from "../../src/network/index.ts";
import type { Service, Zones } from "../../src/ports.ts";
import { pageMachines, type PageMachines } from "../control/mini.ts";
import { contractPresent, loadContract } from "./contract.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Bodies are checked by the contract; tests pick what they are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Rig {
  readonly service: Service;
  readonly machines: PageMachines;
  readonly zones: Zones;
  readonly spaces: Set<string>;
  /** Sends with the writing token; every answer is held against the contract where it is present. */
  send(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
  stop(): Promise<void>;
}

/** The stand-in on a port of its own, with machines that only pretend. */
export async function createRig(): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "doge-do-"));
  const context = createContext({ folder, seed: "test" });
  const network = createNetwork();
  const machines = pageMachines(network);
  const { zones } = createDns(context);
  const spaces = new Set<string>();
  const service = createDigitalOcean(context, {
    machines,
    zones,
    tokens: [
      { token: "writes", scope: "write" },
      { token: "reads", scope: "read" },
    ],
    exists: (urn) => Promise.resolve(spaces.has(urn)),
  });
  const server = await serveApp(service.app!, {
    host: "127.0.0.1",
    port: 0,
    around: { service: "digitalocean", rateHeaders: createRateHeaders(context.now) },
  });
  const contract = contractPresent ? loadContract() : undefined;
  return {
    service,
    machines,
    zones,
    spaces,
    async send(method, path, body, token = "writes") {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const answer = { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
      contract?.check(method, path.split("?")[0] ?? "", answer.status, answer.body);
      return answer;
    },
    async stop() {
      await server.stop(0);
      await service.stop?.();
      await machines.stop();
      context.store.close();
      await rm(folder, { recursive: true });
    },
  };
}
