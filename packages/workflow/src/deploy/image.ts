import { randomBytes } from "node:crypto";
import { fail, step } from "@doge/core";
import {
  assembleImage,
  createRegistry,
  findImageForTree,
  pushImage,
  type Registry,
  type RegistryAccess,
  type ReleaseImage,
} from "@doge/deploy";
import type { Project } from "../project.ts";
import { gitIn, headOf } from "../repository/git.ts";

/** The registry of the project's images, as this person or job may use it. */
function registryOf(project: Project): {
  readonly registry: Registry;
  readonly access: RegistryAccess;
  readonly repository: string;
} {
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
    repository: `${config.github.owner}/${config.github.repository}`.toLowerCase(),
  };
}

export const registryAccess = (project: Project): RegistryAccess => registryOf(project).access;

/**
 * The image of a commit's tree: the one that was pushed before, or a new one, assembled and pushed. A merge
 * commit with the same tree is promoted, never rebuilt.
 */
export async function prepareImage(
  project: Project,
  options: { readonly ref: string; readonly mustExist?: boolean },
): Promise<ReleaseImage & { readonly built: boolean }> {
  const { machine, folder, settings, config, emit } = project;
  const git = gitIn(machine, folder);
  const { commit, tree } = await headOf(git, options.ref);
  const { registry, repository } = registryOf(project);
  return step(
    emit,
    () => machine.clock.now(),
    { step: "image", title: `Image of ${tree.slice(0, 12)}` },
    async () => {
      const found = await findImageForTree(registry, repository, tree);
      if (found) return { ...found, commit, built: false };
      const work = `${folder}/.doge/cache/export-${randomBytes(4).toString("hex")}`;
      try {
        await exportTree(project, commit, work);
        const image = await assembleImage({
          machine,
          folder: work,
          tree,
          source: `${settings.endpoint("GITHUB_SERVER_URL")}/${config.github.owner}/${config.github.repository}`,
          base: config.app.base,
          port: config.app.port,
          cacheFolder: `${folder}/.doge/cache/layers`,
        });
        const pushed = await pushImage({
          registry,
          repository,
          image,
          onProgress: (message) => emit({ type: "step.progress", step: "image", message }),
        });
        return { ...pushed, commit, built: true };
      } finally {
        await machine.files.remove(work);
      }
    },
    (image) => ({
      outcome: image.built ? "done" : "unchanged",
      detail: `${image.built ? "built" : "found"} ${image.digest.slice(0, 19)}`,
    }),
  );
}

/** What git holds of a commit, and nothing else: no untracked file, no env file. */
async function exportTree(project: Project, commit: string, target: string): Promise<void> {
  const { machine, folder } = project;
  const git = gitIn(machine, folder);
  await machine.files.write(`${target}/.export`, commit);
  const archive = `${target}.tar`;
  await git.run("archive", "--format=tar", `--output=${archive}`, commit);
  const { exitCode, stderr } = await machine.processes.run({ argv: ["tar", "-xf", archive, "-C", target] });
  await machine.files.remove(archive);
  await machine.files.remove(`${target}/.export`);
  if (exitCode !== 0)
    fail({
      code: "export-failed",
      summary: "The commit could not be unpacked",
      detail: stderr.trim(),
      address: commit,
    });
}
