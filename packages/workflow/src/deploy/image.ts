import { step } from "@doge/core";
import {
  byDigest,
  contentIn,
  findImageForTree,
  type ImageStore,
  pushContent,
  type PushedImage,
  type Registry,
  type ReleaseImage,
  sentHost,
} from "@doge/deploy";
import type { Project } from "../project.ts";
import { gitIn, headOf } from "../repository/git.ts";
import type { EnvironmentName } from "../workspaces/names.ts";
import { buildHere, buildInto } from "./build.ts";
import type { Droplets } from "./droplets.ts";
import { type ImageHome, ifMade, registryOf, storeOf } from "./home.ts";

/** An image that may be deployed. */
export interface PreparedImage extends ReleaseImage {
  readonly built: boolean;
  /** Puts it into a droplet's store, where there is no registry and the droplet may lack it. */
  readonly send?: (store: Registry) => Promise<unknown>;
}

interface Wanted {
  readonly ref: string;
  readonly environment: EnvironmentName;
  readonly droplets: Droplets;
  /** Staging is not asked, which may be gone: production without it. */
  readonly unproven?: boolean;
}

/**
 * The image of a commit's tree: the one that is there, or a new one. A merge commit with the same tree is promoted, never
 * rebuilt: from the registry, or, without one, from staging's droplet.
 */
export async function prepareImage(project: Project, wanted: Wanted): Promise<PreparedImage> {
  return imageStep(project, wanted.ref, (source) =>
    project.config.registry === "none" ? prepareToSend(project, wanted, source) : prepareInRegistry(project, source),
  );
}

/** Whether the image of a commit can be made; its digest, where the same tree always has the same. */
export async function checkImage(project: Project, ref: string): Promise<string | undefined> {
  const { registry, app } = project.config;
  const { digest } = await imageStep(project, ref, async (source) => {
    if (registry !== "none") return prepareInRegistry(project, source);
    const { content, forget } = await buildHere(project, source);
    await forget();
    return { reference: "", digest: content.digest, ...source, built: true };
  });
  return registry === "none" && app.build === "dockerfile" ? undefined : digest;
}

interface Source {
  readonly commit: string;
  readonly tree: string;
}

async function imageStep(
  project: Project,
  ref: string,
  work: (source: Source) => Promise<PreparedImage>,
): Promise<PreparedImage> {
  const { machine, folder, emit } = project;
  const { commit, tree } = await headOf(gitIn(machine, folder), ref);
  return step(
    emit,
    () => machine.clock.now(),
    { step: "image", title: `Image of ${tree.slice(0, 12)}` },
    () => work({ commit, tree }),
    (image) => ({
      outcome: image.built ? "done" : "unchanged",
      detail: `${image.built ? "built" : "found"} ${image.digest.slice(0, 19)}`,
    }),
  );
}

async function prepareInRegistry(project: Project, source: Source): Promise<PreparedImage> {
  const home = registryOf(project);
  const found = await findImageForTree(home.registry, home.repository, source.tree);
  if (found) return { ...found, commit: source.commit, built: false };
  return { ...(await buildInto(project, home, source)), commit: source.commit, built: true };
}

/** On the environment's own droplet, or on staging's, or built here. What is sent, is sent by the deploy. */
async function prepareToSend(
  project: Project,
  { environment, droplets, unproven = false }: Wanted,
  { commit, tree }: Source,
): Promise<PreparedImage> {
  const own = await storeOf(project, droplets, environment);
  const { repository } = own;
  const found = await wholeImage(own, tree);
  if (found) return { ...found, commit, built: false };
  const alone = environment === "stage" || unproven;
  const staging = alone ? undefined : await ifMade(storeOf(project, droplets, "stage"));
  const staged = staging && (await wholeImage(staging, tree));
  const content = staged && (await contentIn(staging.registry, repository, staged));
  if (staged && content) {
    const send = (registry: Registry): Promise<unknown> => pushContent({ registry, repository, content });
    return { ...staged, commit, built: false, send };
  }
  const built = await buildHere(project, { commit, tree }, own);
  droplets.afterwards(built.forget);
  const { digest } = built.content;
  const reference = byDigest(sentHost, repository, digest);
  return { reference, digest, tree, commit, built: true, send: built.send };
}

/** An image of which something was lost is as good as none: what is lost is sent again. */
async function wholeImage(
  { registry, repository }: ImageHome & { readonly registry: ImageStore },
  tree: string,
): Promise<PushedImage | undefined> {
  const found = await findImageForTree(registry, repository, tree);
  return found && (await registry.whole(found.digest)) ? found : undefined;
}
