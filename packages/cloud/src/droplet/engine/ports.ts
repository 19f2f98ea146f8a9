import { createServer, connect, type Server } from "node:net";
import type { Network } from "../../ports.ts";
import type { ContainerRecord } from "./model.ts";

type Place = { readonly host: string; readonly port: number };

interface Published {
  readonly container: string;
  readonly containerPort: number;
  readonly hostIp: string;
  readonly hostPort: number;
  readonly actual: () => Place | undefined;
  readonly server: Server | undefined;
}

/** The ports of one droplet: which of its containers answers where. */
export class PublishedPorts {
  readonly #address: string;
  readonly #network: Network;
  readonly #published: Published[] = [];

  constructor(address: string, network: Network) {
    this.#address = address;
    this.#network = network;
  }

  /** Where `127.0.0.1:port` of the droplet leads. */
  locate(port: number): Place | undefined {
    return this.#published.find((entry) => entry.hostPort === port)?.actual();
  }

  of(container: string): readonly Published[] {
    return this.#published.filter((entry) => entry.container === container);
  }

  list(): readonly Published[] {
    return this.#published;
  }

  taken(port: number): boolean {
    return this.#published.some((entry) => entry.hostPort === port);
  }

  /**
   * Publishes a container's ports. Those for all interfaces get a listener on the droplet's address (or, where
   * the system forbids that, on a free port that the network knows); those for 127.0.0.1 stay inside the droplet.
   */
  async publish(container: ContainerRecord, actual: (port: number) => Place | undefined): Promise<void> {
    for (const mapping of container.spec.ports) {
      if (mapping.protocol !== "tcp") continue;
      const target = (): Place | undefined => actual(mapping.containerPort);
      const inside = mapping.hostIp.startsWith("127.");
      const server = inside && mapping.hostPort !== 0 ? undefined : forwarder(target);
      let hostPort = mapping.hostPort;
      if (server) hostPort = await this.#listen(server, inside ? "127.0.0.1" : this.#address, hostPort);
      this.#published.push({
        container: container.id,
        containerPort: mapping.containerPort,
        hostIp: mapping.hostIp,
        hostPort,
        actual: target,
        server,
      });
    }
  }

  /** For what listens on the droplet's address by itself (the edge): no forwarder between. */
  direct(container: string, containerPort: number, hostIp: string, hostPort: number, actual: Place): void {
    this.#published.push({ container, containerPort, hostIp, hostPort, actual: () => actual, server: undefined });
    if (actual.host !== this.#address || actual.port !== hostPort) this.#network.publish(this.#address, hostPort, actual);
  }

  unpublish(container: string): void {
    for (const entry of this.of(container)) {
      entry.server?.close();
      this.#network.unpublish(this.#address, entry.hostPort);
      this.#published.splice(this.#published.indexOf(entry), 1);
    }
  }

  async #listen(server: Server, host: string, port: number): Promise<number> {
    const bound = await listen(server, host, port).catch(() => listen(server, "127.0.0.1", 0));
    const wanted = port === 0 ? bound.port : port;
    if (bound.host !== this.#address || bound.port !== wanted) this.#network.publish(this.#address, wanted, bound);
    return wanted;
  }
}

export function listen(server: Server, host: string, port: number): Promise<Place> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve({ host, port: typeof address === "object" && address ? address.port : port });
    });
  });
}

function forwarder(target: () => Place | undefined): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const place = target();
    if (!place) return client.destroy();
    const upstream = connect({ ...place, allowHalfOpen: true, noDelay: true });
    client.pipe(upstream).pipe(client);
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.resetAndDestroy());
    client.on("close", () => upstream.destroy());
    return undefined;
  });
  return server;
}
