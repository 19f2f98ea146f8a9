import { type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { EdgeOptions } from "../ports.ts";
import type { Pool, Upstream } from "./upstreams.ts";

/** Headers of one hop: never passed on (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "proxy-connection",
]);

export class NoUpstream extends Error {
  readonly status: 502 | 503;
  constructor(status: 502 | 503, message: string) {
    super(message);
    this.status = status;
  }
}

function headersFor(incoming: IncomingMessage, set: Pool["requestHeaders"] = {}): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined && !hopByHop.has(name)) headers[name] = value;
  const peer = incoming.socket.remoteAddress ?? "";
  headers["x-forwarded-for"] = peer;
  headers["x-forwarded-proto"] = "encrypted" in incoming.socket ? "https" : "http";
  headers["x-forwarded-host"] = incoming.headers.host ?? "";
  if (incoming.headers["transfer-encoding"]) headers["transfer-encoding"] = "chunked";
  for (const [name, value] of Object.entries(set))
    headers[name] = value.replaceAll(/\{http\.request\.header\.([\w-]+)\}/g, (_, header: string) =>
      [incoming.headers[header.toLowerCase()] ?? ""].flat().join(", "),
    );
  return headers;
}

/**
 * Passes a request to a healthy upstream. While nothing of it was sent (the connection was refused) another
 * one is tried, for as long as `try_duration` says; once sent it is never repeated.
 */
export async function proxy(
  pool: Pool,
  dial: EdgeOptions["dial"],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onHead: (answer: IncomingMessage) => NodeJS.WritableStream,
): Promise<void> {
  const deadline = Date.now() + pool.tryMilliseconds;
  const tried = new Set<Upstream>();
  for (;;) {
    const upstream = pool.choose(tried);
    const target = upstream && dial(upstream.name, upstream.port);
    let refusal = "no upstreams available";
    if (upstream && target) {
      upstream.inFlight++;
      try {
        return await exchange(pool, target, incoming, outgoing, onHead);
      } catch (thrown) {
        if (!(thrown instanceof NotSent)) throw new NoUpstream(502, (thrown as Error).message);
        refusal = thrown.message;
        tried.add(upstream);
      } finally {
        upstream.inFlight--;
      }
    }
    const over = Date.now() >= deadline || incoming.destroyed || pool.ended.aborted;
    if (over) throw new NoUpstream(upstream ? 502 : 503, refusal);
    await wait(pool.tryEveryMilliseconds, undefined, { signal: pool.ended }).catch(() => {});
  }
}

/** The upstream got nothing of the request: it may be tried elsewhere. */
class NotSent extends Error {}

function exchange(
  pool: Pool,
  target: { readonly host: string; readonly port: number },
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onHead: (answer: IncomingMessage) => NodeJS.WritableStream,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const upstream = request({
      ...target,
      agent: pool.agent,
      method: incoming.method,
      path: incoming.url,
      headers: headersFor(incoming, pool.requestHeaders),
      setHost: false,
    });
    let connected = false;
    const slow = setTimeout(() => upstream.destroy(new Error("dial timeout")), pool.dialMilliseconds);
    upstream.on("socket", (socket) => {
      const ready = (): void => {
        connected = true;
        clearTimeout(slow);
        incoming.pipe(upstream);
      };
      if (socket.connecting) socket.once("connect", ready);
      else ready();
    });
    upstream.on("response", (answer) => {
      answer.on("end", resolve);
      answer.on("error", (thrown) => {
        outgoing.destroy(thrown);
        resolve();
      });
      answer.pipe(onHead(answer));
    });
    upstream.on("error", (thrown) => {
      clearTimeout(slow);
      // A kept connection that the upstream closed just now took nothing: a request without body may go again.
      const stale = upstream.reusedSocket && !outgoing.headersSent && ["GET", "HEAD"].includes(incoming.method ?? "");
      if (!connected || stale) reject(new NotSent(thrown.message));
      else if (outgoing.headersSent) {
        outgoing.destroy(thrown);
        resolve();
      } else reject(thrown);
    });
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
  });
}

/** WebSockets and other upgrades: the connection is handed over. */
export function proxyUpgrade(
  pool: Pool,
  dial: EdgeOptions["dial"],
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
): void {
  const upstream = pool.choose(new Set());
  const target = upstream && dial(upstream.name, upstream.port);
  if (!upstream || !target) {
    client.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const outgoing = request({
    ...target,
    method: incoming.method,
    path: incoming.url,
    headers: { ...headersFor(incoming), connection: "upgrade", upgrade: incoming.headers.upgrade ?? "" },
    setHost: false,
  });
  outgoing.on("upgrade", (answer, socket, rest) => {
    const lines = [`HTTP/1.1 101 ${answer.statusMessage}`];
    for (let i = 0; i < answer.rawHeaders.length; i += 2)
      lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
    client.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (rest.length > 0) client.write(rest);
    if (head.length > 0) socket.write(head);
    upstream.inFlight++;
    socket.on("close", () => upstream.inFlight--);
    socket.on("error", () => client.destroy());
    client.on("error", () => socket.destroy());
    socket.pipe(client).pipe(socket);
  });
  outgoing.on("response", (answer) => {
    client.end(
      `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    answer.resume();
  });
  outgoing.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  outgoing.end();
}
