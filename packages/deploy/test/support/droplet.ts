import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Http, Secret } from "@doge/core";
import { nodeClock, nodeHttp } from "@doge/core/node";
import { connectHost, edgeConfiguration, type Host } from "../../src/index.ts";
import { slotPort } from "../../src/release/compose-file.ts";
import { makeKeys, type SshServer, startSshServer } from "./ssh-server.ts";

export async function freePort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const digestOf = (name: string): string => `sha256:${Buffer.from(name).toString("hex").padEnd(64, "0")}`;

/** A droplet for tests: real SSH, real shell, real Caddy over real Node apps; `docker` is support/docker.mjs. */
export interface TestDroplet {
  readonly home: string;
  /** The public internet: the site's name leads to the droplet's Caddy. */
  readonly http: Http;
  connect(): Promise<Host>;
  /** Adds an image whose app behaves by `mode`: fine, crash, unready. */
  addImage(name: string, mode?: string): { reference: string; digest: string; tree: string; commit: string };
  calls(): readonly string[];
  cut(): void;
  stop(): Promise<void>;
}

export async function startDroplet(domain: string): Promise<TestDroplet> {
  const home = mkdtempSync(join(tmpdir(), "doge-droplet-"));
  const state = join(home, "engine");
  const bin = join(home, "bin");
  for (const folder of [join(state, "images"), bin]) mkdirSync(folder, { recursive: true });
  const script = join(import.meta.dirname, "docker.mjs");
  chmodSync(script, 0o755);
  symlinkSync(script, join(bin, "docker"));
  symlinkSync(process.execPath, join(bin, "node"));

  const [site, admin, blue, green] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const caddy = startCaddy(home, domain, { site, admin, blue, green });
  const shim = await startAdminShim(admin, { blue, green });

  const ports = { [slotPort.blue]: blue, [slotPort.green]: green };
  const env = {
    HOME: home,
    PATH: `${bin}:${process.env["PATH"]}`,
    DOCKER_STATE: state,
    DOCKER_PORTS: JSON.stringify(ports),
  };
  const hostKey = makeKeys();
  const user = makeKeys();
  const shimPort = (shim.address() as AddressInfo).port;
  const server: SshServer = await startSshServer({
    hostKey,
    user,
    env,
    locate: (port) => (port === 2019 ? shimPort : (ports[port] ?? port)),
  });
  const http = nodeHttp({});
  return {
    home,
    http: {
      send: (request) =>
        http.send({ ...request, url: request.url.replace(`https://${domain}`, `http://127.0.0.1:${site}`) }),
    },
    connect: () =>
      connectHost({
        host: "127.0.0.1",
        port: server.port,
        user: "doge",
        privateKey: new Secret(user.privateKey),
        hostKey: hostKey.publicKey,
        clock: nodeClock,
      }),
    addImage(name, mode = "fine") {
      const digest = digestOf(name);
      const folder = join(state, "images", digest.replace("sha256:", ""));
      mkdirSync(folder, { recursive: true });
      cpSync(join(import.meta.dirname, "app.mjs"), join(folder, "server.mjs"));
      cpSync(join(import.meta.dirname, "migrate.mjs"), join(folder, "migrate.mjs"));
      writeFileSync(join(folder, "mode"), mode);
      return { reference: `registry.test/ada/shop@${digest}`, digest, tree: name.padEnd(40, "0"), commit: name };
    },
    calls: () => readFileSync(join(state, "calls.log"), "utf8").trim().split("\n"),
    cut: () => server.cut(),
    async stop() {
      execFileSync(process.execPath, [script, "reap"], { env: { ...process.env, ...env } });
      caddy.kill();
      shim.close();
      await server.stop();
      rmSync(home, { recursive: true });
    },
  };
}

interface Ports {
  readonly site: number;
  readonly admin: number;
  readonly blue: number;
  readonly green: number;
}

/** The builder's own configuration on free ports, without TLS: names and ports are all that differs. */
export function localConfiguration(domain: string, ports: Ports): string {
  const text = JSON.stringify(edgeConfiguration({ domains: [domain], port: 3000, readyPath: "/readyz" }))
    .replace('"app-blue:3000"', `"127.0.0.1:${ports.blue}"`)
    .replace('"app-green:3000"', `"127.0.0.1:${ports.green}"`)
    .replace('"listen":[":443"]', `"listen":["127.0.0.1:${ports.site}"],"automatic_https":{"disable":true}`)
    .replace('"0.0.0.0:2019"', `"127.0.0.1:${ports.admin}"`)
    .replace(`"match":[{"host":["${domain}"]}],`, "")
    .replace(/"tls":\{.*?\}\]\}\}(?=\})/, '"tls":{}');
  return text;
}

export function startCaddy(home: string, domain: string, ports: Ports): ChildProcess {
  const file = join(home, "caddy.json");
  writeFileSync(file, localConfiguration(domain, ports));
  const env = { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
  // Its access log is where `docker logs` finds it.
  const folder = join(home, "engine");
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, "services-caddy-1.log"), "a");
  return spawn("caddy", ["run", "--config", file], { env, stdio: ["ignore", log, "ignore"] });
}

/** Caddy's admin API with the names that slots have on a droplet. */
async function startAdminShim(admin: number, ports: Pick<Ports, "blue" | "green">): Promise<Server> {
  const shim = createServer((request, response) => {
    void (async () => {
      if (request.method !== "GET") return response.end();
      const answer = await fetch(`http://127.0.0.1:${admin}${request.url}`);
      const text = await answer.text();
      return response.end(
        text
          .replaceAll(`127.0.0.1:${ports.blue}`, "app-blue:3000")
          .replaceAll(`127.0.0.1:${ports.green}`, "app-green:3000"),
      );
    })();
  });
  await new Promise<void>((resolve) => shim.listen(0, "127.0.0.1", resolve));
  return shim;
}
