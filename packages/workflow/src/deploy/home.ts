import { diagnosticsOf, fail } from "@doge/core";
import {
  createRegistry,
  type ImageStore,
  projectLayout,
  type Registry,
  type RegistryAccess,
  storeOn,
} from "@doge/deploy";
import type { Project } from "../project.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import type { Droplets } from "./droplets.ts";

/** Where images are. */
export interface ImageHome {
  readonly registry: Registry;
  readonly repository: string;
}

/** The registry of the project's images, as this person or job may use it. */
export function registryOf(project: Project): ImageHome & { readonly access: RegistryAccess } {
  const { settings, machine, config } = project;
  const url = settings.endpoint("DOGE_REGISTRY_URL");
  const token = settings.token("GITHUB_TOKEN");
  if (!token)
    return fail({
      code: "token-missing",
      summary: "A token is missing",
      detail: "GITHUB_TOKEN: images are kept in GitHub's registry.",
      remedy: "Set GITHUB_TOKEN.",
    });
  const username = settings.env["GITHUB_ACTOR"] ?? config.github.owner;
  return {
    registry: createRegistry({
      http: machine.http,
      clock: machine.clock,
      url,
      credentials: { username, password: token },
    }),
    access: { host: new URL(url).host, username, token },
    repository: repositoryOf(project),
  };
}

const repositoryOf = ({ config: { github } }: Project): string => `${github.owner}/${github.repository}`.toLowerCase();

/** How a droplet gets at the registry; nothing where there is none. */
export const registryAccess = (project: Project): { readonly registry?: RegistryAccess } =>
  project.config.registry === "none" ? {} : { registry: registryOf(project).access };

/** The store of an environment's droplet, where images are that no registry has. */
export async function storeOf(
  project: Project,
  droplets: Droplets,
  environment: EnvironmentName,
): Promise<ImageHome & { readonly registry: ImageStore }> {
  const { host } = await droplets.to(environment);
  const { images } = await projectLayout(host, project.config.slug);
  return { registry: storeOn(host, images), repository: repositoryOf(project) };
}

/** Where an environment's images are: the one registry, or, without one, the store on its own droplet. */
export async function homeOf(project: Project, droplets: Droplets, environment: EnvironmentName): Promise<ImageHome> {
  return project.config.registry === "none" ? storeOf(project, droplets, environment) : registryOf(project);
}

/** What an environment has, or undefined where it was never made. */
export async function ifMade<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (thrown) {
    if (diagnosticsOf(thrown).some(({ code }) => code === "environment-missing")) return undefined;
    throw thrown;
  }
}
