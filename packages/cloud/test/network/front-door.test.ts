import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createHttp, request, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { connect, createServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serverNameOf } from "../../src/network/client-hello.ts";
import { createNetwork, openFrontDoor, type FrontDoor } from "../../src/network/index.ts";

const name = "shop.localhost";
const listening = async <T extends NetServer>(server: T): Promise<T> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
};
const portOf = (server: NetServer): number => (server.address() as AddressInfo).port;

let folder: string;
let certificate: Buffer;
let plain: Server;
let secure: NetServer;
let door: FrontDoor;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "doge-door-"));
  const file = (end: string): string => join(folder, end);
  const options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const names = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  execFileSync("openssl", ["req", ...options, ...names, "-keyout", file("key"), "-out", file("crt")], {
    stdio: "ignore",
  });
  certificate = await readFile(file("crt"));
  plain = await listening(
    createHttp((incoming, answer) => {
      answer.setHeader("x-host", incoming.headers.host ?? "");
      incoming.pipe(answer);
      if (incoming.method === "GET") answer.end(`plain ${incoming.url}`);
    }),
  );
  secure = await listening(
    createHttps({ cert: certificate, key: await readFile(file("key")) }, (_, answer) => answer.end("secure")),
  );
  const network = createNetwork();
  network.publish("127.77.0.2", 80, { host: "127.0.0.1", port: portOf(plain) });
  network.publish("127.77.0.2", 443, { host: "127.0.0.1", port: portOf(secure) });
  door = await openFrontDoor({
    host: "127.0.0.1",
    network,
    resolve: (asked) => (asked === name ? ["127.77.0.2"] : []),
    onward: (asked) => asked === "outside.test",
    ports: { proxy: 0, https: [portOf(secure), 0], http: [0] },
  });
});

afterAll(async () => {
  await door.stop();
  plain.close();
  secure.close();
  await rm(folder, { recursive: true });
});

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly host: string;
}

const ask = (port: number, path: string, headers: Record<string, string> = {}, body?: string): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const asked = request({ host: "127.0.0.1", port, path, headers, method, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, text, host: String(answer.headers["x-host"] ?? "") }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });

/** GET over TLS with this server name, on a socket that is there already. */
const overTls = (socket: Socket, servername: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const tls = connectTls({ socket, servername, ca: certificate }, () => {
      tls.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
    });
    let text = "";
    tls.on("data", (chunk: Buffer) => (text += chunk.toString()));
    tls.on("end", () => resolve(text));
    tls.on("error", reject);
  });

/** The proxy's answer to CONNECT, and the tunnel. */
const tunnel = (target: string): Promise<{ status: number; text: string; socket: Socket }> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: door.proxyPort, method: "CONNECT", path: target, agent: false });
    asked.on("connect", (answer, socket, head) => {
      const finish = (text: string): void => resolve({ status: answer.statusCode ?? 0, text, socket });
      if (answer.statusCode === 200) return finish("");
      let text = head.toString();
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("end", () => finish(text));
    });
    asked.on("error", reject);
    asked.end();
  });

test("the proxy forwards absolute addresses with their body and Host", async () => {
  expect(await ask(door.proxyPort, `http://${name}/a?b=c`, { host: name })).toEqual({
    status: 200,
    text: "plain /a?b=c",
    host: name,
  });
  const posted = await ask(door.proxyPort, `http://${name}/`, { host: name, "proxy-authorization": "x" }, "body");
  expect(posted.text).toBe("body");
});

test("the proxy tunnels to the droplet, which ends TLS itself", async () => {
  const { status, socket } = await tunnel(`${name}:443`);
  expect(status).toBe(200);
  expect(await overTls(socket, name)).toMatch(/secure$/);
});

test("by address as well; what is not there is said", async () => {
  const { status, socket } = await tunnel("127.77.0.2:443");
  expect(status).toBe(200);
  socket.destroy();
  const closed = await tunnel(`${name}:8080`);
  expect([closed.status, closed.text]).toEqual([502, `nothing listens on port 8080 of ${name} (127.77.0.2)`]);
  const foreign = await tunnel("registry.test:443");
  expect([foreign.status, foreign.text]).toEqual([
    502,
    "registry.test is no name of the local cloud: it has no A record in any zone made there",
  ]);
  expect((await tunnel("nothere.localhost:443")).status).toBe(502);
  expect((await ask(door.proxyPort, "/not-absolute")).status).toBe(400);
});

test("a browser without a proxy: HTTPS by server name, HTTP by Host", async () => {
  expect(door.httpsPort).not.toBe(portOf(secure));
  expect(await overTls(connect(door.httpsPort, "127.0.0.1"), name)).toMatch(/secure$/);
  await expect(overTls(connect(door.httpsPort, "127.0.0.1"), "other.localhost")).rejects.toThrow("unrecognized name");
  expect((await ask(door.httpPort, "/x", { host: `${name}:7480` })).text).toBe("plain /x");
  expect((await ask(door.httpPort, "/x", { host: "other.localhost" })).status).toBe(502);
});

test("the server name is read from pieces, and from nothing else than TLS", async () => {
  const hello = await new Promise<Buffer>((resolve) => {
    const server = createServer((socket) => {
      socket.once("data", (bytes) => {
        resolve(bytes);
        socket.destroy();
        server.close();
      });
    });
    server.listen(0, "127.0.0.1", () => {
      connectTls({ port: portOf(server), host: "127.0.0.1", servername: "Deep.Shop.localhost" }).on("error", () => {});
    });
  });
  expect(serverNameOf(hello)).toBe("deep.shop.localhost");
  for (const length of [0, 3, 20, hello.length - 1]) expect(serverNameOf(hello.subarray(0, length))).toBe("incomplete");
  // The same message over two records.
  const body = hello.subarray(5);
  const record = (part: Buffer): Buffer =>
    Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]);
  expect(serverNameOf(Buffer.concat([record(body.subarray(0, 50)), record(body.subarray(50))]))).toBe(
    "deep.shop.localhost",
  );
  expect(serverNameOf(Buffer.from("GET / HTTP/1.1\r\n\r\n"))).toBeUndefined();
});
