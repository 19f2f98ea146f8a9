import { fail } from "@doge/core";
import {
  type BackupProof,
  exportDatabase,
  type Host,
  importDatabase,
  type Layout,
  listBackups,
  moveBackup,
  projectLayout,
  restoreBackup,
  type StoredBackup,
  takeBackup,
  verifyBackup,
} from "@doge/deploy";
import type { Project } from "../project.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { onEnvironment } from "./connect.ts";

const within = <T>(
  project: Project,
  environment: EnvironmentName,
  work: (host: Host, layout: Layout) => Promise<T>,
): Promise<T> =>
  onEnvironment(project, environment, async (host) => work(host, await projectLayout(host, project.config.slug)));

/** What `doge db` does on an environment. */
export const database = {
  backup: (project: Project, environment: EnvironmentName): Promise<BackupProof> =>
    within(project, environment, takeBackup),
  list: (project: Project, environment: EnvironmentName): Promise<readonly StoredBackup[]> =>
    within(project, environment, listBackups),
  verify: (project: Project, environment: EnvironmentName, file?: string): Promise<BackupProof> =>
    within(project, environment, (host, layout) => verifyBackup(host, layout, file)),
  restore: (project: Project, environment: EnvironmentName, file: string): ReturnType<typeof restoreBackup> =>
    within(project, environment, (host, layout) => restoreBackup(host, layout, file)),
  move: (
    project: Project,
    environment: EnvironmentName,
    direction: "upload" | "download",
    name: string,
  ): Promise<string> => within(project, environment, (host, layout) => moveBackup(host, layout, direction, name)),

  /**
   * Production's data into staging: copied, sanitised and checked on production's droplet, kept as a backup on
   * staging's, put in place there. Throws `copy-unsanitised` where there is no hook and nobody said that none is wanted.
   */
  async copy(
    project: Project,
    options: { readonly unsanitised: boolean },
  ): Promise<BackupProof & { readonly before: string }> {
    const { sanitize } = project.config.backups;
    const hook = sanitize === null ? undefined : await project.machine.files.read(`${project.folder}/${sanitize}`);
    if (hook === undefined && !options.unsanitised) {
      fail({
        code: "copy-unsanitised",
        summary: "Nothing takes private data out of the copy",
        detail: sanitize === null ? "backups.sanitize is not set in doge.config.ts" : `${sanitize} is not there`,
        address: "backups.sanitize",
        remedy: "Write an SQL file that does, and name it there. Where nothing is private: --unsanitised.",
      });
    }
    const copy = await within(project, "prod", (host, layout) => exportDatabase(host, layout, hook ?? ""));
    return within(project, "stage", async (host, layout) => {
      const proof = await importDatabase(host, layout, copy);
      const { before } = await restoreBackup(host, layout, proof.file);
      return { ...proof, before };
    });
  },
};
