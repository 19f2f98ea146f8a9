import type { Project } from "../project.ts";
import { vendors } from "../vendors.ts";
import type { Executor, WorkspaceDefinition } from "./executor.ts";
import { hcpExecutor } from "./hcp.ts";
import { nativeExecutor } from "./native.ts";

/** Local workspaces run on this machine; remote ones where `doge.config.ts` says. */
export function executorFor(project: Project, workspace: WorkspaceDefinition): Executor {
  return workspace.execution === "local" ? nativeExecutor(project) : hcpExecutor(project, vendors(project).tfe());
}
