import { appendFile } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DogeError, fail } from "@doge/core";
import { nodeFiles, takeLock } from "@doge/core/node";
import { createControl } from "./control/app.ts";
import { ensureCredentials, type Credentials } from "./control/credentials.ts";
import { anyBlock, freeBlock, portsFrom, type Ports } from "./control/ports.ts";
import { findRunning, removeRecord, writeRecord } from "./control/record.ts";
import { createContext } from "./kit/context.ts";
import { createFaults } from "./kit/faults.ts";
import { serveApp } from "./kit/http.ts";
import { createRateHeaders } from "./kit/rate.ts";
import { openRequestLog } from "./kit/requests.ts";
import { openFrontDoor } from "./network/index.ts";
import type { CloudContext, InventoryItem, Network, Service, ServiceName, TerraformRunner, Zones } from "./ports.ts";

export interface CloudOptions {
  /** State of the cloud; made where it is missing. */
  readonly folder: string;
  /**
   * First of the ports; 0 for any that are free. Unless told, the first free block from 7400. What was found
   * is remembered in the folder: clients have the addresses in their files.
   */
  readonly basePort?: number;
  readonly host?: "127.0.0.1";
  /** The same seed gives the same ids. */
  readonly seed?: string;
  /** Carries out HCP's runs. Its environment has the cloud's endpoints. */
  readonly terraform: TerraformRunner;
}

export interface RunningCloud {
  /** Environment variables for clients: addresses and credentials. */
  readonly endpoints: Readonly<Record<string, string>>;
  readonly control: { readonly url: string; readonly token: string };
  readonly ports: Ports;
  readonly services: readonly Service[];
  inventory(): Promise<readonly InventoryItem[]>;
  stop(): Promise<void>;
  /** Resolves when the cloud has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
}

/** What a composition makes of a context. */
export interface Composition {
  /** In the order of their start; they stop in the reverse order. */
  readonly services: readonly Service[];
  readonly zones: Zones;
  readonly network: Network;
  /** PEM of the certificate authority's root. */
  readonly rootPem: string;
}

export interface CompositionInput {
  readonly context: CloudContext;
  readonly credentials: Credentials;
  readonly terraform: TerraformRunner;
  readonly host: string;
  /** What jobs and runs inside the cloud find in their environment: every address, no credential. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** Starts the services that `compose` makes. Everything is up when it resolves; droplets may still boot. */
export async function runCloud(
  options: CloudOptions,
  compose: (input: CompositionInput) => Promise<Composition>,
): Promise<RunningCloud> {
  const { folder, host = "127.0.0.1" } = options;
  const running = await findRunning(folder);
  if (running) alreadyRunning(folder, running.pid);
  const undo: (() => Promise<unknown> | void)[] = [];
  const unwind = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).toReversed()) {
      // One that fails must not keep the lock or the ports from being given back.
      await Promise.resolve()
        .then(step)
        .catch((thrown: unknown) => failures.push(thrown));
    }
    if (failures.length > 0) throw new AggregateError(failures, "the local cloud did not stop cleanly");
  };

  try {
    // The state holds keys and tokens, also where the folder was made by somebody else.
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o700);
    const lock = await takeLock(join(folder, "lock"), "doge cloud up");
    undo.push(() => lock.release());
    const startedAt = new Date().toISOString();
    const [credentials, ports] = await Promise.all([ensureCredentials(folder), ensurePorts(options, host)]);
    const context = createContext({
      folder,
      ...(options.seed !== undefined && { seed: options.seed }),
      log: logTo(join(folder, "services.log")),
      url: (service) => `http://${host}:${ports[httpPort(service)]}`,
      port: (service) => ports[service === "mail" ? "smtp" : httpPort(service)],
    });
    undo.push(() => context.store.close());

    const rootPath = join(folder, "ca-root.pem");
    const addresses = addressesOf(host, ports, rootPath);
    const { services, zones, network, rootPem } = await compose({
      context,
      credentials,
      host,
      addresses,
      terraform: withEnvironment(options.terraform, addresses, credentials),
    });
    await nodeFiles.write(rootPath, `${rootPem.trimEnd()}\n${await machineAuthorities()}`);

    const requests = openRequestLog(join(folder, "requests.jsonl"));
    undo.push(() => requests.close());
    const faults = createFaults();
    const rateHeaders = createRateHeaders(context.now);
    for (const { name, app } of services) {
      if (!app) continue;
      const around = { service: name, requests, faults, rateHeaders };
      const server = await serveApp(app, { host, port: ports[httpPort(name)], around });
      undo.push(() => server.stop());
    }
    const door = await openFrontDoor({
      host,
      network,
      resolve: (name) => zones.resolve(name),
      onward: (name) => !vendors.test(name),
      ports: {
        proxy: ports.proxy,
        https: options.basePort === 0 ? [ports.https] : [443, ports.https],
        http: options.basePort === 0 ? [ports.http] : [80, ports.http],
      },
    });
    undo.push(() => door.stop());
    for (const service of services) {
      undo.push(() => inTime(service, context));
      await service.start?.();
    }

    const endpoints = { ...addresses, ...credentialVariables(credentials) };
    const { promise: stopped, resolve: markStopped } = Promise.withResolvers<void>();
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopping ??= unwind().finally(markStopped));
    const controlApp = createControl({
      token: credentials.control,
      startedAt,
      services,
      zones,
      faults,
      requests,
      endpoints,
      shutdown: () => void stop().catch((thrown: unknown) => console.error(thrown)),
    });
    const controlServer = await serveApp(controlApp, { host, port: ports.control });
    undo.push(() => controlServer.stop(500));
    const control = { url: controlServer.url, token: credentials.control };
    const actualPorts = { ...ports, https: door.httpsPort, http: door.httpPort };
    undo.push(() => removeRecord(folder));
    await writeRecord(folder, { pid: process.pid, startedAt, ports: actualPorts, control, endpoints });

    return {
      endpoints,
      control,
      ports: actualPorts,
      services,
      inventory: async () => (await Promise.all(services.map((service) => service.inventory()))).flat(),
      stop,
      stopped,
    };
  } catch (thrown) {
    // What went wrong first is what counts.
    await unwind().catch(() => {});
    // Held, but not in the record yet: it is just starting.
    if (thrown instanceof DogeError && thrown.diagnostics[0]?.code === "locked") {
      const owner = JSON.parse((await nodeFiles.read(join(folder, "lock"))) ?? "{}") as { pid?: number };
      if (owner.pid !== undefined) alreadyRunning(folder, owner.pid);
    }
    throw thrown;
  }
}

function alreadyRunning(folder: string, pid: number): never {
  return fail({
    code: "cloud-running",
    summary: "A local cloud already runs in this folder",
    detail: `process ${pid}`,
    address: folder,
    remedy: "Use it as it is (doge cloud status), or end it first: doge cloud down.",
  });
}

/** Names that must not be reached by accident: a rehearsal that meets a real vendor is none. */
const vendors =
  /(^|\.)(digitalocean\.com|digitaloceanspaces\.com|github\.com|githubusercontent\.com|ghcr\.io|terraform\.io|docker\.(io|com)|letsencrypt\.org)$/i;

/** NODE_EXTRA_CA_CERTS names one file: clients that take ours keep what this machine trusts beside it. */
const machineAuthorities = async (): Promise<string> =>
  (await nodeFiles.read(process.env["NODE_EXTRA_CA_CERTS"] ?? "")) ?? "";

const httpPort = (service: ServiceName): keyof Ports => {
  if (service === "mail") return "mailbox";
  if (service === "droplet" || service === "edge") throw new Error(`${service} has no port of its own`);
  return service;
};

async function ensurePorts({ folder, basePort }: CloudOptions, host: string): Promise<Ports> {
  if (basePort) return portsFrom(basePort);
  const path = join(folder, "ports.json");
  const text = await nodeFiles.read(path);
  if (text !== undefined) return JSON.parse(text) as Ports;
  const ports = basePort === 0 ? await anyBlock(host) : await freeBlock(host);
  await nodeFiles.write(path, JSON.stringify(ports));
  return ports;
}

function addressesOf(host: string, ports: Ports, rootPath: string): Readonly<Record<string, string>> {
  const at = (port: number): string => `http://${host}:${port}`;
  return {
    DIGITALOCEAN_API_URL: at(ports.digitalocean),
    SPACES_ENDPOINT_URL: at(ports.spaces),
    GITHUB_OWNER: "doge",
    GITHUB_API_URL: `${at(ports.github)}/api/v3`,
    GITHUB_GRAPHQL_URL: `${at(ports.github)}/api/graphql`,
    GITHUB_SERVER_URL: at(ports.github),
    TFE_ADDRESS: at(ports.hcp),
    TFE_ORGANIZATION: "doge",
    MAIL_URL: `smtp://${host}:${ports.smtp}`,
    DOGE_REGISTRY_URL: at(ports.registry),
    DOGE_REGISTRY_MIRROR: at(ports.registry),
    DOGE_RESOLVER: `${host}:${ports.dns}`,
    HTTPS_PROXY: at(ports.proxy),
    // Not `localhost`: clients take it for its subdomains too, and sites of a rehearsal are among them.
    NO_PROXY: "127.0.0.1",
    NODE_EXTRA_CA_CERTS: rootPath,
  };
}

const credentialVariables = (credentials: Credentials): Record<string, string> => ({
  DIGITALOCEAN_TOKEN: credentials.digitalocean,
  SPACES_ACCESS_KEY_ID: credentials.spaces.accessKeyId,
  SPACES_SECRET_ACCESS_KEY: credentials.spaces.secretAccessKey,
  GITHUB_TOKEN: credentials.github,
  TFE_TOKEN: credentials.hcp,
});

/**
 * Runs inside the cloud reach the cloud, unless their workspace says otherwise. Like those of HCP Terraform they
 * have a token of their own, with which they read the states of other workspaces.
 */
function withEnvironment(
  runner: TerraformRunner,
  addresses: Readonly<Record<string, string>>,
  { hcp }: Credentials,
): TerraformRunner {
  const given = { ...addresses, ATLAS_TOKEN: hcp };
  return {
    plan: (request) => runner.plan({ ...request, environment: { ...given, ...request.environment } }),
    apply: (request) => runner.apply({ ...request, environment: { ...given, ...request.environment } }),
  };
}

const patience = 15_000;

/** A service that does not stop must not keep the others from it. */
async function inTime(service: Service, context: CloudContext): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    context.log(service.name, `did not stop within ${patience / 1000} s`);
    resolve();
  }, patience);
  const stop = Promise.resolve(service.stop?.()).catch((thrown: unknown) =>
    context.log(service.name, `stopped with an error: ${String(thrown)}`),
  );
  await Promise.race([stop, promise]);
  clearTimeout(timer);
}

const logTo =
  (path: string): CloudContext["log"] =>
  (service, message) =>
    appendFile(path, `${new Date().toISOString()} ${service} ${message}\n`, { mode: 0o600 }, () => {});
