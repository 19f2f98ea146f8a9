/**
 * Runs beside the hosts, in their network: the registry and Spaces (the local cloud's, under their own names and over
 * TLS), Docker's registry, DNS, and two ACME directories. `up` starts it, `down` ends it.
 * `services.ts TREE`: where Docker's registry is unpacked.
 */
import { spawn } from "node:child_process";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { createContext } from "../../packages/cloud/src/kit/context.ts";
import { serveApp } from "../../packages/cloud/src/kit/http.ts";
import { createRegistry } from "../../packages/cloud/src/registry/index.ts";
import { createSpaces } from "../../packages/cloud/src/spaces/index.ts";
import { openAuthority } from "./authority.ts";
import { acme, distribution, droplets, network, places, registry, spaces } from "./places.ts";

const [dockerTree = ""] = process.argv.slice(2);

const folder = join(places.state, "services");
mkdirSync(folder, { recursive: true, mode: 0o700 });

const authority = await openAuthority();
const pebbleCertificate = await authority.issue(["pebble.test"], network.address);
writeFileSync(join(folder, "pebble.crt"), pebbleCertificate.certificatePem);
writeFileSync(join(folder, "pebble.key"), pebbleCertificate.keyPem, { mode: 0o600 });

const management = `${network.address}:8055`;
const dns = ["-dns01", `${network.address}:53`, "-management", management];
const nothingElse = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "", "-defaultIPv6", ""];
start("pebble-challtestsrv", [...dns, ...nothingElse]);
const managementPorts = [15_000, 15_100] as const;
pebble("pebble", new URL(acme.directory).port, managementPorts[0], 90 * 86_400);
pebble("pebble-short", new URL(acme.shortDirectory).port, managementPorts[1], acme.shortSeconds);
await serveRegistry();
await serveDistribution();
await serveSpaces();

const names = [
  { host: registry.host, address: network.address },
  { host: distribution.host, address: network.address },
  { host: spaces.host, address: network.address },
  { host: "pebble.test", address: network.address },
  ...droplets.flatMap(({ domain, address }) => [domain, `www.${domain}`].map((host) => ({ host, address }))),
];
for (const { host, address } of names) await addName(host, address);
// A directory of the test server makes itself a new root at every start.
const roots = await Promise.all(
  managementPorts.map(async (port) => (await ask(`https://pebble.test:${port}/roots/0`)).text()),
);
writeFileSync(`${places.roots}.new`, [authority.rootPem, ...roots].map((pem) => `${pem.trim()}\n`).join(""));
renameSync(`${places.roots}.new`, places.roots);
writeFileSync(join(folder, "ready"), "");

function start(program: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const child = spawn(program, argv, { stdio: "inherit", env: { ...process.env, ...env } });
  child.on("exit", (code) => {
    console.error(`${program} ended with ${code}`);
    process.exit(1);
  });
}

function pebble(name: string, port: string, managementPort: number, seconds: number): void {
  const configuration = join(folder, `${name}.json`);
  const settings = {
    listenAddress: `${network.address}:${port}`,
    managementListenAddress: `${network.address}:${managementPort}`,
    certificate: join(folder, "pebble.crt"),
    privateKey: join(folder, "pebble.key"),
    httpPort: 80,
    tlsPort: 443,
    certificateValidityPeriod: seconds,
  };
  writeFileSync(configuration, JSON.stringify({ pebble: settings }));
  // Without its sleeps and its deliberate bad nonces: those are for testing ACME clients.
  start("pebble", ["-config", configuration, "-dnsserver", `${network.address}:53`], {
    PEBBLE_VA_NOSLEEP: "1",
    PEBBLE_WFE_NONCEREJECT: "0",
  });
}

async function serveRegistry(): Promise<void> {
  const url = `https://${registry.host}`;
  const context = createContext({ folder: join(folder, "registry"), url: () => url });
  const service = createRegistry(context, {
    identify: (_, token) =>
      token === registry.token
        ? { login: registry.username, scopes: ["write:packages", "delete:packages"] }
        : undefined,
    // Base images stand for Docker Hub's, which anybody may pull.
    isPublic: (repository) => /^doge\/(node|postgres|caddy|django)$/.test(repository),
  });
  if (!service.app) throw new Error("the registry has an app");
  await serveTls(service.app, registry.host, 443);
}

/** Where backups go to from the droplets. */
async function serveSpaces(): Promise<void> {
  const context = createContext({ folder: join(folder, "spaces"), url: () => spaces.url });
  const { accessKeyId, secretAccessKey } = spaces;
  const { app } = createSpaces(context, { credentials: { accessKeyId, secretAccessKey } });
  if (!app) throw new Error("Spaces has an app");
  await serveTls(app, spaces.host, Number(new URL(spaces.url).port));
}

async function serveTls(app: Parameters<typeof serveApp>[0], host: string, port: number): Promise<void> {
  const { certificatePem, keyPem } = await authority.issue([host], network.address);
  const plain = await serveApp(app, { host: "127.0.0.1", port: 0 });
  const server = createServer({ cert: certificatePem, key: keyPem }, (socket) => {
    const onward = connect(plain.port, plain.host);
    const end = (): void => {
      socket.destroy();
      onward.destroy();
    };
    socket.on("error", end).on("close", end).pipe(onward).on("error", end).on("close", end).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, network.address, resolve));
}

async function serveDistribution(): Promise<void> {
  const { certificatePem, keyPem } = await authority.issue([distribution.host], network.address);
  const own = join(folder, "distribution");
  mkdirSync(own);
  const at = (name: string): string => join(own, name);
  writeFileSync(at("tls.crt"), certificatePem);
  writeFileSync(at("tls.key"), keyPem, { mode: 0o600 });
  writeFileSync(at("htpasswd"), `${distribution.username}:${distribution.hash}\n`);
  const settings = {
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: at("data") } },
    http: {
      addr: `${network.address}:5443`,
      host: distribution.url,
      tls: { certificate: at("tls.crt"), key: at("tls.key") },
    },
    auth: { htpasswd: { realm: "distribution", path: at("htpasswd") } },
  };
  // JSON is YAML.
  writeFileSync(at("config.yml"), JSON.stringify(settings));
  start(join(dockerTree, "usr/bin/docker-registry"), ["serve", at("config.yml")]);
}

async function addName(host: string, address: string): Promise<void> {
  const body = JSON.stringify({ host: `${host}.`, addresses: [address] });
  await ask(`http://${management}/add-a`, { method: "POST", body });
}

/** A server that was just started may not listen yet. */
async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(url, init);
      if (response.ok) return response;
      throw new Error(`${url} answers ${response.status}`);
    } catch (thrown) {
      if (attempt > 200) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
