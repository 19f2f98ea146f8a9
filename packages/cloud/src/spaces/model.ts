/** What Spaces keeps: rows in the store, contents as files that no row points at before they are whole. */
import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Collection } from "../kit/store.ts";
import type { CloudContext } from "../ports.ts";

export interface SpacesOptions {
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface CorsRule {
  readonly id?: string;
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
}

export type CannedAcl = "private" | "public-read";

export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly createdAt: string;
  readonly acl: CannedAcl;
  readonly cors: readonly CorsRule[];
  readonly versioning?: "Enabled" | "Suspended";
}

/** What a client says of an object's content; kept over a copy unless it is told anew. */
export interface Description {
  /** `content-type`, `cache-control` and their kind. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StoredObject extends Description {
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModified: string;
  readonly acl: CannedAcl;
  readonly file: string;
}

export interface Upload extends Description {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly acl: CannedAcl;
  readonly startedAt: string;
}

export interface Part {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: string;
  readonly file: string;
}

export interface Spaces extends SpacesOptions {
  readonly context: CloudContext;
  readonly folder: string;
  readonly buckets: Collection<Bucket>;
  readonly objects: (bucket: string) => Collection<StoredObject>;
  readonly uploads: Collection<Upload>;
  readonly parts: (upload: string) => Collection<Part>;
}

export function openSpaces(context: CloudContext, options: SpacesOptions): Spaces {
  return {
    ...options,
    context,
    folder: join(context.folder, "spaces"),
    buckets: context.store.collection("spaces.buckets"),
    objects: (bucket) => context.store.collection(`spaces.objects.${bucket}`),
    uploads: context.store.collection("spaces.uploads"),
    parts: (upload) => context.store.collection(`spaces.parts.${upload}`),
  };
}

/** A new file with this content; its row makes it an object. */
export async function writeContent(spaces: Spaces, pieces: readonly Uint8Array[]): Promise<string> {
  await mkdir(spaces.folder, { recursive: true, mode: 0o700 });
  const file = randomUUID();
  await writeFile(contentPath(spaces, file), pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), {
    flag: "wx",
    mode: 0o600,
    flush: true,
  });
  return file;
}

export const contentPath = (spaces: Spaces, file: string): string => join(spaces.folder, file);

export const removeContent = (spaces: Spaces, file: string): Promise<void> =>
  rm(contentPath(spaces, file), { force: true });
