/** Packages as GitHub's API sees them: a repository of the registry with its manifests as versions. */
import type { ContainerPackage, Packages } from "../ports.ts";
import { removeUnusedBlobs } from "./blobs.ts";
import { mirrored, type Manifest, type Registry } from "./model.ts";

export function createPackages(registry: Registry): Packages {
  const manifestsOf = (name: string): Manifest[] => registry.manifests.list(({ repository }) => repository === name);
  const tagsOf = (name: string, digest?: string) =>
    registry.tags.list((row) => row.repository === name && (digest === undefined || row.digest === digest));
  const remove = async (name: string, manifests: readonly Manifest[]): Promise<boolean> => {
    if (manifests.length === 0 || mirrored(name)) return false;
    registry.context.store.transaction(() => {
      for (const { digest } of manifests) {
        for (const { tag } of tagsOf(name, digest)) registry.tags.delete(`${name}:${tag}`);
        registry.manifests.delete(`${name}@${digest}`);
      }
    });
    if (manifestsOf(name).length === 0) await removeUnusedBlobs(registry, name);
    return true;
  };
  return {
    list() {
      const names = new Set(registry.manifests.list().map(({ repository }) => repository));
      return [...names]
        .filter((name) => !mirrored(name))
        .map((name): ContainerPackage => {
          const versions = manifestsOf(name).map(({ digest, createdAt }) => ({
            digest,
            createdAt,
            tags: tagsOf(name, digest).map(({ tag }) => tag),
          }));
          return { name, createdAt: versions[0]?.createdAt ?? "", versions: versions.toReversed() };
        });
    },
    delete: (name) => remove(name.toLowerCase(), manifestsOf(name.toLowerCase())),
    deleteVersion: (name, digest) =>
      remove(
        name.toLowerCase(),
        manifestsOf(name.toLowerCase()).filter((manifest) => manifest.digest === digest),
      ),
  };
}
