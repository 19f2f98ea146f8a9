import type { AssembledImage } from "../image/assemble.ts";
import type { Registry } from "./client.ts";
import { contentOf, type ImageContent } from "./content.ts";
import { byDigest } from "./reference.ts";

/** An image that is in a registry, with what is known of its origin. */
export interface PushedImage {
  /** `ghcr.io/ada/shop@sha256:…`. */
  readonly reference: string;
  readonly digest: string;
  readonly tree: string;
}

/** The tag under which a tree's image is found again. */
export const treeTag = (tree: string): string => `tree-${tree}`;

const hostOf = (registry: Registry): string => new URL(registry.url).host;

/** Digest of a tag, or undefined where it does not exist. */
export const resolveTag = (registry: Registry, repository: string, tag: string): Promise<string | undefined> =>
  registry.resolve(repository, tag);

/** The image that was pushed for a tree, so that the same tree is never built twice. */
export async function findImageForTree(
  registry: Registry,
  repository: string,
  tree: string,
): Promise<PushedImage | undefined> {
  const digest = await registry.resolve(repository, treeTag(tree));
  return digest ? { reference: byDigest(hostOf(registry), repository, digest), digest, tree } : undefined;
}

/**
 * Pushes layers that the registry does not have, then configuration and manifest, then the tag of the tree:
 * a tag never names an image that is not whole. Pushing again sends nothing.
 */
export async function pushContent(options: {
  readonly registry: Registry;
  readonly repository: string;
  readonly content: ImageContent;
  readonly tags?: readonly string[];
  readonly onProgress?: (message: string) => void;
}): Promise<PushedImage> {
  const { registry, repository, content: image, onProgress = () => {} } = options;
  await Promise.all(
    image.blobs.map(async (blob) => {
      const outcome = await registry.putBlob(repository, blob, blob.from);
      onProgress(`${outcome} ${blob.digest.slice(7, 19)} (${(blob.size / 1e6).toFixed(1)} MB)`);
    }),
  );
  await registry.putManifest(repository, image.digest, image.mediaType, image.manifest);
  for (const tag of [treeTag(image.tree), ...(options.tags ?? [])]) {
    await registry.putManifest(repository, tag, image.mediaType, image.manifest);
  }
  return { reference: byDigest(hostOf(registry), repository, image.digest), digest: image.digest, tree: image.tree };
}

/** The same for an assembled image: layers of its base that are in this registry already are mounted, not sent. */
export function pushImage(options: {
  readonly registry: Registry;
  readonly repository: string;
  readonly image: AssembledImage;
  readonly tags?: readonly string[];
  readonly onProgress?: (message: string) => void;
}): Promise<PushedImage> {
  return pushContent({ ...options, content: contentOf(options.image, options.registry) });
}

/** Gives an image that is in the registry another tag. False where there is no such image. */
export async function tagImage(registry: Registry, repository: string, digest: string, tag: string): Promise<boolean> {
  const manifest = await registry.manifest(repository, digest);
  if (!manifest) return false;
  await registry.putManifest(repository, tag, manifest.mediaType, manifest.bytes);
  return true;
}
