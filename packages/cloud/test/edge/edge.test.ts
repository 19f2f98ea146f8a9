import { createServer, type Server } from "node:http";
import { Agent, get } from "node:https";
import { mkdtempSync } from "node:fs";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { createCertificateAuthority } from "../../src/ca/index.ts";
import { startEdge } from "../../src/edge/edge.ts";
import { seededIds } from "../../src/kit/ids.ts";
import { openStore } from "../../src/kit/store.ts";
import type { CloudContext } from "../../src/ports.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A free port for each port of the container. */
async function freePorts(ports: readonly number[]): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const port of ports) {
    const probe = createTcp();
    await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
    found.set(port, (probe.address() as AddressInfo).port);
    await new Promise((done) => probe.close(done));
  }
  return found;
}

const configuration = {
  admin: { listen: "0.0.0.0:2019" },
  apps: {
    http: {
      servers: {
        edge: {
          listen: [":443"],
          logs: {},
          routes: [
            {
              match: [{ host: ["www.app.test"] }],
              handle: [
                {
                  handler: "static_response",
                  status_code: 308,
                  headers: { Location: ["https://app.test{http.request.uri}"] },
                },
              ],
              terminal: true,
            },
            {
              match: [{ host: ["app.test"] }],
              handle: [
                { handler: "headers", response: { set: { "Strict-Transport-Security": ["max-age=60"] } } },
                { handler: "encode", encodings: { gzip: {} } },
                {
                  handler: "reverse_proxy",
                  upstreams: [{ dial: "app-blue:3000" }, { dial: "app-green:3000" }],
                  load_balancing: {
                    selection_policy: { policy: "least_conn" },
                    try_duration: "1s",
                    try_interval: "50ms",
                  },
                  health_checks: { active: { uri: "/readyz", interval: "50ms", timeout: "1s" } },
                },
              ],
              terminal: true,
            },
          ],
          errors: {
            routes: [
              { handle: [{ handler: "static_response", status_code: "{http.error.status_code}", body: "not now" }] },
            ],
          },
        },
      },
    },
  },
};

interface Slot {
  readonly server: Server;
  ready: boolean;
}

async function slot(name: string): Promise<Slot> {
  const made: Slot = { ready: true, server: createServer() };
  made.server.on("request", (request, response) => {
    if (request.url === "/readyz") return response.writeHead(made.ready ? 200 : 503).end();
    if (request.url === "/long") return response.writeHead(200, { "content-type": "text/html" }).end("x".repeat(4_000));
    return setTimeout(() => response.end(name), 2);
  });
  await new Promise<void>((done) => made.server.listen(0, "127.0.0.1", done));
  cleanups.push(() => {
    made.server.closeAllConnections();
    made.server.close();
  });
  return made;
}

async function edge(): Promise<{
  readonly fetch: (
    host: string,
    path: string,
    agent?: Agent,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; body: string; headers: Record<string, unknown> }>;
  readonly slots: Record<string, Slot>;
  readonly ports: Map<number, number>;
  readonly rootPem: string;
  readonly log: string[];
}> {
  const folder = mkdtempSync(join(tmpdir(), "edge-"));
  const store = openStore(":memory:");
  const context = {
    folder,
    store,
    ids: seededIds(store, "edge"),
    now: () => new Date(),
    log: () => {},
  } as unknown as CloudContext;
  const ca = await createCertificateAuthority(context, {
    resolve: (name) => (name.endsWith("app.test") ? ["127.77.0.9"] : []),
  });
  const ports = await freePorts([80, 443, 2019]);
  const slots: Record<string, Slot> = {};
  const log: string[] = [];
  const running = await startEdge({
    config: configuration,
    ca,
    dataFolder: join(folder, "data"),
    publicAddress: "127.77.0.9",
    log: (line) => log.push(line),
    listenOn: (port) => ({ host: "127.0.0.1", port: ports.get(port) as number }),
    dial: (name) => {
      const found = slots[name];
      return found ? { host: "127.0.0.1", port: (found.server.address() as AddressInfo).port } : undefined;
    },
  });
  cleanups.push(() => running.stop(0));
  const fetch = (host: string, path: string, agent?: Agent, headers: Record<string, string> = {}) =>
    new Promise<{ status: number; body: string; headers: Record<string, unknown> }>((resolve, reject) => {
      get(
        {
          host: "127.0.0.1",
          port: ports.get(443),
          path,
          servername: host,
          ca: ca.rootPem,
          headers: { host, ...headers },
          ...(agent ? { agent } : {}),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("end", () =>
            resolve({
              status: answer.statusCode ?? 0,
              body: Buffer.concat(chunks).toString("latin1"),
              headers: answer.headers,
            }),
          );
        },
      ).on("error", reject);
    });
  await untilTrue(async () => (await fetch("www.app.test", "/").catch(() => undefined)) !== undefined);
  await untilTrue(async () => (await fetch("app.test", "/").catch(() => undefined)) !== undefined);
  return { fetch, slots, ports, rootPem: ca.rootPem, log };
}

async function untilTrue(check: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (await check()) return;
    await wait(25);
  }
  throw new Error("it never came true");
}

test("serves over TLS with a certificate of the authority, redirects, sets headers, compresses, logs as JSON", async () => {
  const { fetch, slots, ports, log } = await edge();
  slots["app-blue"] = await slot("blue");
  await untilTrue(async () => (await fetch("app.test", "/")).status === 200);

  const answer = await fetch("app.test", "/");
  expect(answer).toMatchObject({ status: 200, body: "blue", headers: { "strict-transport-security": "max-age=60" } });
  expect(await fetch("www.app.test", "/a?b=c")).toMatchObject({
    status: 308,
    headers: { location: "https://app.test/a?b=c" },
  });
  expect((await fetch("app.test", "/long", undefined, { "accept-encoding": "gzip" })).headers["content-encoding"]).toBe(
    "gzip",
  );
  const plain = await globalThis.fetch(`http://127.0.0.1:${ports.get(80)}/x`, { redirect: "manual" });
  expect(plain.status).toBe(308);
  await untilTrue(() =>
    log
      .map((line) => JSON.parse(line) as { msg: string; status?: number })
      .some((e) => e.msg === "handled request" && e.status === 200),
  );
});

test("answers with the error route when no upstream is up", async () => {
  const { fetch } = await edge();
  expect(await fetch("app.test", "/")).toMatchObject({ status: 503, body: "not now" });
}, 20_000);

test("asks for no certificate for a name that points elsewhere", async () => {
  const folder = mkdtempSync(join(tmpdir(), "edge-"));
  const store = openStore(":memory:");
  const context = { folder, store, ids: seededIds(store, "ca"), now: () => new Date() } as unknown as CloudContext;
  const ca = await createCertificateAuthority(context, { resolve: () => ["203.0.113.9"] });
  await expect(ca.issue(["app.test"], "127.77.0.9")).rejects.toThrow(
    "app.test points to 203.0.113.9, not to 127.77.0.9",
  );
});

test("drops no request over switches by health", async () => {
  const { fetch, slots, ports } = await edge();
  slots["app-blue"] = await slot("blue");
  await untilTrue(async () => (await fetch("app.test", "/")).status === 200);

  const load = { on: true };
  const seen = new Map<string, number>();
  const agent = new Agent({ keepAlive: true });
  const client = async (agent: Agent | undefined): Promise<void> => {
    while (load.on) {
      const key = await fetch("app.test", "/", agent).then(
        (a) => `${a.status} ${a.body}`,
        (thrown: Error) => thrown.message,
      );
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  };
  const clients = [client(agent), client(agent), client(undefined)];
  let current = "blue";
  for (let turn = 0; turn < 4; turn++) {
    const next = current === "blue" ? "green" : "blue";
    const [old, fresh] = [slots[`app-${current}`] as Slot, await slot(next)];
    slots[`app-${next}`] = fresh;
    await wait(150);
    old.ready = false;
    await wait(150);
    await untilTrue(async () => {
      const upstreams = (await (
        await globalThis.fetch(`http://127.0.0.1:${ports.get(2019)}/reverse_proxy/upstreams`)
      ).json()) as { address: string; num_requests: number }[];
      return upstreams.find((u) => u.address === `app-${current}:3000`)?.num_requests === 0;
    });
    old.server.closeAllConnections();
    old.server.close();
    delete slots[`app-${current}`];
    current = next;
  }
  load.on = false;
  await Promise.all(clients);
  agent.destroy();
  expect([...seen.keys()].sort()).toEqual(["200 blue", "200 green"]);
}, 30_000);
