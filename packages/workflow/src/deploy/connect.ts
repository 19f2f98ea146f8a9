import { fail, Secret } from "@doge/core";
import { connectHost, type Host } from "@doge/deploy";
import type { Project } from "../project.ts";
import { stateStore } from "../state/store.ts";
import type { EnvironmentName, WorkspaceName } from "../workspaces/names.ts";

/** Outputs of a workspace from its state, sensitive ones among them. Empty where it was never applied. */
async function outputsOf(project: Project, name: WorkspaceName): Promise<Readonly<Record<string, unknown>>> {
  const state = await stateStore(project, name).read();
  return Object.fromEntries(Object.entries(state?.outputs ?? {}).map(([key, { value }]) => [key, value]));
}

export interface Droplet {
  readonly address: string;
  /** OpenSSH public key line: the droplet's from birth. */
  readonly hostKey: string;
}

/** Where an environment's droplet is, by its workspace's state: fresh also right after an apply in the same job. */
export async function dropletOf(project: Project, environment: EnvironmentName): Promise<Droplet> {
  const { droplet_ipv4: address, host_public_key: hostKey } = await outputsOf(project, environment);
  if (typeof address !== "string" || typeof hostKey !== "string") {
    return fail({
      code: "environment-missing",
      summary: "The environment is not provisioned",
      detail: `The state of workspace ${environment} names no droplet.`,
      address: environment,
      remedy: `Provision it: doge apply ${environment}, or doge up for everything.`,
    });
  }
  return { address, hostKey };
}

/** The deploy key: `SSH_KEY` in a job, the base workspace's state elsewhere. */
export async function deployKey(project: Project): Promise<Secret> {
  const given = project.settings.env["SSH_KEY"];
  const value = given || (await outputsOf(project, "base"))["deploy_private_key"];
  if (typeof value !== "string") {
    return fail({
      code: "deploy-key-missing",
      summary: "There is no deploy key",
      detail: "Neither SSH_KEY nor the state of the base workspace has one.",
      remedy: "Provision it: doge apply base.",
    });
  }
  project.settings.redactor.add(value);
  return new Secret(value);
}

/** Opens the one SSH connection of a command to an environment's droplet; the host key is pinned. */
export async function connectEnvironment(project: Project, environment: EnvironmentName): Promise<Host> {
  const [droplet, key] = await Promise.all([dropletOf(project, environment), deployKey(project)]);
  return connectDroplet(project, droplet, key);
}

export function connectDroplet(project: Project, droplet: Droplet, privateKey: Secret): Promise<Host> {
  const { config, machine, emit, signal } = project;
  return connectHost({
    host: droplet.address,
    port: config.ssh.port,
    user: config.ssh.user,
    privateKey,
    hostKey: droplet.hostKey,
    clock: machine.clock,
    emit,
    signal,
  });
}

/** Does something over one connection to an environment's droplet. */
export async function onEnvironment<T>(
  project: Project,
  environment: EnvironmentName,
  work: (host: Host) => Promise<T>,
): Promise<T> {
  const host = await connectEnvironment(project, environment);
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}
