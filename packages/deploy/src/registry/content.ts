import type { AssembledImage } from "../image/assemble.ts";
import type { Registry } from "./client.ts";
import { type Descriptor, type Manifest, media } from "./media.ts";

/** A piece of an image, wherever it is now. */
export interface Blob {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly content: () => Promise<Uint8Array>;
  /** A repository of the same registry that has it. */
  readonly from?: string | undefined;
}

/** A whole image that may be put into a registry: what its manifest names, and the manifest itself. */
export interface ImageContent {
  readonly digest: string;
  readonly tree: string;
  readonly mediaType: string;
  readonly manifest: Uint8Array;
  readonly blobs: readonly Blob[];
}

/** An assembled image: layers of its base are read where they are, and only if somebody lacks them. */
export function contentOf(image: AssembledImage, into?: Registry): ImageContent {
  const { base } = image;
  const from = base.registry.url === into?.url ? base.repository : undefined;
  return {
    digest: image.digest,
    tree: image.tree,
    mediaType: media.manifest,
    manifest: image.manifest,
    blobs: [
      ...base.layers.map(({ digest, size }) => ({
        digest,
        size,
        content: () => base.registry.blob(base.repository, digest),
        from,
      })),
      ...[...image.layers.values()].map(({ digest, size, bytes }) => ({ digest, size, content: bytes })),
      {
        digest: image.configDescriptor.digest,
        size: image.configDescriptor.size,
        content: async () => image.configuration,
      },
    ],
  };
}

/** An image as another registry has it; undefined where it does not. */
export async function contentIn(
  registry: Registry,
  repository: string,
  image: { readonly digest: string; readonly tree: string },
): Promise<ImageContent | undefined> {
  const stored = await registry.manifest(repository, image.digest);
  if (!stored) return undefined;
  const { config, layers } = readManifest(stored.bytes);
  return {
    ...image,
    mediaType: stored.mediaType,
    manifest: stored.bytes,
    blobs: [...layers, config].map(({ digest, size }) => ({
      digest,
      size,
      content: () => registry.blob(repository, digest),
    })),
  };
}

export const readManifest = (bytes: Uint8Array): Manifest & { readonly layers: readonly Descriptor[] } =>
  JSON.parse(Buffer.from(bytes).toString("utf8")) as Manifest;
