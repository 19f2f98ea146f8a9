import { posix } from "node:path";
import { parseEnv } from "node:util";
import { fail, Secret, step } from "@doge/core";
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
import { createSpaces, type Spaces } from "@doge/providers/digitalocean";
import { projectEnvFiles } from "../env/project.ts";
import type { Project } from "../project.ts";
import { vendors } from "../vendors.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { onEnvironment } from "./connect.ts";

const within = <T>(
  project: Project,
  environment: EnvironmentName,
  work: (host: Host, layout: Layout) => Promise<T>,
): Promise<T> =>
  onEnvironment(project, environment, async (host) => work(host, await projectLayout(host, project.config.slug)));

/** The same, as a step that says what it does: databases can be large. */
const during = <T>(
  project: Project,
  environment: EnvironmentName,
  title: string,
  work: (host: Host, layout: Layout) => Promise<T>,
): Promise<T> =>
  step(
    project.emit,
    () => project.machine.clock.now(),
    { step: `database-${environment}`, title },
    () => within(project, environment, work),
  );

/** As the droplets reach it: what the backups' env file says goes before this machine's tokens. */
async function spacesOf(project: Project): Promise<Pick<Spaces, "exists" | "list">> {
  const { region } = project.config.digitalocean;
  const file = (await projectEnvFiles(project)).production[".backup"];
  const known = parseEnv(file?.reveal() ?? "");
  const [id, secret, endpoint] = [
    known["SPACES_ACCESS_KEY_ID"],
    known["SPACES_SECRET_ACCESS_KEY"],
    known["SPACES_ENDPOINT"],
  ];
  if (!id || !secret || !endpoint) return vendors(project).spaces(region);
  const { http, clock } = project.machine;
  const keys = { accessKeyId: new Secret(id), secretAccessKey: new Secret(secret) };
  return createSpaces({ http, clock, emit: project.emit, signal: project.signal, ...keys, endpoint, region });
}

/** What `doge db` does on an environment. */
export const database = {
  backup: (project: Project, environment: EnvironmentName): Promise<BackupProof> =>
    during(
      project,
      environment,
      `Backing ${environment}'s database up, and restoring the backup beside it`,
      takeBackup,
    ),
  list: (project: Project, environment: EnvironmentName): Promise<readonly StoredBackup[]> =>
    within(project, environment, listBackups),
  /** Those in the environment's Space, newest first, by the names that `move` takes: also where its droplet is lost. */
  async listSpace(project: Project, environment: EnvironmentName): Promise<readonly StoredBackup[]> {
    const spaces = await spacesOf(project);
    const [bucket, folder] = [`${project.config.slug}-${environment}`, "backups/"];
    const found = await spaces.list(bucket, folder);
    if (found.length === 0 && !(await spaces.exists(bucket))) {
      fail({
        code: "backup-no-space",
        summary: "The environment has no Space",
        detail: `there is no bucket ${bucket}`,
        address: bucket,
        remedy:
          "`doge apply` of the environment makes it; a droplet backs up into it every night from its first deploy on.",
      });
    }
    return found
      .map(({ key, size, modifiedAt = "" }) => ({ file: key.slice(folder.length), bytes: size, at: modifiedAt }))
      .toSorted((a, b) => b.at.localeCompare(a.at));
  },
  verify: (project: Project, environment: EnvironmentName, file?: string): Promise<BackupProof> =>
    during(
      project,
      environment,
      `Restoring ${file === undefined ? "the newest backup" : posix.basename(file)} beside ${environment}'s database`,
      (host, layout) => verifyBackup(host, layout, file),
    ),
  restore: (project: Project, environment: EnvironmentName, file: string): ReturnType<typeof restoreBackup> =>
    during(
      project,
      environment,
      `Putting ${posix.basename(file)} in the place of ${environment}'s database`,
      (host, layout) => restoreBackup(host, layout, file),
    ),
  move: (
    project: Project,
    environment: EnvironmentName,
    direction: "upload" | "download",
    name: string,
  ): Promise<string> =>
    during(
      project,
      environment,
      direction === "upload"
        ? `Encrypting ${posix.basename(name)}, and sending it to Spaces`
        : `Fetching ${name} from Spaces`,
      (host, layout) => moveBackup(host, layout, direction, name),
    ),

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
    const title =
      hook === undefined ? "Copying production's database" : `Copying production's database, by ${sanitize}`;
    const copy = await during(project, "prod", title, (host, layout) => exportDatabase(host, layout, hook ?? ""));
    return during(project, "stage", "Putting the copy in the place of staging's", async (host, layout) => {
      const proof = await importDatabase(host, layout, copy);
      const { before } = await restoreBackup(host, layout, proof.file);
      return { ...proof, before };
    });
  },
};
