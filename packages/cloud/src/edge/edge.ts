import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { EdgeOptions, RunningEdge, StartEdge } from "../ports.ts";
import { keepCertificates } from "./certificates.ts";
import { type EdgeConfiguration, type Handler, handlersOf, readConfiguration } from "./configuration.ts";
import { edgeServer } from "./server.ts";
import { createPool, type Pool } from "./upstreams.ts";

/** What one configuration runs: thrown away whole when another is loaded. */
interface Generation {
  readonly configuration: EdgeConfiguration;
  readonly raw: unknown;
  readonly pools: ReadonlyMap<Handler, Pool>;
  /** Takes no connections any more. Resolves when all that were busy have ended, or the grace is over. */
  leave(graceMilliseconds: number): Promise<void>;
  /** Ends waiting for an upstream. */
  end(): void;
  /** Whatever is under way ends now. */
  cut(): void;
  stop(graceMilliseconds: number): Promise<void>;
}

/**
 * Stands for the `caddy` image: its JSON configuration (`reverse_proxy` with active health checks and
 * `least_conn`, `static_response`, `headers`, `encode`), automatic HTTPS with redirects, its admin API
 * (`/config/`, `/load`, `/reverse_proxy/upstreams`, `/stop` is the container's).
 */
export const startEdge: StartEdge = async (options: EdgeOptions): Promise<RunningEdge> => {
  const log = (entry: object): void => options.log(JSON.stringify({ ts: Date.now() / 1_000, ...entry }));
  let current = await startGeneration(options, options.config, log);
  const leaving = new Set<Generation>();

  const admin = createServer((request, response) => void answerAdmin(request, response));
  await listen(admin, options.listenOn(current.configuration.adminPort));
  log({ level: "info", logger: "admin", msg: "admin endpoint started" });

  async function answerAdmin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
    };
    const path = (request.url ?? "/").split("?")[0];
    if (request.method === "GET" && path === "/reverse_proxy/upstreams") {
      const upstreams = [...current.pools.values()].flatMap((pool) => pool.upstreams);
      return json(
        200,
        upstreams.map((u) => ({ address: u.dial, num_requests: u.inFlight, fails: 0 })),
      );
    }
    if (request.method === "GET" && path === "/config/") return json(200, current.raw);
    if (request.method === "POST" && path === "/load") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      try {
        const raw: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        readConfiguration(raw);
        // As by Caddy: idle connections are closed, what is under way ends in the configuration in which it began, but
        // who waits for an upstream waits no more once the next one serves. The ports must be free for that.
        const before = current;
        leaving.add(before);
        const left = before.leave(60_000);
        current = await startGeneration(options, raw, log);
        before.end();
        void left.then(() => before.stop(0)).finally(() => leaving.delete(before));
        response.end();
      } catch (thrown) {
        json(400, { error: (thrown as Error).message });
      }
      return;
    }
    json(404, { error: `unrecognized path: ${path}` });
  }

  return {
    async stop(graceMilliseconds) {
      admin.close();
      admin.closeAllConnections();
      for (const generation of leaving) generation.cut();
      await current.stop(graceMilliseconds);
    },
  };
};

async function startGeneration(options: EdgeOptions, raw: unknown, log: (entry: object) => void): Promise<Generation> {
  const configuration = readConfiguration(raw);
  const pools = new Map<Handler, Pool>();
  for (const server of configuration.servers) {
    for (const handler of handlersOf(server.routes)) {
      if (handler.handler === "reverse_proxy") pools.set(handler, createPool(handler, options.dial, log));
    }
  }
  const certificates = keepCertificates(options, configuration.subjects, log);
  const servers: Server[] = [];
  const leave = async (graceMilliseconds: number): Promise<void> => {
    certificates.stop();
    await Promise.all(servers.map((server) => close(server, graceMilliseconds)));
  };
  const end = (): void => {
    for (const pool of pools.values()) pool.end();
  };
  const cut = (): void => {
    for (const server of servers) server.closeAllConnections();
  };
  const stop = async (graceMilliseconds: number): Promise<void> => {
    end();
    await leave(graceMilliseconds);
    for (const pool of pools.values()) pool.stop();
  };
  try {
    for (const server of configuration.servers) {
      for (const port of server.ports) {
        const made = edgeServer(server, server.automaticHttps && port !== 80, { options, certificates, pools, log });
        await listen(made, options.listenOn(port));
        servers.push(made);
      }
    }
    // Automatic HTTPS: plain requests are sent to the same place under TLS.
    if (!configuration.servers.some((server) => server.ports.includes(80))) {
      const redirects = createServer((request, response) => {
        const host = (request.headers.host ?? "").replace(/:\d+$/, "");
        response.writeHead(308, { location: `https://${host}${request.url ?? "/"}`, connection: "close" }).end();
      });
      await listen(redirects, options.listenOn(80));
      servers.push(redirects);
    }
  } catch (thrown) {
    await stop(0);
    throw thrown;
  }
  return { configuration, raw, pools, leave, end, cut, stop };
}

function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => {
      server.off("error", reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Ends idle connections at once, busy ones when they are done or the grace is over. */
function close(server: Server, graceMilliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const hard = setTimeout(() => server.closeAllConnections(), graceMilliseconds);
    server.close(() => {
      clearTimeout(hard);
      resolve();
    });
    server.closeIdleConnections();
  });
}
