/** Archives, states, plans and logs as files: `<folder>/<kind>/<id>`. */
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Hcp, Link } from "./model.ts";
import { url } from "./model.ts";

export type BlobKind = "configurations" | "states" | "json-states" | "plans" | "logs";

export const blobPath = (hcp: Hcp, kind: BlobKind, id: string): string => join(hcp.folder, kind, id);

/** Whole or not at all, and for this user's eyes only: states hold secrets. */
export async function writeBlob(hcp: Hcp, kind: BlobKind, id: string, content: string | Uint8Array): Promise<void> {
  const path = blobPath(hcp, kind, id);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  await writeFile(beside, content, { mode: 0o600, flush: true });
  await rename(beside, path);
}

/** The blob, or undefined where there is none. */
export async function readBlob(hcp: Hcp, kind: BlobKind, id: string): Promise<Buffer | undefined> {
  try {
    return await readFile(blobPath(hcp, kind, id));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw thrown;
  }
}

export const removeBlob = (hcp: Hcp, kind: BlobKind, id: string): Promise<void> =>
  rm(blobPath(hcp, kind, id), { force: true });

/** Bytes from `offset`, at most `limit`; empty past the end and where there is no such blob yet. */
export async function readBlobPart(
  hcp: Hcp,
  kind: BlobKind,
  id: string,
  offset: number,
  limit: number,
): Promise<Buffer> {
  let file;
  try {
    file = await open(blobPath(hcp, kind, id), "r");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw thrown;
  }
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(limit), 0, limit, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A key for a URL that carries no Authorization: not from the seed, which is printed. */
export function makeLink(hcp: Hcp, link: Link): string {
  const key = randomBytes(32).toString("base64url");
  hcp.links.put(key, link);
  return key;
}

export const linkUrl = (hcp: Hcp, key: string): string => url(hcp, `/_archivist/v1/object/${key}`);
