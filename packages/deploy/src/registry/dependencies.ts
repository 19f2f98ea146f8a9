import type { Layer } from "../image/tar.ts";
import { digestOf, type Registry } from "./client.ts";
import { type Descriptor, type Manifest, media } from "./media.ts";

/** Where layers of dependencies are kept for other machines: a repository of a registry. */
export interface SharedLayers {
  readonly registry: Registry;
  readonly repository: string;
  /** They are only found there; whoever sends the image leaves them. */
  readonly readOnly?: boolean;
}

const tagOf = (key: string): string => `dependencies-${key.slice(0, 40)}`;
const diffIdKey = "dev.doge.diff-id";

interface Artifact extends Manifest {
  readonly artifactType: string;
  readonly layers: readonly (Descriptor & { readonly annotations: Readonly<Record<string, string>> })[];
}

/** The layer that some machine pushed for these dependencies; undefined where none did. Its bytes stay there. */
export async function findDependencies(
  { registry, repository }: SharedLayers,
  key: string,
): Promise<Layer | undefined> {
  const stored = await registry.manifest(repository, tagOf(key));
  if (!stored) return undefined;
  const { layers } = JSON.parse(Buffer.from(stored.bytes).toString("utf8")) as Artifact;
  const [layer] = layers;
  const diffId = layer?.annotations[diffIdKey];
  if (!layer || diffId === undefined) return undefined;
  return { digest: layer.digest, diffId, size: layer.size, bytes: () => registry.blob(repository, layer.digest) };
}

/** Pushes the layer as an OCI artifact of its own: a pipeline's job has no folder that outlives it. */
export async function keepDependencies(
  { registry, repository }: SharedLayers,
  key: string,
  layer: Layer,
): Promise<void> {
  const nothing = Buffer.from("{}");
  const config = { mediaType: media.empty, digest: digestOf(nothing), size: nothing.byteLength };
  await Promise.all([
    registry.putBlob(repository, { digest: config.digest, content: async () => nothing }),
    registry.putBlob(repository, { digest: layer.digest, content: layer.bytes }),
  ]);
  const artifact: Artifact = {
    schemaVersion: 2,
    mediaType: media.manifest,
    artifactType: media.dependencies,
    config,
    layers: [
      { mediaType: media.layer, digest: layer.digest, size: layer.size, annotations: { [diffIdKey]: layer.diffId } },
    ],
  };
  await registry.putManifest(repository, tagOf(key), media.manifest, Buffer.from(JSON.stringify(artifact)));
}
