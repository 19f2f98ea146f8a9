import { createServer, connect, type Server } from "node:net";
import type { Network } from "../../ports.ts";
import type { ContainerRecord } from "./model.ts";

type Place = { readonly host: string; readonly port: number };

interface Published {
  readonly container: string;
  readonly containerPort: number;
  readonly hostIp: string;
  readonly hostPort: number;
  readonly actual: () => Place;
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
   * the system forbids that, on a free port that the network knows), unless the container listens there itself;
   * those for 127.0.0.1 stay inside the droplet.
   */
  async publish(container: ContainerRecord, actual: (port: number) => Place): Promise<void> {
    for (const mapping of container.spec.ports) {
      if (mapping.protocol !== "tcp") continue;
      const target = (): Place => actual(mapping.containerPort);
      const inside = mapping.hostIp.startsWith("127.");
      const direct = target().host === this.#address;
      if (direct) this.#network.publish(this.#address, mapping.hostPort, target());
      const server = inside || direct ? undefined : forwarder(target);
      const hostPort = server ? await this.#listen(server, mapping.hostPort) : mapping.hostPort || (await freePort());
      const { hostIp, containerPort } = mapping;
      this.#published.push({ container: container.id, containerPort, hostIp, hostPort, actual: target, server });
    }
  }

  unpublish(container: string): void {
    for (const entry of this.of(container)) {
      entry.server?.close();
      if (!entry.hostIp.startsWith("127.")) this.#network.unpublish(this.#address, entry.hostPort);
      this.#published.splice(this.#published.indexOf(entry), 1);
    }
  }

  async #listen(server: Server, port: number): Promise<number> {
    const bound = await listen(server, this.#address, port).catch(() => listen(server, "127.0.0.1", 0));
    const wanted = port === 0 ? bound.port : port;
    this.#network.publish(this.#address, wanted, bound);
    return wanted;
  }
}

/** Whether we may listen there. */
export async function mayListen(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listen(server, host, port);
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = await listen(server, "127.0.0.1", 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
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

function forwarder(target: () => Place): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ ...target(), allowHalfOpen: true, noDelay: true });
    client.pipe(upstream).pipe(client);
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.resetAndDestroy());
    client.on("close", () => upstream.destroy());
  });
}
