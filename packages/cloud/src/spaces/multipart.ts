/** Objects that come in parts. */
import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseRange } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import { contentPath, removeContent, writeContent, type Part, type Spaces, type Upload } from "./model.ts";
import { copySource, md5, publish } from "./objects.ts";
import {
  bucketOf,
  cannedAcl,
  describe,
  empty,
  owner,
  readXml,
  xmlResponse,
  type Handler,
  type S3Request,
} from "./request.ts";
import { childrenOf, childText } from "./xml.ts";

const smallestPart = 5 * 1024 * 1024;

function uploadOf(spaces: Spaces, request: S3Request): Upload {
  bucketOf(spaces, request);
  const upload = spaces.uploads.get(request.query.get("uploadId") ?? "");
  if (!upload || upload.bucket !== request.bucket || upload.key !== request.key) throw new S3Error("NoSuchUpload");
  return upload;
}

export const createUpload: Handler = (spaces, request) => {
  bucketOf(spaces, request);
  const upload: Upload = {
    id: randomUUID(),
    bucket: request.bucket,
    key: request.key,
    acl: cannedAcl(request) ?? "private",
    startedAt: spaces.context.now().toISOString(),
    ...describe(request.headers),
  };
  spaces.uploads.put(upload.id, upload);
  return xmlResponse("InitiateMultipartUploadResult", { Bucket: upload.bucket, Key: upload.key, UploadId: upload.id });
};

async function keepPart(spaces: Spaces, request: S3Request, content: Buffer): Promise<Part> {
  const upload = uploadOf(spaces, request);
  const number = Number(request.query.get("partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new S3Error("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  const file = await writeContent(spaces, [content]);
  const parts = spaces.parts(upload.id);
  const replaced = parts.get(number);
  const part = parts.put(number, {
    number,
    size: content.length,
    etag: md5(content),
    lastModified: spaces.context.now().toISOString(),
    file,
  });
  if (replaced) await removeContent(spaces, replaced.file);
  return part;
}

export const uploadPart: Handler = async (spaces, request) => {
  uploadOf(spaces, request);
  const { etag } = await keepPart(spaces, request, await request.body());
  return empty(200, { etag: `"${etag}"` });
};

export const uploadPartCopy: Handler = async (spaces, request) => {
  uploadOf(spaces, request);
  const source = copySource(spaces, request);
  const whole = await readFile(contentPath(spaces, source.file));
  const range = parseRange(request.headers.get("x-amz-copy-source-range"), source.size);
  const part = await keepPart(spaces, request, range ? whole.subarray(range.start, range.end + 1) : whole);
  return xmlResponse("CopyPartResult", { LastModified: part.lastModified, ETag: `"${part.etag}"` });
};

async function dropUpload(spaces: Spaces, upload: Upload): Promise<void> {
  const parts = spaces.parts(upload.id).list();
  spaces.context.store.transaction(() => {
    spaces.uploads.delete(upload.id);
    for (const { number } of parts) spaces.parts(upload.id).delete(number);
  });
  await Promise.all(parts.map(({ file }) => removeContent(spaces, file)));
}

export const completeUpload: Handler = async (spaces, request) => {
  const upload = uploadOf(spaces, request);
  const named = childrenOf(await readXml(request, "CompleteMultipartUpload"), "Part");
  if (named.length === 0) throw new S3Error("MalformedXML");
  const parts = named.map((element) => {
    const part = spaces.parts(upload.id).get(Number(childText(element, "PartNumber")));
    if (!part || part.etag !== childText(element, "ETag")?.replaceAll('"', "")) throw new S3Error("InvalidPart");
    return part;
  });
  if (parts.some((part, at) => at > 0 && part.number <= parts[at - 1]!.number)) throw new S3Error("InvalidPartOrder");
  if (parts.slice(0, -1).some(({ size }) => size < smallestPart)) throw new S3Error("EntityTooSmall");
  const pieces = await Promise.all(parts.map(({ file }) => readFile(contentPath(spaces, file))));
  const digests = createHash("md5");
  for (const { etag } of parts) digests.update(Buffer.from(etag, "hex"));
  const etag = `${digests.digest("hex")}-${parts.length}`;
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const file = await writeContent(spaces, pieces);
  const { key, acl, headers, metadata } = upload;
  await publish(spaces, request.bucket, { key, etag, size, acl, file, headers, metadata }, request.headers);
  await dropUpload(spaces, upload);
  return xmlResponse("CompleteMultipartUploadResult", {
    Location: `${spaces.context.url("spaces")}/${request.bucket}/${key}`,
    Bucket: request.bucket,
    Key: key,
    ETag: `"${etag}"`,
  });
};

export const abortUpload: Handler = async (spaces, request) => {
  await dropUpload(spaces, uploadOf(spaces, request));
  return empty(204);
};

export const listParts: Handler = (spaces, request) => {
  const upload = uploadOf(spaces, request);
  const after = Number(request.query.get("part-number-marker") ?? 0);
  const limit = Math.min(Number(request.query.get("max-parts") ?? 1000) || 1000, 1000);
  const rest = spaces
    .parts(upload.id)
    .list(({ number }) => number > after)
    .sort((a, b) => a.number - b.number);
  const page = rest.slice(0, limit);
  return xmlResponse("ListPartsResult", {
    Bucket: upload.bucket,
    Key: upload.key,
    UploadId: upload.id,
    Owner: owner,
    Initiator: owner,
    StorageClass: "STANDARD",
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: rest.length > limit,
    Part: page.map(({ number, size, etag, lastModified }) => ({
      PartNumber: number,
      LastModified: lastModified,
      ETag: `"${etag}"`,
      Size: size,
    })),
  });
};

export const listUploads: Handler = (spaces, request) => {
  bucketOf(spaces, request);
  const prefix = request.query.get("prefix") ?? "";
  const uploads = spaces.uploads.list(({ bucket, key }) => bucket === request.bucket && key.startsWith(prefix));
  return xmlResponse("ListMultipartUploadsResult", {
    Bucket: request.bucket,
    Prefix: prefix,
    MaxUploads: 1000,
    IsTruncated: false,
    Upload: uploads.map(({ id, key, startedAt }) => ({
      Key: key,
      UploadId: id,
      Initiator: owner,
      Owner: owner,
      StorageClass: "STANDARD",
      Initiated: startedAt,
    })),
  });
};
