import { fileJournal, type Journal, sealer } from "@doge/engine";
import type { Project } from "../project.ts";
import type { WorkspaceName } from "../workspaces/names.ts";
import { localKeys } from "./keys.ts";

/** What this machine did in a workspace and has not seen in its state yet. */
export async function workspaceJournal(project: Project, name: WorkspaceName): Promise<Journal> {
  return fileJournal({
    files: project.machine.files,
    folder: `${project.folder}/.doge/journal/${name}`,
    sealer: sealer(await localKeys(project), "journal"),
  });
}
