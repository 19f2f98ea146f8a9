import { join } from "node:path";
import type { CertificateAuthority, CloudContext, Network, StartEdge } from "../../ports.ts";
import { caddyRuntime } from "../runtimes/caddy.ts";
import { nodeRuntime } from "../runtimes/node.ts";
import { postgresRuntime } from "../runtimes/postgres.ts";
import { redisRuntime } from "../runtimes/redis.ts";
import type { Grounds } from "../runtimes/runtime.ts";
import { Containers } from "./containers.ts";
import { Trash } from "./copies.ts";
import type { Disk } from "./disk.ts";
import { Images } from "./images.ts";
import type { ContainerRecord, ImageRecord, NetworkRecord, VolumeRecord } from "./model.ts";
import { Networks } from "./networks.ts";
import { PublishedPorts } from "./ports.ts";
import type { Credentials } from "./registry.ts";

/** The container engine of one droplet. */
export interface Engine {
  readonly name: string;
  readonly disk: Disk;
  readonly images: Images;
  readonly networks: Networks;
  readonly containers: Containers;
  readonly ports: PublishedPorts;
  /** Logins, kept in memory: a droplet that reboots has forgotten them. */
  readonly logins: Map<string, Credentials>;
  readonly now: () => Date;
  /** Removes every row of the store. */
  forget(): void;
}

export interface EngineOptions {
  readonly context: CloudContext;
  readonly droplet: { readonly id: string; readonly name: string; readonly address: string };
  readonly disk: Disk;
  /** The unix socket of the docker stand-in. */
  readonly socket: string;
  readonly network: Network;
  readonly ca: CertificateAuthority;
  readonly startEdge: StartEdge;
  readonly registries: Readonly<Record<string, string>>;
  readonly postgres?: string;
}

/** What an app in a container may talk to, as it would to the real ones. */
const vendors = ["digitalocean", "spaces", "github", "hcp", "mail"] as const;

export function createEngine(options: EngineOptions): Engine {
  const { context, droplet, disk } = options;
  const { now } = context;
  const collection = <T extends object>(kind: string) => context.store.collection<T>(`droplet.${droplet.id}.${kind}`);
  const records = collection<ContainerRecord>("containers");
  const imageRecords = collection<ImageRecord>("images");
  const networkRecords = collection<NetworkRecord>("networks");
  const volumeRecords = collection<VolumeRecord>("volumes");

  const images = new Images({ folder: disk.engine, records: imageRecords, registries: options.registries, now });
  const networks = new Networks({
    networks: networkRecords,
    volumes: volumeRecords,
    containers: () => records.list(),
    now,
  });
  const ports = new PublishedPorts(droplet.address, options.network);
  const folder = (container: ContainerRecord): string => join(disk.engine, "containers", container.id);
  const grounds: Grounds = {
    disk,
    images,
    ports,
    socket: options.socket,
    docker: join(disk.bin, "docker"),
    vendors: vendors.map((name) => context.port(name)),
    postgres: options.postgres,
    publicAddress: droplet.address,
    ca: options.ca,
    startEdge: options.startEdge,
    folder,
    hosts: (container) => join(folder(container), "hosts"),
    dial: (from, name, port) => containers.dial(from, name, port),
  };
  const runtimes = {
    node: nodeRuntime(grounds),
    postgres: postgresRuntime(grounds),
    caddy: caddyRuntime(grounds),
    redis: redisRuntime(grounds),
  };
  const trash = new Trash(join(disk.engine, "trash"));
  const containers: Containers = new Containers({
    droplet: droplet.id,
    records,
    networks,
    grounds,
    runtimes,
    trash,
    now,
  });
  return {
    name: droplet.name,
    disk,
    images,
    networks,
    containers,
    ports,
    logins: new Map(),
    now,
    forget() {
      for (const kept of [records, imageRecords, networkRecords, volumeRecords]) {
        for (const [id] of kept.entries()) kept.delete(id);
      }
    },
  };
}
