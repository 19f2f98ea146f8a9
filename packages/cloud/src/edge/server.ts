import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { Duplex } from "node:stream";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import type { EdgeOptions } from "../ports.ts";
import type { Certificates } from "./certificates.ts";
import { type EdgeServer, type Handler, matchingRoutes, type Route, subroutesOf } from "./configuration.ts";
import { NoUpstream, proxy, proxyUpgrade } from "./proxy.ts";
import type { Pool } from "./upstreams.ts";

interface Exchange {
  /** Takes no connections any more when another configuration has taken over: then this one ends with its answer. */
  readonly server: Server;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly host: string;
  /** Header changes that wait for the answer. */
  readonly responseHeaders: ((outgoing: ServerResponse) => void)[];
  encode: boolean;
}

/** One Caddy server on one port. */
export function edgeServer(
  server: EdgeServer,
  tls: boolean,
  parts: {
    readonly options: EdgeOptions;
    readonly certificates: Certificates;
    readonly pools: ReadonlyMap<Handler, Pool>;
    readonly log: (entry: object) => void;
  },
): Server {
  const { options, certificates, pools, log } = parts;
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const started = performance.now();
    const host = (incoming.headers.host ?? "").replace(/:\d+$/, "");
    if (server.accessLog) {
      outgoing.on("close", () =>
        log({
          level: "info",
          logger: "http.log.access.access",
          msg: "handled request",
          request: {
            method: incoming.method,
            host,
            uri: incoming.url,
            remote_ip: incoming.socket.remoteAddress,
            proto: `HTTP/${incoming.httpVersion}`,
          },
          status: outgoing.statusCode,
          duration: (performance.now() - started) / 1_000,
        }),
      );
    }
    void serve({ server: made, incoming, outgoing, host, responseHeaders: [], encode: false });
  };
  const sni = (name: string, done: (thrown: Error | null, context?: ReturnType<Certificates["get"]>) => void): void => {
    const context = certificates.get(name);
    done(context ? null : new Error(`no certificate available for '${name}'`), context);
  };
  const made = tls ? createHttps({ SNICallback: sni, ALPNProtocols: ["http/1.1"] }, listener) : createHttp(listener);
  made.keepAliveTimeout = 300_000;
  made.requestTimeout = 0;
  made.on("tlsClientError", () => {});
  made.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const host = (incoming.headers.host ?? "").replace(/:\d+$/, "");
    const handler = matchingRoutes(server.routes, host, pathOf(incoming))
      .flatMap((route) => route.handle)
      .find((h) => h.handler === "reverse_proxy");
    const pool = handler && pools.get(handler);
    if (pool) proxyUpgrade(pool, options.dial, incoming, socket, head);
    else socket.destroy();
  });
  return made;

  async function serve(exchange: Exchange): Promise<void> {
    const { incoming, outgoing, host } = exchange;
    try {
      const answered = await runRoutes(matchingRoutes(server.routes, host, pathOf(incoming)), exchange, undefined);
      // Caddy answers an empty 200 where no route does.
      if (!answered) outgoing.end();
    } catch (thrown) {
      const status = thrown instanceof NoUpstream ? thrown.status : 502;
      log({
        level: "error",
        logger: "http.log.error",
        msg: (thrown as Error).message,
        status,
        request: { host, uri: incoming.url },
      });
      if (outgoing.headersSent) {
        outgoing.destroy();
        return;
      }
      const answered = await runRoutes(matchingRoutes(server.errorRoutes, host, pathOf(incoming)), exchange, status);
      if (!answered) outgoing.writeHead(status).end();
    }
  }

  /** Whether one of the handlers answered. */
  async function runRoutes(routes: readonly Route[], exchange: Exchange, status: number | undefined): Promise<boolean> {
    for (const handler of routes.flatMap((route) => route.handle)) {
      switch (handler.handler) {
        case "headers":
          exchange.responseHeaders.push(headerChanges(handler));
          break;
        case "encode":
          exchange.encode = true;
          break;
        case "static_response":
          staticResponse(handler, exchange, status);
          return true;
        case "subroute":
          if (await runSubroute(handler, exchange, status)) return true;
          break;
        case "reverse_proxy": {
          const pool = pools.get(handler);
          if (!pool) break;
          await proxy(pool, options.dial, exchange.incoming, exchange.outgoing, (answer) =>
            answerHead(exchange, answer),
          );
          return true;
        }
      }
    }
    return false;
  }

  /** What fails in it goes to its own error routes, where it has some. */
  async function runSubroute(handler: Handler, exchange: Exchange, status: number | undefined): Promise<boolean> {
    const chosen = (routes: readonly Route[]) => matchingRoutes(routes, exchange.host, pathOf(exchange.incoming));
    const errors = handler["errors"] as Handler | undefined;
    try {
      return await runRoutes(chosen(subroutesOf(handler)), exchange, status);
    } catch (thrown) {
      if (!errors || !(thrown instanceof NoUpstream) || exchange.outgoing.headersSent) throw thrown;
      return runRoutes(chosen(subroutesOf(errors)), exchange, thrown.status);
    }
  }
}

const pathOf = (incoming: IncomingMessage): string => (incoming.url ?? "/").split("?")[0] as string;

function answerHead(exchange: Exchange, answer: IncomingMessage): NodeJS.WritableStream {
  const { server, outgoing, incoming } = exchange;
  if (!server.listening) outgoing.shouldKeepAlive = false;
  outgoing.statusCode = answer.statusCode ?? 502;
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i] as string;
    if (!/^(connection|keep-alive|transfer-encoding)$/i.test(name))
      outgoing.appendHeader(name, answer.rawHeaders[i + 1] as string);
  }
  for (const change of exchange.responseHeaders) change(outgoing);
  const encoding = exchange.encode && incoming.method !== "HEAD" ? encodingFor(incoming, answer) : undefined;
  if (!encoding) return outgoing;
  outgoing.removeHeader("content-length");
  outgoing.setHeader("content-encoding", encoding);
  outgoing.appendHeader("vary", "Accept-Encoding");
  const flush = { flush: constants.Z_SYNC_FLUSH };
  const compress = encoding === "gzip" ? createGzip(flush) : createZstdCompress();
  compress.pipe(outgoing);
  return compress;
}

/** Text of 512 bytes or more, if nobody encoded it yet and the client takes it; zstd before gzip. */
function encodingFor(incoming: IncomingMessage, answer: IncomingMessage): "zstd" | "gzip" | undefined {
  const { headers, statusCode } = answer;
  const length = headers["content-length"] === undefined ? Infinity : Number(headers["content-length"]);
  const textual = /^(text\/|application\/(json|javascript|xml|wasm)|image\/svg)/.test(headers["content-type"] ?? "");
  if (
    !textual ||
    length < 512 ||
    headers["content-encoding"] ||
    statusCode === 204 ||
    statusCode === 304 ||
    statusCode === 206
  )
    return undefined;
  const accepted = [incoming.headers["accept-encoding"] ?? ""].join();
  return accepted.includes("zstd") ? "zstd" : accepted.includes("gzip") ? "gzip" : undefined;
}

function headerChanges(handler: Handler): (outgoing: ServerResponse) => void {
  const response = (handler["response"] ?? {}) as {
    readonly set?: Readonly<Record<string, readonly string[]>>;
    readonly add?: Readonly<Record<string, readonly string[]>>;
    readonly delete?: readonly string[];
  };
  return (outgoing) => {
    for (const [name, values] of Object.entries(response.set ?? {})) outgoing.setHeader(name, [...values]);
    for (const [name, values] of Object.entries(response.add ?? {}))
      for (const value of values) outgoing.appendHeader(name, value);
    for (const name of response.delete ?? []) outgoing.removeHeader(name);
  };
}

interface StaticResponse extends Handler {
  readonly status_code?: number | string;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly body?: string;
}

function staticResponse(handler: Handler, exchange: Exchange, errorStatus: number | undefined): void {
  const { server, incoming, outgoing, host } = exchange;
  const settings = handler as StaticResponse;
  if (!server.listening) outgoing.shouldKeepAlive = false;
  const fill = (text: string): string =>
    text
      .replaceAll("{http.request.uri}", incoming.url ?? "/")
      .replaceAll("{http.request.host}", host)
      .replaceAll("{http.error.status_code}", String(errorStatus ?? 500));
  outgoing.statusCode = Number(fill(`${settings.status_code ?? 200}`));
  for (const [name, values] of Object.entries(settings.headers ?? {})) {
    outgoing.setHeader(name, values.map(fill));
  }
  for (const change of exchange.responseHeaders) change(outgoing);
  outgoing.end(incoming.method === "HEAD" ? undefined : fill(settings.body ?? ""));
}
