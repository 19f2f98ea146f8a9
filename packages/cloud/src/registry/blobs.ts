/** Blobs, and the uploads that they come by: whole, in chunks, or mounted from another repository. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { RegistryError } from "./errors.ts";
import { blobFile, isDigest, uploadFile, type Registry, type UploadSession } from "./model.ts";

/** GET and HEAD, one range at most. */
export function sendBlob(registry: Registry, request: Request, repository: string, digest: string): Response {
  const blob = registry.blobs.get(`${repository}@${digest}`);
  if (!blob) throw new RegistryError("BLOB_UNKNOWN", "blob unknown to registry");
  const headers: Record<string, string> = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    "accept-ranges": "bytes",
    etag: `"${digest}"`,
    "content-length": String(blob.size),
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
  if (first === undefined) return new Response(blob.size === 0 ? null : stream(registry, digest), { headers });
  const start = Number(first);
  const end = Math.min(last ? Number(last) : blob.size - 1, blob.size - 1);
  if (start > end)
    throw new RegistryError("RANGE_INVALID", "the range is outside of the blob", {
      "content-range": `bytes */${blob.size}`,
    });
  headers["content-length"] = String(end - start + 1);
  headers["content-range"] = `bytes ${start}-${end}/${blob.size}`;
  return new Response(stream(registry, digest, { start, end }), { status: 206, headers });
}

const stream = (registry: Registry, digest: string, range: { start?: number; end?: number } = {}): ReadableStream =>
  Readable.toWeb(createReadStream(blobFile(registry, digest), range)) as ReadableStream;

/** The file stays: other repositories may have it too. */
export function deleteBlob(registry: Registry, repository: string, digest: string): Response {
  if (!registry.blobs.delete(`${repository}@${digest}`))
    throw new RegistryError("BLOB_UNKNOWN", "blob unknown to registry");
  return new Response(null, { status: 202 });
}

/** After the last manifest of a repository went: its blobs, and the files that no other repository has. */
export async function removeUnusedBlobs(registry: Registry, repository: string): Promise<void> {
  const blobs = registry.blobs.list((blob) => blob.repository === repository);
  for (const { digest } of blobs) registry.blobs.delete(`${repository}@${digest}`);
  const used = new Set(registry.blobs.list().map(({ digest }) => digest));
  const unused = blobs.filter(({ digest }) => !used.has(digest));
  await Promise.all(unused.map(({ digest }) => rm(blobFile(registry, digest), { force: true })));
}

/** POST: mounts, takes a whole blob, or opens a session. `mayPull` says whether the client may read another repository. */
export async function startUpload(
  registry: Registry,
  request: Request,
  repository: string,
  mayPull: (repository: string) => boolean,
): Promise<Response> {
  const query = new URL(request.url).searchParams;
  const mount = query.get("mount");
  const from = query.get("from");
  if (mount !== null && from !== null && mayPull(from)) {
    const source = registry.blobs.get(`${from}@${mount}`);
    if (source) {
      registry.blobs.put(`${repository}@${mount}`, { ...source, repository });
      return created(repository, mount);
    }
  }
  const session: UploadSession = { id: randomUUID(), repository };
  const file = uploadFile(registry, session.id);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await (await open(file, "wx", 0o600)).close();
  registry.uploads.put(session.id, session);
  const digest = query.get("digest");
  return digest === null ? accepted(session, 0) : finishUpload(registry, request, repository, session.id);
}

function sessionOf(registry: Registry, repository: string, id: string): UploadSession {
  const session = registry.uploads.get(id);
  if (!session || session.repository !== repository)
    throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
  return session;
}

const uploaded = async (registry: Registry, id: string): Promise<number> => (await stat(uploadFile(registry, id))).size;

/** PATCH: one more chunk, in order. */
export async function appendUpload(
  registry: Registry,
  request: Request,
  repository: string,
  id: string,
): Promise<Response> {
  const session = sessionOf(registry, repository, id);
  await append(registry, request, session);
  return accepted(session, await uploaded(registry, id));
}

async function append(registry: Registry, request: Request, session: UploadSession): Promise<void> {
  const size = await uploaded(registry, session.id);
  const [, start] = /^(?:bytes )?(\d+)-\d+/.exec(request.headers.get("content-range") ?? "") ?? [];
  if (start !== undefined && Number(start) !== size) {
    throw new RegistryError("BLOB_UPLOAD_INVALID", `the next chunk starts at ${size}`, {
      range: `0-${Math.max(size - 1, 0)}`,
    });
  }
  if (!request.body) return;
  const file = await open(uploadFile(registry, session.id), "a");
  try {
    for await (const piece of request.body as unknown as AsyncIterable<Uint8Array>) await file.write(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** PUT: the last chunk, and the digest that the whole must have. */
export async function finishUpload(
  registry: Registry,
  request: Request,
  repository: string,
  id: string,
): Promise<Response> {
  const session = sessionOf(registry, repository, id);
  const digest = new URL(request.url).searchParams.get("digest") ?? "";
  if (!isDigest(digest))
    throw new RegistryError("DIGEST_INVALID", "the digest must be sha256: and 64 hexadecimal digits");
  await append(registry, request, session);
  const file = uploadFile(registry, id);
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  if (`sha256:${hash.digest("hex")}` !== digest) {
    await dropUpload(registry, session);
    throw new RegistryError("DIGEST_INVALID", "provided digest did not match uploaded content");
  }
  const size = await uploaded(registry, id);
  await mkdir(dirname(blobFile(registry, digest)), { recursive: true, mode: 0o700 });
  await rename(file, blobFile(registry, digest));
  registry.blobs.put(`${repository}@${digest}`, { repository, digest, size });
  registry.uploads.delete(id);
  return created(repository, digest);
}

export async function uploadStatus(registry: Registry, repository: string, id: string): Promise<Response> {
  const { headers } = accepted(sessionOf(registry, repository, id), await uploaded(registry, id));
  return new Response(null, { status: 204, headers });
}

export async function cancelUpload(registry: Registry, repository: string, id: string): Promise<Response> {
  await dropUpload(registry, sessionOf(registry, repository, id));
  return new Response(null, { status: 204 });
}

async function dropUpload(registry: Registry, { id }: UploadSession): Promise<void> {
  registry.uploads.delete(id);
  await rm(uploadFile(registry, id), { force: true });
}

const created = (repository: string, digest: string): Response =>
  new Response(null, {
    status: 201,
    headers: { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest },
  });

const accepted = ({ id, repository }: UploadSession, size: number): Response =>
  new Response(null, {
    status: 202,
    headers: {
      location: `/v2/${repository}/blobs/uploads/${id}`,
      "docker-upload-uuid": id,
      range: `0-${Math.max(size - 1, 0)}`,
    },
  });
