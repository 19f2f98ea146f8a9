import type { VersionedFiles } from "@doge/engine";
import type { Spaces } from "./client/spaces.ts";

/** State and leases in a bucket, by S3's conditional writes. */
export const spacesFiles = (spaces: Spaces, bucket: string, prefix: string): VersionedFiles => ({
  place: `${bucket}/${prefix}`,
  read: (name) => spaces.getVersion(bucket, `${prefix}/${name}`),
  write: (name, text, over) => spaces.replace(bucket, `${prefix}/${name}`, text, over),
});
