/** What the registry keeps. Blobs are files by their digest; rows say which repository has which. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Collection } from "../kit/store.ts";
import type { CloudContext, GitHubIdentity } from "../ports.ts";

export interface RegistryOptions {
  /** Whose token this is; undefined for one that is not good. */
  readonly identify: (user: string, token: string) => GitHubIdentity | undefined;
  /** Packages that anybody may pull, `owner/name`. None, unless told. */
  readonly isPublic?: (repository: string) => boolean;
}

export interface Manifest {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly createdAt: string;
  /** Base64: the digest is of these very bytes. */
  readonly content: string;
  readonly subject?: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface UploadSession {
  readonly id: string;
  readonly repository: string;
}

export interface Registry extends RegistryOptions {
  readonly context: CloudContext;
  readonly folder: string;
  /** By `repository@digest`. */
  readonly blobs: Collection<{ readonly repository: string; readonly digest: string; readonly size: number }>;
  /** By `repository@digest`. */
  readonly manifests: Collection<Manifest>;
  /** By `repository:tag`. */
  readonly tags: Collection<{ readonly repository: string; readonly tag: string; readonly digest: string }>;
  readonly uploads: Collection<UploadSession>;
}

export function openRegistry(context: CloudContext, options: RegistryOptions): Registry {
  return {
    ...options,
    context,
    folder: join(context.folder, "registry"),
    blobs: context.store.collection("registry.blobs"),
    manifests: context.store.collection("registry.manifests"),
    tags: context.store.collection("registry.tags"),
    uploads: context.store.collection("registry.uploads"),
  };
}

/** Names below it are Docker Hub's: everybody may pull them, nobody may push. */
export const mirrored = (repository: string): boolean => repository.startsWith("library/");

export const digestOf = (content: Uint8Array): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;
export const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);
export const blobFile = (registry: Registry, digest: string): string =>
  join(registry.folder, "blobs", digest.replace(":", "/"));
export const uploadFile = (registry: Registry, id: string): string => join(registry.folder, "uploads", id);
