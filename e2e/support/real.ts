import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Machine, Secret } from "../../packages/core/src/index.ts";
import { nodeMachine } from "../../packages/core/src/node/index.ts";
import { connectHost, type ConnectOptions, type Host } from "../../packages/deploy/src/index.ts";
import { openAuthority } from "../../tools/hosts/authority.ts";
import { bootDroplet, createDroplet, firstBoot, loseDroplet, onConsole } from "../../tools/hosts/droplet.ts";
import { acme, type DropletName, type HostsRecord, places, registry } from "../../tools/hosts/places.ts";
import type { Place } from "./app.ts";

export const machine: Machine = nodeMachine();

export function record(): HostsRecord {
  if (!existsSync(places.hosts)) throw new Error("The hosts are down: run make hosts-up.");
  return JSON.parse(readFileSync(places.hosts, "utf8")) as HostsRecord;
}

/** How a deploy gets in, with the host key that the droplet was born with. */
export function sshReal(name: DropletName): ConnectOptions {
  const { droplets, privateKey } = record();
  const droplet = droplets.find((each) => each.name === name);
  if (!droplet) throw new Error(`no droplet ${name}`);
  return {
    host: droplet.address,
    port: droplet.port,
    user: droplet.user,
    hostKey: droplet.hostKey,
    privateKey: new Secret(readFileSync(privateKey, "utf8")),
    clock: machine.clock,
    bootMilliseconds: 60_000,
  };
}

export const connectReal = (name: DropletName): Promise<Host> => connectHost(sshReal(name));

/** Another droplet in one's place, as an apply makes it after the first one was lost: a new disk, a new host key. */
export async function replaceDroplet(name: DropletName): Promise<void> {
  const before = record();
  await loseDroplet(name);
  const authority = await openAuthority();
  authority.close();
  const deployKey = readFileSync(`${before.privateKey}.pub`, "utf8").trim();
  const { hostKey } = createDroplet(name, { deployKey, authorityPem: authority.rootPem });
  bootDroplet(name, before.rootfs);
  await firstBoot(name, before.images);
  const droplets = before.droplets.map((each) => (each.name === name ? { ...each, hostKey } : each));
  writeFileSync(places.hosts, JSON.stringify({ ...before, droplets }, null, 2));
}

/** Which of Docker's two stores holds a host's images; what is in the other is not seen meanwhile. */
export function useContainerdStore(name: DropletName, on: boolean): void {
  const settings = JSON.parse(onConsole(name, "cat", "/etc/docker/daemon.json")) as { features?: object };
  const wanted = { ...settings, features: { ...settings.features, "containerd-snapshotter": on } };
  onConsole(name, "sh", "-c", 'printf %s "$1" > /etc/docker/daemon.json', "sh", JSON.stringify(wanted));
  onConsole(name, "systemctl", "restart", "docker");
  const driver = onConsole(name, "docker", "info", "--format", "{{json .DriverStatus}}");
  if (driver.includes("io.containerd.snapshotter") !== on) throw new Error(`the engine's store is ${driver}`);
}

export interface RealPlaceOptions {
  /** Holds a copy of the app's sources of its own. */
  readonly folder: string;
  /** The copy is there already, perhaps changed. */
  readonly asItIs?: boolean;
  /** ACME directory; the patient one unless told. */
  readonly acmeDirectory?: string;
}

/** A real host as a place to deploy to. The app's dependencies were installed by `make hosts-up`. */
export async function realPlace(name: DropletName, options: RealPlaceOptions): Promise<Place> {
  const domain = record().droplets.find((each) => each.name === name)?.domain ?? "";
  const app = join(options.folder, "app");
  if (!options.asItIs) {
    mkdirSync(app, { recursive: true });
    cpSync(join(places.state, "app"), app, { recursive: true });
  }
  return {
    machine,
    host: await connectReal(name),
    domain,
    environment: name,
    registryUrl: `https://${registry.host}`,
    access: { host: registry.host, username: registry.username, token: new Secret(registry.token) },
    app,
    cache: join(places.state, "layers"),
    base: `${registry.host}/doge/node:24-bookworm-slim`,
    acmeDirectory: options.acmeDirectory ?? acme.directory,
  };
}
