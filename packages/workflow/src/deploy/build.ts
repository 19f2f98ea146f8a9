import { randomBytes } from "node:crypto";
import { fail } from "@doge/core";
import {
  assembleImage,
  type AssembledImage,
  buildDockerfile,
  contentOf,
  findImageForTree,
  type ImageContent,
  keepDependencies,
  type PushedImage,
  pushContent,
  pushImage,
  readSaved,
  type Registry,
  saveDockerfile,
  sentHost,
  treeTag,
} from "@doge/deploy";
import type { Project } from "../project.ts";
import { gitIn } from "../repository/git.ts";
import { type ImageHome, registryOf } from "./home.ts";

interface Source {
  readonly commit: string;
  readonly tree: string;
}

/** A tree, unpacked, and what its image says of it. */
interface Unpacked {
  readonly folder: string;
  readonly tree: string;
  /** URL of the repository. */
  readonly source: string;
  readonly onProgress: (message: string) => void;
}

/** Makes the image of a commit and pushes it into the registry. */
export async function buildInto(
  project: Project,
  { registry, repository }: ImageHome,
  of: Source,
): Promise<PushedImage> {
  const work = workFolder(project);
  try {
    const unpacked = await unpack(project, of, work);
    if (project.config.app.build === "dockerfile")
      return await engineBuild(project, { registry, repository }, unpacked);
    const image = await assemble(project, unpacked, { registry, repository });
    return await pushImage({ registry, repository, image, onProgress: unpacked.onProgress });
  } finally {
    await project.machine.files.remove(work);
  }
}

export interface BuiltImage {
  readonly content: ImageContent;
  /** Puts it, and what makes the next build shorter, into a droplet's store. */
  readonly send: (store: Registry) => Promise<PushedImage>;
  /** Takes away what is kept of it on this machine. */
  readonly forget: () => Promise<void>;
}

/** Makes the image of a commit here, to be sent. `home`: where its dependencies may be. */
export async function buildHere(project: Project, of: Source, home?: ImageHome): Promise<BuiltImage> {
  const work = workFolder(project);
  const forget = (): Promise<void> => project.machine.files.remove(work);
  const repository = home?.repository ?? "";
  try {
    const unpacked = await unpack(project, of, work);
    if (project.config.app.build === "dockerfile") {
      const content = await engineSave(project, unpacked);
      return { content, send: (registry) => pushContent({ registry, repository, content }), forget };
    }
    const image = await assemble(project, unpacked, home && { ...home, readOnly: true });
    const content = contentOf(image);
    return { content, forget, send: (store) => sendAssembled(store, repository, image, content) };
  } catch (thrown) {
    await forget();
    throw thrown;
  }
}

async function sendAssembled(
  registry: Registry,
  repository: string,
  { dependencies }: AssembledImage,
  content: ImageContent,
): Promise<PushedImage> {
  const pushed = await pushContent({ registry, repository, content });
  if (dependencies) await keepDependencies({ registry, repository }, dependencies.key, dependencies.layer);
  return pushed;
}

const workFolder = ({ folder }: Project): string => `${folder}/.doge/cache/export-${randomBytes(4).toString("hex")}`;

async function unpack(project: Project, { commit, tree }: Source, work: string): Promise<Unpacked> {
  const { settings, config, emit } = project;
  const folder = `${work}/tree`;
  await exportTree(project, commit, folder);
  return {
    folder,
    tree,
    source: `${settings.endpoint("GITHUB_SERVER_URL")}/${config.github.owner}/${config.github.repository}`,
    onProgress: (message) => emit({ type: "step.progress", step: "image", message }),
  };
}

/** A plain Node app: layers put together by us, without an engine. */
function assemble(
  project: Project,
  tree: Unpacked,
  shared: (ImageHome & { readonly readOnly?: boolean }) | undefined,
): Promise<AssembledImage> {
  const { machine, config } = project;
  return assembleImage({
    machine,
    ...tree,
    base: config.app.base,
    port: config.app.port,
    ...(config.app.compile ? { compile: config.app.compile } : {}),
    cacheFolder: `${project.folder}/.doge/cache/layers`,
    ...(shared ? { shared } : {}),
  });
}

/** Anything with a Dockerfile: by the engine's builder, which pushes it. */
async function engineBuild(
  project: Project,
  { registry, repository }: ImageHome,
  tree: Unpacked,
): Promise<PushedImage> {
  const { host, username, token } = registryOf(project).access;
  await buildDockerfile(project.machine, {
    ...tree,
    host,
    repository,
    credentials: { username, token },
    configFolder: `${tree.folder}-docker`,
    signal: project.signal,
  });
  const pushed = await findImageForTree(registry, repository, tree.tree);
  if (pushed) return pushed;
  return fail({
    code: "image-not-pushed",
    summary: "The image is not in the registry after its push",
    address: `${host}/${repository}:${treeTag(tree.tree)}`,
    remedy: "Run it again; if it stays so, this is a bug in Doge.",
  });
}

/** The same without a registry: out of the engine by a file. */
async function engineSave(project: Project, tree: Unpacked): Promise<ImageContent> {
  const { machine, config, signal } = project;
  const file = `${tree.folder}-saved.tar`;
  await saveDockerfile(machine, {
    ...tree,
    host: sentHost,
    repository: `${config.github.owner}/${config.github.repository}`.toLowerCase(),
    configFolder: `${tree.folder}-docker`,
    signal,
    file,
  });
  return readSaved({ machine, file, folder: `${tree.folder}-saved`, tree: tree.tree, onProgress: tree.onProgress });
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
