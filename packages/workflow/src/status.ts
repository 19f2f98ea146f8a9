import { type Diagnostic, diagnosticsOf } from "@doge/core";
import type { State } from "@doge/engine";
import { workspaceUrl } from "./executors/urls.ts";
import { connectEnvironment } from "./deploy/connect.ts";
import { environmentStatus, type EnvironmentStatus } from "./deploy/status.ts";
import type { Project } from "./project.ts";
import { stateStore, workspaceExists } from "./state/store.ts";
import { environmentNames, hostsOf, type WorkspaceName, workspaceNames } from "./workspaces/names.ts";

export interface WorkspaceStatus {
  readonly name: WorkspaceName;
  readonly exists: boolean;
  readonly resources?: number;
  readonly serial?: number;
  readonly url?: string;
}

export interface ProjectStatus {
  readonly project: string;
  readonly repository: string;
  readonly workspaces: readonly WorkspaceStatus[];
  readonly environments: readonly (
    | EnvironmentStatus
    | { readonly environment: string; readonly url: string; readonly trouble: readonly Diagnostic[] }
  )[];
}

/** What is where: workspaces with their states, and what each environment runs. Changes nothing. */
export async function projectStatus(project: Project): Promise<ProjectStatus> {
  const { config, settings } = project;
  const workspaces = await Promise.all(
    workspaceNames.map(async (name): Promise<WorkspaceStatus> => {
      if (!(await workspaceExists(project, name))) return { name, exists: false };
      const state = await stateStore(project, name).read();
      return {
        name,
        exists: true,
        resources: state ? countResources(state) : 0,
        ...(state ? { serial: state.serial } : {}),
        ...(config.state.backend === "hcp" ? { url: workspaceUrl(project, `${config.slug}-${name}`) } : {}),
      };
    }),
  );
  const environments = await Promise.all(
    environmentNames.map(async (environment) => {
      const url = `https://${hostsOf(environment, config.domain)[0]}`;
      if (!workspaces.find((w) => w.name === environment)?.resources) return { environment, url, trouble: [] };
      try {
        const host = await connectEnvironment(project, environment);
        try {
          return await environmentStatus(project, host, environment);
        } finally {
          await host.close();
        }
      } catch (thrown) {
        return { environment, url, trouble: diagnosticsOf(thrown) };
      }
    }),
  );
  const { owner, repository } = config.github;
  return {
    project: config.name,
    repository: `${settings.endpoint("GITHUB_SERVER_URL")}/${owner}/${repository}`,
    workspaces,
    environments,
  };
}

const countResources = (state: State): number =>
  state.resources.filter((r) => r.mode === "managed").reduce((sum, r) => sum + r.instances.length, 0);
