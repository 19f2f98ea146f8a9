import type { Host } from "@doge/deploy";
import type { Project } from "../project.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { connectDroplet, deployKey, type Droplet, dropletOf } from "./connect.ts";

export interface ConnectedDroplet {
  readonly host: Host;
  readonly droplet: Droplet;
}

/** The droplets that one command has to do with: one connection to each, opened when it is first needed. */
export interface Droplets {
  to(environment: EnvironmentName): Promise<ConnectedDroplet>;
  /** Where one is, without a connection. Throws `environment-missing`, `deploy-key-missing`. */
  locate(environment: EnvironmentName): Promise<Droplet>;
  /** Done when the command is through with them, whatever came of it. */
  afterwards(work: () => Promise<unknown>): void;
}

/** Lends droplets to some work, and closes their connections after it. */
export async function withDroplets<T>(project: Project, work: (droplets: Droplets) => Promise<T>): Promise<T> {
  const places = onceEach(async (environment) => {
    const [droplet, key] = await Promise.all([dropletOf(project, environment), deployKey(project)]);
    return { droplet, key };
  });
  const connections = onceEach(async (environment) => {
    const { droplet, key } = await places.of(environment);
    return { droplet, host: await connectDroplet(project, droplet, key) };
  });
  const last: (() => Promise<unknown>)[] = [];
  try {
    return await work({
      to: connections.of,
      locate: async (environment) => (await places.of(environment)).droplet,
      afterwards: (done) => void last.push(done),
    });
  } finally {
    for (const each of await Promise.allSettled(connections.all()))
      if (each.status === "fulfilled") await each.value.host.close();
    for (const done of last) await done();
  }
}

/** Makes one thing for each environment, when it is first asked for. What failed is tried again: it may be built meanwhile. */
function onceEach<T>(make: (environment: EnvironmentName) => Promise<T>): {
  readonly of: (environment: EnvironmentName) => Promise<T>;
  readonly all: () => Iterable<Promise<T>>;
} {
  const made = new Map<EnvironmentName, Promise<T>>();
  return {
    all: () => made.values(),
    of(environment) {
      const making = made.get(environment) ?? make(environment);
      made.set(environment, making);
      making.catch(() => made.delete(environment));
      return making;
    },
  };
}
