import { randomBytes } from "node:crypto";
import { fail, step } from "@doge/core";
import {
  assembleImage,
  buildDockerfile,
  createRegistry,
  findImageForTree,
  type PushedImage,
  pushImage,
  type Registry,
  type RegistryAccess,
  type ReleaseImage,
  treeTag,
} from "@doge/deploy";
import type { Project } from "../project.ts";
import { gitIn, headOf } from "../repository/git.ts";

/** The registry of the project's images, as this person or job may use it. */
export function registryOf(project: Project): {
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
        const source = `${settings.endpoint("GITHUB_SERVER_URL")}/${config.github.owner}/${config.github.repository}`;
        const onProgress = (message: string): void => emit({ type: "step.progress", step: "image", message });
        const made = { project, registry, repository, folder: work, tree, source, onProgress };
        const pushed = config.app.build === "dockerfile" ? await build(made) : await assemble(made);
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

interface Making {
  readonly project: Project;
  readonly registry: Registry;
  readonly repository: string;
  /** The tree, unpacked. */
  readonly folder: string;
  readonly tree: string;
  readonly source: string;
  readonly onProgress: (message: string) => void;
}

/** A plain Node app: layers put together by us, without an engine. */
async function assemble({ project, registry, repository, onProgress, ...tree }: Making): Promise<PushedImage> {
  const { machine, config } = project;
  const image = await assembleImage({
    machine,
    ...tree,
    base: config.app.base,
    port: config.app.port,
    ...(config.app.compile ? { compile: config.app.compile } : {}),
    cacheFolder: `${project.folder}/.doge/cache/layers`,
    shared: { registry, repository },
  });
  return pushImage({ registry, repository, image, onProgress });
}

/** Anything with a Dockerfile: by the engine's builder. */
async function build({ project, registry, repository, ...making }: Making): Promise<PushedImage> {
  const { host, username, token } = registryAccess(project);
  await buildDockerfile(project.machine, {
    ...making,
    host,
    repository,
    credentials: { username, token },
    configFolder: `${making.folder}-docker`,
    signal: project.signal,
  });
  const pushed = await findImageForTree(registry, repository, making.tree);
  if (pushed) return pushed;
  return fail({
    code: "image-not-pushed",
    summary: "The image is not in the registry after its push",
    address: `${host}/${repository}:${treeTag(making.tree)}`,
    remedy: "Run it again; if it stays so, this is a bug in Doge.",
  });
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
