import { createServer as createHttpServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer, isIPv4, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { listen } from "../kit/http.ts";
import type { Network } from "../ports.ts";
import { serverNameOf } from "./client-hello.ts";

export interface FrontDoorOptions {
  readonly host: string;
  readonly network: Network;
  /** Addresses of a name by the zones. */
  readonly resolve: (name: string) => readonly string[];
  /**
   * Whether the proxy may lead out to a name that is none of ours (a package registry, for jobs that run `npm ci`
   * behind it). Default: it never does.
   */
  readonly onward?: (name: string) => boolean;
  /** Each in order of preference: the first that may be bound is taken. */
  readonly ports: { readonly proxy: number; readonly https: readonly number[]; readonly http: readonly number[] };
}

export interface FrontDoor {
  /** Forward proxy: CONNECT, and GET with an absolute address. */
  readonly proxyPort: number;
  /** Routers by server name and by Host: for browsers, which take `.localhost` for 127.0.0.1. */
  readonly httpsPort: number;
  readonly httpPort: number;
  stop(): Promise<void>;
}

type Place = { readonly host: string; readonly port: number };

/** The way into the local cloud's addresses. Carries bytes; TLS ends in the droplet. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { host, network, resolve, ports, onward = () => false } = options;
  const sockets = new Set<Socket | Duplex>();
  const keep = <T extends Socket | Duplex>(socket: T): T => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    return socket;
  };

  /** Where a name or an address of ours really listens, or a sentence that says why nowhere. */
  function place(name: string, port: number): Place | string {
    const bare = name.toLowerCase().replace(/\.$/, "");
    const addresses = isIPv4(bare) ? [bare] : resolve(bare);
    if (addresses.length === 0)
      return `${bare} is no name of the local cloud: it has no A record in any zone made there`;
    for (const address of addresses) {
      const found = network.locate(address, port);
      if (found) return found;
    }
    return `nothing listens on port ${port} of ${bare} (${addresses.join(", ")})`;
  }

  /** For the proxy: also what lies outside, where that is allowed. */
  const reach = (name: string, port: number): Place | string => {
    const found = place(name, port);
    const foreign = typeof found === "string" && !isIPv4(name) && resolve(name).length === 0;
    return foreign && !/(^|\.)localhost$/i.test(name) && onward(name) ? { host: name, port } : found;
  };

  const proxy = createHttpServer((incoming, outgoing) => {
    const target = URL.canParse(incoming.url ?? "") ? new URL(incoming.url ?? "") : undefined;
    if (target?.protocol !== "http:")
      return refuse(outgoing, 400, "This is a forward proxy: ask it for an http address");
    const found = reach(target.hostname, Number(target.port || 80));
    if (typeof found === "string") return refuse(outgoing, 502, found);
    forward(incoming, outgoing, found, target.pathname + target.search);
  });
  proxy.on("connection", keep);
  proxy.on("connect", (incoming: IncomingMessage, client: Duplex, head: Buffer) => {
    keep(client);
    const [, name = "", port = "443"] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(incoming.url ?? "") ?? [];
    const found = reach(name, Number(port));
    if (typeof found === "string") {
      client.end(
        `HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(found)}\r\nConnection: close\r\n\r\n${found}`,
      );
      return;
    }
    const upstream = keep(
      connect({ ...found, noDelay: true }, () => {
        client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        upstream.write(head);
        join(client, upstream);
      }),
    );
    upstream.once("close", () => client.destroy());
  });

  const https = createServer({ noDelay: true }, (client) => {
    keep(client);
    routeByServerName(client, (name) => {
      const found = place(name, 443);
      return typeof found === "string" ? undefined : keep(connect({ ...found, noDelay: true }));
    });
  });

  const http = createHttpServer((incoming, outgoing) => {
    const name = (incoming.headers.host ?? "").replace(/:\d+$/, "");
    const found = place(name, 80);
    if (typeof found === "string") return refuse(outgoing, 502, found);
    forward(incoming, outgoing, found, incoming.url ?? "/");
  });
  http.on("connection", keep);

  const servers: Server[] = [];
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  };
  try {
    const proxyPort = (await listen(proxy, host, ports.proxy)).port;
    servers.push(proxy);
    const httpsPort = await listenOnFirst(https, host, ports.https);
    servers.push(https);
    const httpPort = await listenOnFirst(http, host, ports.http);
    servers.push(http);
    return { proxyPort, httpsPort, httpPort, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** Ports below 1024 may be forbidden or another program's: then the next one is tried. */
async function listenOnFirst(server: Server, host: string, ports: readonly number[]): Promise<number> {
  for (const port of ports.slice(0, -1)) {
    try {
      return (await listen(server, host, port)).port;
    } catch {
      server.removeAllListeners("error");
    }
  }
  return (await listen(server, host, ports.at(-1) ?? 0)).port;
}

function refuse(outgoing: ServerResponse, status: number, message: string): void {
  outgoing.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  outgoing.end(`${message}\n`);
}

const hopByHop = ["proxy-connection", "proxy-authorization", "connection", "keep-alive"];

function forward(incoming: IncomingMessage, outgoing: ServerResponse, to: Place, path: string): void {
  const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !hopByHop.includes(name)));
  const upstream = request({ host: to.host, port: to.port, path, method: incoming.method, headers, agent: false });
  upstream.on("response", (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on("error", (thrown) => {
    if (outgoing.headersSent) outgoing.destroy();
    else refuse(outgoing, 502, `the droplet does not answer: ${thrown.message}`);
  });
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}

function join(one: Duplex, other: Duplex): void {
  one.pipe(other);
  other.pipe(one);
}

/** Reads no more than the client's first message, to learn the name; the bytes go on as they came. */
function routeByServerName(client: Socket, dial: (name: string) => Socket | undefined): void {
  let seen = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    const name = serverNameOf(seen);
    if (name === "incomplete") return;
    client.off("data", onData);
    client.pause();
    const upstream = name === undefined ? undefined : dial(name);
    if (!upstream) {
      // unrecognized_name (112), fatal: what a server says that knows no such name.
      client.end(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 112]));
      return;
    }
    upstream.once("close", () => client.destroy());
    client.once("close", () => upstream.destroy());
    upstream.write(seen);
    join(client, upstream);
  };
  client.on("data", onData);
}
