import { resolve } from "node:path";
import { folderFiles, sealer, type StateStore, type VersionedFiles, versionedStateStore } from "@doge/engine";
import { spacesFiles } from "@doge/providers/digitalocean";
import { hcpStateStore } from "@doge/providers/tfe";
import type { Project } from "../project.ts";
import { vendors } from "../vendors.ts";
import type { WorkspaceName } from "../workspaces/names.ts";
import { ensureWorkspace } from "./ensure.ts";
import { stateKeys } from "./keys.ts";

/** Where a workspace's state lives, by `state` in `doge.config.ts`. `workspace` is its id in HCP where it is known. */
export function stateStore(project: Project, name: WorkspaceName, workspace?: string): StateStore {
  const { config, machine } = project;
  const { clock, processes } = machine;
  if (config.state.backend === "hcp") {
    const tfe = vendors(project).tfe();
    const fullName = `${config.slug}-${name}`;
    let id = workspace;
    return hcpStateStore({
      tfe,
      clock,
      processes,
      name: fullName,
      until: project.until,
      workspace: async () => (id ??= (await tfe.workspaces.byName(config.hcp.organization, fullName))?.id),
    });
  }
  return versionedStateStore({
    files: filesOf(project),
    name: `${name}.tfstate`,
    sealer: sealer(stateKeys(project), "state"),
    clock,
    processes,
  });
}

function filesOf(project: Project): VersionedFiles {
  const { state, slug } = project.config;
  if (state.backend === "folder") return folderFiles(project.machine.files, resolve(project.folder, state.folder));
  return spacesFiles(bucketsOf(project), bucketName(project), slug);
}

const bucketName = ({ config }: Project): string => config.state.bucket ?? `${config.slug}-state`;
const bucketsOf = (project: Project) => vendors(project).spaces(project.config.digitalocean.region);

/** Makes ready the place of a workspace's state where nothing else makes it. */
export async function prepareState(
  project: Project,
  name: WorkspaceName,
): Promise<{ readonly store: StateStore; readonly created: boolean }> {
  const { backend } = project.config.state;
  if (backend === "hcp") {
    const { id, created } = await ensureWorkspace(project, vendors(project).tfe(), name);
    return { store: stateStore(project, name, id), created };
  }
  const store = stateStore(project, name);
  if (backend === "folder") return { store, created: false };
  const [spaces, bucket] = [bucketsOf(project), bucketName(project)];
  if (await spaces.exists(bucket)) return { store, created: false };
  await spaces.create(bucket, "private");
  return { store, created: true };
}

/** Whether the workspace was made and not removed again. */
export async function workspaceExists(project: Project, name: WorkspaceName): Promise<boolean> {
  const { config } = project;
  if (config.state.backend !== "hcp") return (await stateStore(project, name).read()) !== undefined;
  const fullName = `${config.slug}-${name}`;
  return (await vendors(project).tfe().workspaces.byName(config.hcp.organization, fullName)) !== undefined;
}
