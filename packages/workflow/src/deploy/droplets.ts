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
  /** Done when the command is through with them, whatever came of it. */
  afterwards(work: () => Promise<unknown>): void;
}

/** Lends droplets to some work, and closes their connections after it. */
export async function withDroplets<T>(project: Project, work: (droplets: Droplets) => Promise<T>): Promise<T> {
  const open = new Map<EnvironmentName, Promise<ConnectedDroplet>>();
  const last: (() => Promise<unknown>)[] = [];
  const connect = async (environment: EnvironmentName): Promise<ConnectedDroplet> => {
    const [droplet, key] = await Promise.all([dropletOf(project, environment), deployKey(project)]);
    return { droplet, host: await connectDroplet(project, droplet, key) };
  };
  try {
    return await work({
      to(environment) {
        const opening = open.get(environment) ?? connect(environment);
        open.set(environment, opening);
        // Another may be built meanwhile: what failed is tried again.
        opening.catch(() => open.delete(environment));
        return opening;
      },
      afterwards: (done) => void last.push(done),
    });
  } finally {
    const connections = await Promise.allSettled(open.values());
    for (const each of connections) if (each.status === "fulfilled") await each.value.host.close();
    for (const done of last) await done();
  }
}
