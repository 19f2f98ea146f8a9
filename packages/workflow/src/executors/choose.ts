import type { Project } from "../project.ts";
import { vendors } from "../vendors.ts";
import type { Executor, WorkspaceDefinition } from "./executor.ts";
import { hcpExecutor } from "./hcp.ts";
import { nativeExecutor } from "./native.ts";
import { terraformExecutor } from "./terraform.ts";

/** Local workspaces run on this machine; remote ones where `doge.config.ts` says. */
export function executorFor(project: Project, workspace: WorkspaceDefinition): Executor {
  if (workspace.execution === "local")
    return project.config.executor === "terraform" && workspace.name !== "meta" && workspace.name !== "dotenv"
      ? terraformExecutor(project)
      : nativeExecutor(project);
  // An interrupt must not cut off the very requests that stop a run: the executor looks at the signal itself.
  const { signal } = new AbortController();
  return hcpExecutor(project, vendors({ ...project, signal }).tfe());
}
