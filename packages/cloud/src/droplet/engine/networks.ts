import { createHash } from "node:crypto";
import type { Collection } from "../../kit/store.ts";
import { daemonError, type ContainerRecord, type NetworkRecord, type VolumeRecord } from "./model.ts";

export interface NetworksOptions {
  readonly networks: Collection<NetworkRecord>;
  readonly volumes: Collection<VolumeRecord>;
  readonly containers: () => readonly ContainerRecord[];
  readonly now: () => Date;
}

/** Networks and volumes of one droplet, and who is called what on them. */
export class Networks {
  readonly #options: NetworksOptions;

  constructor(options: NetworksOptions) {
    this.#options = options;
    for (const name of ["bridge", "host", "none"]) {
      if (!options.networks.get(name))
        this.#put(name, { driver: name === "none" ? "null" : name, internal: false, labels: {} });
    }
  }

  list(): NetworkRecord[] {
    return this.#options.networks.list();
  }

  find(text: string): NetworkRecord | undefined {
    return (
      this.#options.networks.get(text) ?? this.list().find((network) => text.length >= 6 && network.id.startsWith(text))
    );
  }

  require(text: string): NetworkRecord {
    const network = this.find(text);
    if (!network) throw daemonError(`network ${text} not found`);
    return network;
  }

  create(name: string, options: Pick<NetworkRecord, "driver" | "internal" | "labels">): NetworkRecord {
    if (this.#options.networks.get(name)) throw daemonError(`network with name ${name} already exists`);
    return this.#put(name, options);
  }

  remove(text: string): NetworkRecord {
    const network = this.require(text);
    const users = this.members(network.name).filter((container) => container.status === "running");
    if (users.length > 0) {
      throw daemonError(
        `error while removing network: network ${network.name} has active endpoints (${users.map((c) => `name:"${c.spec.name}" id:"${c.id.slice(0, 12)}"`).join(", ")})`,
      );
    }
    this.#options.networks.delete(network.name);
    return network;
  }

  members(name: string): readonly ContainerRecord[] {
    return this.#options.containers().filter((container) => Object.hasOwn(container.spec.networks, name));
  }

  /** Running containers that `from` knows by this name: container names, aliases and short ids on shared networks. */
  lookup(from: ContainerRecord, name: string): readonly ContainerRecord[] {
    const shared = Object.keys(from.spec.networks);
    return this.#options.containers().filter((container) => {
      if (container.status !== "running") return false;
      return shared.some((network) => {
        const endpoint = container.spec.networks[network];
        if (!endpoint) return false;
        // Docker's default bridge knows no names.
        if (network === "bridge") return false;
        return container.spec.name === name || endpoint.aliases.includes(name) || container.id.slice(0, 12) === name;
      });
    });
  }

  volumes(): VolumeRecord[] {
    return this.#options.volumes.list();
  }

  volume(name: string, labels: Readonly<Record<string, string>> = {}): VolumeRecord {
    return (
      this.#options.volumes.get(name) ??
      this.#options.volumes.put(name, { name, labels, created: this.#options.now().toISOString() })
    );
  }

  removeVolume(name: string): void {
    if (!this.#options.volumes.get(name)) throw daemonError(`get ${name}: no such volume`);
    const users = this.#options
      .containers()
      .filter((container) => container.spec.mounts.some((mount) => mount.type === "volume" && mount.source === name));
    if (users.length > 0) {
      throw daemonError(`remove ${name}: volume is in use - [${users.map((container) => container.id).join(", ")}]`);
    }
    this.#options.volumes.delete(name);
  }

  #put(name: string, options: Pick<NetworkRecord, "driver" | "internal" | "labels">): NetworkRecord {
    const created = this.#options.now().toISOString();
    const id = createHash("sha256").update(`${name}/${created}/${Math.random()}`).digest("hex");
    return this.#options.networks.put(name, { id, name, created, ...options });
  }
}
