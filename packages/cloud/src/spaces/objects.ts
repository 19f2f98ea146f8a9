import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { checkWrite, parseRange, unchanged } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import {
  contentPath,
  removeContent,
  writeContent,
  type CannedAcl,
  type Description,
  type Spaces,
  type StoredObject,
} from "./model.ts";
import {
  aclResponse,
  bucketOf,
  cannedAcl,
  describe,
  empty,
  readXml,
  sentAcl,
  xmlResponse,
  type Handler,
  type S3Request,
} from "./request.ts";
import { decode } from "./signature.ts";
import { childrenOf, childText } from "./xml.ts";

export const md5 = (content: Uint8Array): string => createHash("md5").update(content).digest("hex");

/** @throws S3Error NoSuchKey; AccessDenied for strangers, who must not learn what exists. */
export function objectOf(spaces: Spaces, request: S3Request): StoredObject {
  bucketOf(spaces, request);
  const object = spaces.objects(request.bucket).get(request.key);
  if (!request.isOwner && object?.acl !== "public-read") throw new S3Error("AccessDenied");
  if (!object) throw new S3Error("NoSuchKey");
  const version = request.query.get("versionId");
  if (version !== undefined && version !== "null") throw new S3Error("NoSuchVersion");
  return object;
}

export interface NewObject extends Description {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly acl: CannedAcl;
  readonly file: string;
}

/** Makes a written file the object, if the conditions hold at this very moment; what it replaces goes. */
export async function publish(
  spaces: Spaces,
  bucket: string,
  object: NewObject,
  conditions: Headers,
): Promise<StoredObject> {
  const objects = spaces.objects(bucket);
  const existing = objects.get(object.key);
  try {
    // The bucket may have gone while the body came.
    if (!spaces.buckets.get(bucket)) throw new S3Error("NoSuchBucket");
    checkWrite(conditions, existing);
  } catch (thrown) {
    await removeContent(spaces, object.file);
    throw thrown;
  }
  const stored = objects.put(object.key, { ...object, lastModified: spaces.context.now().toISOString() });
  if (existing) await removeContent(spaces, existing.file);
  return stored;
}

export const putObject: Handler = async (spaces, request) => {
  bucketOf(spaces, request);
  if (Buffer.byteLength(request.key) > 1024) throw new S3Error("InvalidArgument", "Your key is too long");
  checkWrite(request.headers, spaces.objects(request.bucket).get(request.key));
  const acl = cannedAcl(request) ?? "private";
  const content = await request.body();
  const etag = md5(content);
  const file = await writeContent(spaces, [content]);
  await publish(
    spaces,
    request.bucket,
    { key: request.key, etag, size: content.length, acl, file, ...describe(request.headers) },
    request.headers,
  );
  return empty(200, { etag: `"${etag}"` });
};

/** The object that `x-amz-copy-source` names, its conditions checked. */
export function copySource(spaces: Spaces, request: S3Request): StoredObject {
  const [address = "", version] = (request.headers.get("x-amz-copy-source") ?? "").split("?versionId=", 2);
  const source = decode(address).replace(/^\//, "");
  const slash = source.indexOf("/");
  if (slash < 1 || (version !== undefined && version !== "null"))
    throw new S3Error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  const bucket = source.slice(0, slash);
  if (!spaces.buckets.get(bucket)) throw new S3Error("NoSuchBucket");
  const object = spaces.objects(bucket).get(source.slice(slash + 1));
  if (!object) throw new S3Error("NoSuchKey");
  if (unchanged(request.headers, object, "x-amz-copy-source-")) throw new S3Error("PreconditionFailed");
  return object;
}

export const copyObject: Handler = async (spaces, request) => {
  bucketOf(spaces, request);
  const source = copySource(spaces, request);
  const replaces = request.headers.get("x-amz-metadata-directive")?.toUpperCase() === "REPLACE";
  const { headers, metadata } = replaces ? describe(request.headers) : source;
  const file = await writeContent(spaces, [await readFile(contentPath(spaces, source.file))]);
  const { etag, size } = source;
  const copied = await publish(
    spaces,
    request.bucket,
    { key: request.key, etag, size, acl: cannedAcl(request) ?? "private", file, headers, metadata },
    request.headers,
  );
  return xmlResponse("CopyObjectResult", { LastModified: copied.lastModified, ETag: `"${copied.etag}"` });
};

/** Query parameters that change an answer's headers: only for signed requests. */
const overrides: Readonly<Record<string, string>> = {
  "response-content-type": "content-type",
  "response-content-disposition": "content-disposition",
  "response-cache-control": "cache-control",
  "response-content-encoding": "content-encoding",
  "response-content-language": "content-language",
  "response-expires": "expires",
};

export const getObject: Handler = (spaces, request) => {
  const object = objectOf(spaces, request);
  const headers: Record<string, string> = {
    ...object.headers,
    ...Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
    etag: `"${object.etag}"`,
    "last-modified": new Date(object.lastModified).toUTCString(),
    "accept-ranges": "bytes",
  };
  for (const [parameter, name] of Object.entries(overrides)) {
    const value = request.query.get(parameter);
    if (value === undefined) continue;
    if (!request.isOwner)
      throw new S3Error(
        "InvalidRequest",
        "Request specific response headers cannot be used for anonymous GET requests.",
      );
    headers[name] = value;
  }
  if (unchanged(request.headers, object))
    return new Response(null, { status: 304, headers: { etag: headers["etag"] ?? "" } });
  const range = parseRange(request.headers.get("range"), object.size);
  const length = range ? range.end - range.start + 1 : object.size;
  headers["content-length"] = String(length);
  if (range) headers["content-range"] = `bytes ${range.start}-${range.end}/${object.size}`;
  const status = range ? 206 : 200;
  if (request.method === "HEAD" || length === 0) return new Response(null, { status, headers });
  const stream = createReadStream(contentPath(spaces, object.file), range ?? {});
  return new Response(Readable.toWeb(stream) as ReadableStream, { status, headers });
};

async function remove(spaces: Spaces, bucket: string, key: string): Promise<void> {
  const object = spaces.objects(bucket).get(key);
  if (!object) return;
  spaces.objects(bucket).delete(key);
  await removeContent(spaces, object.file);
}

/** One that is not there is deleted as well as any. */
export const deleteObject: Handler = async (spaces, request) => {
  bucketOf(spaces, request);
  const match = request.headers.get("if-match");
  if (match !== null) checkWrite(new Headers({ "if-match": match }), spaces.objects(request.bucket).get(request.key));
  await remove(spaces, request.bucket, request.key);
  return empty(204);
};

export const deleteObjects: Handler = async (spaces, request) => {
  bucketOf(spaces, request);
  const sent = await readXml(request, "Delete");
  const keys = childrenOf(sent, "Object").map((object) => childText(object, "Key") ?? "");
  if (keys.length === 0 || keys.length > 1000 || keys.includes("")) throw new S3Error("MalformedXML");
  for (const key of keys) await remove(spaces, request.bucket, key);
  const quiet = childText(sent, "Quiet") === "true";
  return xmlResponse("DeleteResult", { Deleted: quiet ? [] : keys.map((Key) => ({ Key })) });
};

export const getObjectAcl: Handler = (spaces, request) => aclResponse(objectOf(spaces, request).acl);

export const putObjectAcl: Handler = async (spaces, request) => {
  const acl = await sentAcl(request);
  const object = objectOf(spaces, request);
  spaces.objects(request.bucket).put(object.key, { ...object, acl });
  return empty();
};
