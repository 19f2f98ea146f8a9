import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { randomUUID } from "node:crypto";
import { DogeError, error } from "@doge/core";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { ServiceName } from "../ports.ts";
import { vendorError } from "./errors.ts";
import type { Fault, Faults } from "./faults.ts";
import { createPast, type Past } from "./past.ts";
import { spentRate } from "./rate.ts";
import { scrubAuthorization, scrubPath, type RequestLog } from "./requests.ts";

export interface ServeOptions {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** What stands around the app; without it, the app alone. */
  readonly around?: {
    readonly service: ServiceName;
    readonly requests?: RequestLog;
    readonly faults?: Faults;
    readonly rateHeaders?: (service: ServiceName, credential: string) => Readonly<Record<string, string>>;
    /** Milliseconds, for what lags behind; the machine's clock unless told. */
    readonly now?: () => number;
  };
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:7402`, without a slash at its end. */
  readonly url: string;
  /** Lets requests finish for `graceMilliseconds` (default 2000), then cuts them. */
  stop(graceMilliseconds?: number): Promise<void>;
}

/**
 * Serves an app. Bodies stream in both directions; nothing is buffered here. What stands around the app works on
 * Node's own request and response, so that it never touches a stream.
 *
 * Fails with `port-in-use` where the port is taken.
 */
export async function serveApp(app: Hono, options: ServeOptions): Promise<HttpServer> {
  const answer = getRequestListener((request, env) => app.fetch(request, env), { overrideGlobalObjects: false });
  const past = createPast(options.around?.now);
  const server = createServer((incoming, outgoing) => {
    const work = options.around
      ? guarded(incoming, outgoing, { ...options.around, past }, answer)
      : answer(incoming, outgoing);
    // The listener answers its own errors; what is left is a connection that ended.
    work.catch(() => incoming.socket.destroy());
  });
  // Uploads may take long; clients that keep connections must not meet one that closes under a request.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  const { port } = await listen(server, options.host, options.port);
  return {
    host: options.host,
    port,
    url: `http://${options.host}:${port}`,
    stop: (graceMilliseconds = 2_000) => close(server, graceMilliseconds),
  };
}

/** Listens, or says which port is taken and what to do. */
export async function listen(server: NetServer, host: string, port: number): Promise<AddressInfo> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (thrown) {
    throw portTrouble(thrown, host, port);
  }
  return server.address() as AddressInfo;
}

/** `port-in-use` for EADDRINUSE; other errors as they are. */
export function portTrouble(thrown: unknown, host: string, port: number): unknown {
  if ((thrown as NodeJS.ErrnoException).code !== "EADDRINUSE") return thrown;
  return new DogeError([
    error({
      code: "port-in-use",
      summary: "A port that the local cloud needs is in use",
      detail: `${host}:${port} is taken by another program`,
      address: `${host}:${port}`,
      remedy: `End that program (\`ss -ltnp 'sport = :${port}'\` names it), or choose other ports: doge cloud up --port <base>.`,
    }),
  ]);
}

async function close(server: Server, graceMilliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMilliseconds);
  await closed;
  clearTimeout(cut);
}

const requestIdHeaders: Partial<Record<ServiceName, string>> = {
  github: "x-github-request-id",
  spaces: "x-amz-request-id",
};

type Answer = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/** Request id, rate limits, log and faults around one request. */
async function guarded(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { service, requests, faults, rateHeaders, past }: NonNullable<ServeOptions["around"]> & { readonly past: Past },
  answer: Answer,
): Promise<void> {
  const started = performance.now();
  const at = new Date().toISOString();
  const id = randomUUID();
  const method = incoming.method ?? "GET";
  const path = incoming.url ?? "/";
  const fault = faults?.strike({ service, method, path });
  const { authorization, "user-agent": userAgent } = incoming.headers;

  outgoing.once("close", () =>
    requests?.add({
      at,
      service,
      id,
      method,
      path: scrubPath(path),
      status: outgoing.headersSent ? outgoing.statusCode : 0,
      milliseconds: Math.round((performance.now() - started) * 10) / 10,
      ...(userAgent && { userAgent }),
      ...(authorization && { authorization: scrubAuthorization(authorization) }),
      ...(fault && { fault: String(fault.effect) }),
    }),
  );
  outgoing.setHeader(requestIdHeaders[service] ?? "x-request-id", id);
  for (const [name, value] of Object.entries(rateHeaders?.(service, authorization ?? "") ?? {})) {
    outgoing.setHeader(name, value);
  }
  const old = fault?.effect === "stale" ? olderAnswer(incoming, past, fault) : undefined;
  if (!faults?.lags(service)) past.forget();
  else if (old === undefined) past.watch(incoming, outgoing);
  if (!fault) return answer(incoming, outgoing);

  if (fault.delayMilliseconds) await new Promise((resolve) => setTimeout(resolve, fault.delayMilliseconds));
  if (fault.effect === "delay") return answer(incoming, outgoing);
  if (fault.effect === "stale") {
    if (old === undefined) return answer(incoming, outgoing);
    if (old === "missing") return strike(incoming, outgoing, { service, id, fault: { effect: 404 } });
    outgoing.writeHead(old.status, old.headers);
    outgoing.end(old.body);
    return;
  }
  if (fault.when === "after") {
    loseAnswer(incoming, outgoing, { service, id, fault });
    return answer(incoming, outgoing);
  }
  strike(incoming, outgoing, { service, id, fault });
}

/** The service does its work, the client never learns of it: it gets an error, or nothing. */
function loseAnswer(incoming: IncomingMessage, outgoing: ServerResponse, struck: Struck): void {
  const { writeHead, flushHeaders, write, end } = outgoing;
  const swallow = (): ServerResponse => outgoing;
  const instead = (): ServerResponse => {
    Object.assign(outgoing, { writeHead, flushHeaders, write, end });
    strike(incoming, outgoing, struck);
    return outgoing;
  };
  Object.assign(outgoing, { writeHead: swallow, flushHeaders: swallow, write: () => true, end: instead });
}

/** What a copy of the service that lags behind answers to a read, where that is something else. */
function olderAnswer({ method, url = "/" }: IncomingMessage, past: Past, fault: Fault): ReturnType<Past["answer"]> {
  const read = method === "GET" || method === "HEAD";
  return read ? past.answer(url, fault.lagMilliseconds ?? 1_000) : undefined;
}

interface Struck {
  readonly service: ServiceName;
  readonly id: string;
  readonly fault: Fault;
}

function strike(incoming: IncomingMessage, outgoing: ServerResponse, { service, id, fault }: Struck): void {
  if (fault.effect === "timeout") return;
  if (typeof fault.effect !== "number") {
    incoming.socket.destroy();
    return;
  }
  const { contentType, body } = vendorError(service, fault.effect, "Injected by the local cloud's control port", id);
  incoming.resume();
  outgoing.writeHead(fault.effect, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    ...(fault.retryAfter !== undefined && { "retry-after": String(fault.retryAfter) }),
    ...(fault.rateReset !== undefined && spentRate(service, fault.rateReset)),
  });
  outgoing.end(body);
}
