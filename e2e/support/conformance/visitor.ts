import { connect, type Socket } from "node:net";
import { connect as secure, type TLSSocket } from "node:tls";
import { readFileSync } from "node:fs";
import type { Machine } from "../../../packages/core/src/index.ts";

/** A visitor who keeps one connection, and sees whether it is still the same one. */
export interface Visitor {
  /** Status and body of a GET over the connection; rejects where it is gone. */
  get(path: string): Promise<{ readonly status: number; readonly body: string }>;
  readonly closed: boolean;
  close(): void;
}

/** Opens one TLS connection to a site, through the machine's proxy where it has one. */
export async function openVisitor({ env }: Machine, domain: string): Promise<Visitor> {
  const proxy = env["HTTPS_PROXY"];
  const plain = proxy ? await through(new URL(proxy), domain) : undefined;
  const authorities = env["NODE_EXTRA_CA_CERTS"];
  const socket: TLSSocket = secure({
    ...(plain ? { socket: plain } : { host: domain, port: 443 }),
    servername: domain,
    ...(authorities ? { ca: readFileSync(authorities) } : {}),
  });
  await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  let closed = false;
  socket.on("close", () => (closed = true)).on("error", () => (closed = true));
  return {
    get closed() {
      return closed;
    },
    close: () => void socket.destroy(),
    async get(path) {
      if (closed) throw new Error("the connection is closed");
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${domain}\r\n\r\n`);
      let text = "";
      for (;;) {
        text += (await next(socket)).toString("latin1");
        const [head = "", body] = text.split("\r\n\r\n");
        const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
        const whole = Number.isNaN(length) ? body?.endsWith("0") : body !== undefined && body.length >= length;
        if (!whole) continue;
        return { status: Number(head.split(" ")[1]), body: body ?? "" };
      }
    },
  };
}

function next(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      socket.off("data", got).off("close", gone);
    };
    const got = (chunk: Buffer): void => (done(), resolve(chunk));
    const gone = (): void => (done(), reject(new Error("the connection was closed")));
    socket.once("data", got).once("close", gone);
  });
}

async function through(proxy: URL, domain: string): Promise<Socket> {
  const socket = connect(Number(proxy.port), proxy.hostname);
  socket.write(`CONNECT ${domain}:443 HTTP/1.1\r\nHost: ${domain}:443\r\n\r\n`);
  const answer = (await next(socket)).toString();
  if (!answer.startsWith("HTTP/1.1 200")) throw new Error(`the proxy says ${answer.split("\r\n")[0]}`);
  return socket;
}
