import { fail } from "@doge/core";
import type { Registry } from "../registry/client.ts";
import { type Descriptor, type Index, type Manifest, media } from "../registry/media.ts";
import { type ImageReference } from "../registry/reference.ts";

/** Fields of an image's configuration that matter to what is built on it; the rest is passed on. */
export interface ImageConfiguration {
  readonly architecture: string;
  readonly os: string;
  readonly config?: Readonly<Record<string, unknown>> & { readonly Env?: readonly string[] };
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly string[] };
  readonly history?: readonly unknown[];
  readonly [key: string]: unknown;
}

export interface BaseImage {
  readonly registry: Registry;
  readonly repository: string;
  /** Of the manifest for the platform: what the new image is really built on. */
  readonly digest: string;
  readonly layers: readonly Descriptor[];
  readonly configuration: ImageConfiguration;
}

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString("utf8"));

/** Finds the base image for a platform (`linux/amd64`). Its layers stay where they are until someone copies them. */
export async function findBase(registry: Registry, reference: ImageReference, platform: string): Promise<BaseImage> {
  const { repository } = reference;
  const name = reference.digest ?? reference.tag ?? "latest";
  let stored = await registry.manifest(repository, name);
  if (stored && (stored.mediaType === media.index || stored.mediaType === media.dockerIndex)) {
    const match = (parse(stored.bytes) as Index).manifests.find(
      (entry) => `${entry.platform?.os}/${entry.platform?.architecture}` === platform,
    );
    stored = match && (await registry.manifest(repository, match.digest));
  }
  if (!stored) {
    fail({
      code: "image-base-missing",
      summary: "The base image is not in its registry",
      detail: `${repository}:${name} for ${platform}`,
      address: registry.url,
      remedy: "Check `app.base` in doge.config.ts.",
    });
  }
  const manifest = parse(stored.bytes) as Manifest;
  return {
    registry,
    repository,
    digest: stored.digest,
    layers: manifest.layers,
    configuration: parse(await registry.blob(repository, manifest.config.digest)) as ImageConfiguration,
  };
}
