/** The stand-in for Spaces: the S3 protocol over files. */
import { Hono } from "hono";
import type { CloudContext, Gap, Service } from "../ports.ts";
import { parseAddress } from "./address.ts";
import * as buckets from "./buckets.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { S3Error } from "./errors.ts";
import * as listing from "./listing.ts";
import { openSpaces, type Spaces, type SpacesOptions } from "./model.ts";
import * as multipart from "./multipart.ts";
import * as objects from "./objects.ts";
import { readPayload } from "./payload.ts";
import type { Handler, S3Request } from "./request.ts";
import { queryPairs, verifySignature } from "./signature.ts";

export type { SpacesOptions } from "./model.ts";

const gaps: readonly Gap[] = [
  "Versioning keeps its status, but each object has one version, named `null`.",
  "ACLs are the canned `private` and `public-read`; no policies, lifecycle rules, tags, website or CDN.",
  "A request's body is held in memory until it is checked; 1 GiB is the most.",
  "Checksums are checked for MD5, CRC32, SHA-1 and SHA-256; CRC32C and CRC64NVME pass unchecked, and trailer signatures too.",
  "One key pair; every region is served at one address.",
].map((gap) => ({ service: "spaces", gap }));

/** The method and the query decide, not the path: `handlerFor` below. */
const operations: NonNullable<Service["operations"]> = [
  ["GET", "/"],
  ...["GET", "HEAD", "PUT", "DELETE"].map((method) => [method, "/:bucket"] as const),
  ...["acl", "cors", "versioning"].flatMap((name) => ["GET", "PUT"].map((method) => [method, `/:bucket?${name}`])),
  ["DELETE", "/:bucket?cors"],
  ...["location", "versions", "uploads", "list-type=2"].map((name) => ["GET", `/:bucket?${name}`] as const),
  ["POST", "/:bucket?delete"],
  ...["GET", "HEAD", "PUT", "DELETE"].map((method) => [method, "/:bucket/:key"] as const),
  ...["GET", "PUT"].map((method) => [method, "/:bucket/:key?acl"] as const),
  ["POST", "/:bucket/:key?uploads"],
  ...["GET", "PUT", "POST", "DELETE"].map((method) => [method, "/:bucket/:key?uploadId"] as const),
].map(([method = "", path = ""]) => ({ method, path }));

/** A Hono app that speaks S3: path style, and virtual-host style below `.localhost` and the service's own host. */
export function createSpaces(context: CloudContext, options: SpacesOptions): Service {
  const spaces = openSpaces(context, options);
  const app = new Hono();
  app.all("*", (c) => answer(spaces, c.req.raw));
  return {
    name: "spaces",
    app,
    inventory: async () =>
      spaces.buckets.list().map(({ name }) => ({ service: "spaces", kind: "bucket", id: name, name })),
    gaps,
    operations,
  };
}

async function answer(spaces: Spaces, raw: Request): Promise<Response> {
  const requestId = spaces.context.ids.hex(16).toUpperCase();
  const [, path = "/", query = ""] = /^[a-z]+:\/\/[^/?#]*([^?#]*)\??([^#]*)/i.exec(raw.url) ?? [];
  const address = parseAddress(raw.headers.get("host") ?? new URL(raw.url).host, path, spaces.context.url("spaces"));
  const bucket = spaces.buckets.get(address.bucket);
  let response: Response;
  try {
    response =
      raw.method === "OPTIONS"
        ? preflight(bucket, raw.headers)
        : await handle(spaces, raw, { ...address, path: path || "/", query });
  } catch (thrown) {
    if (!(thrown instanceof S3Error))
      spaces.context.log(
        "spaces",
        `${raw.method} ${path}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
      );
    const error = thrown instanceof S3Error ? thrown : new S3Error("InternalError");
    response = error.response({ method: raw.method, ...address, requestId });
  }
  const headers = new Headers(response.headers);
  headers.set("x-amz-request-id", requestId);
  if (raw.method !== "OPTIONS")
    for (const [name, value] of Object.entries(corsHeaders(bucket, raw.headers, raw.method))) headers.set(name, value);
  return new Response(response.body, { status: response.status, headers });
}

async function handle(
  spaces: Spaces,
  raw: Request,
  address: { bucket: string; key: string; path: string; query: string },
): Promise<Response> {
  const signature = verifySignature(
    { method: raw.method, path: address.path, query: address.query, headers: raw.headers },
    spaces.credentials,
    spaces.context.now(),
  );
  let body: Promise<Buffer> | undefined;
  const request: S3Request = {
    method: raw.method,
    bucket: address.bucket,
    key: address.key,
    query: new Map(queryPairs(address.query)),
    headers: raw.headers,
    region: signature?.region ?? "nyc3",
    isOwner: signature !== undefined,
    body: () => (body ??= readPayload(raw, signature)),
  };
  const handler = handlerFor(request);
  if (!request.isOwner && !openToStrangers(spaces, request, handler)) throw new S3Error("AccessDenied");
  return handler(spaces, request);
}

const lists: readonly Handler[] = [listing.listObjects, listing.listObjectsV2, buckets.headBucket];

/** Objects decide for themselves; a public bucket may be listed. */
function openToStrangers(spaces: Spaces, request: S3Request, handler: Handler): boolean {
  if (handler === objects.getObject) return true;
  return lists.includes(handler) && spaces.buckets.get(request.bucket)?.acl === "public-read";
}

/** By method and by the query parameter that names a sub-resource. @throws S3Error for what is not served. */
function handlerFor(request: S3Request): Handler {
  const { bucket, key, query, headers } = request;
  const has = (name: string): boolean => query.has(name);
  if (bucket === "") {
    if (request.method === "GET") return buckets.listBuckets;
    throw new S3Error("MethodNotAllowed");
  }
  const unserved = [
    "policy",
    "lifecycle",
    "tagging",
    "website",
    "logging",
    "encryption",
    "object-lock",
    "replication",
    "notification",
    "retention",
    "legal-hold",
    "select",
    "torrent",
    "attributes",
  ].find(has);
  if (unserved !== undefined) throw new S3Error("NotImplemented", `The local cloud does not serve ?${unserved}`);
  const handler = key === "" ? bucketHandler(request.method, has, query) : objectHandler(request.method, has, headers);
  if (!handler) throw new S3Error("MethodNotAllowed");
  return handler;
}

function bucketHandler(
  method: string,
  has: (name: string) => boolean,
  query: ReadonlyMap<string, string>,
): Handler | undefined {
  switch (method) {
    case "GET":
      if (has("location")) return buckets.getLocation;
      if (has("acl")) return buckets.getBucketAcl;
      if (has("cors")) return buckets.getCors;
      if (has("versioning")) return buckets.getVersioning;
      if (has("versions")) return listing.listVersions;
      if (has("uploads")) return multipart.listUploads;
      return query.get("list-type") === "2" ? listing.listObjectsV2 : listing.listObjects;
    case "PUT":
      if (has("acl")) return buckets.putBucketAcl;
      if (has("cors")) return buckets.putCors;
      return has("versioning") ? buckets.putVersioning : buckets.createBucket;
    case "HEAD":
      return buckets.headBucket;
    case "DELETE":
      return has("cors") ? buckets.deleteCors : buckets.deleteBucket;
    case "POST":
      return has("delete") ? objects.deleteObjects : undefined;
    default:
      return undefined;
  }
}

function objectHandler(method: string, has: (name: string) => boolean, headers: Headers): Handler | undefined {
  switch (method) {
    case "GET":
      if (has("acl")) return objects.getObjectAcl;
      return has("uploadId") ? multipart.listParts : objects.getObject;
    case "HEAD":
      return objects.getObject;
    case "PUT": {
      const copies = headers.has("x-amz-copy-source");
      if (has("acl")) return objects.putObjectAcl;
      if (has("uploadId")) return copies ? multipart.uploadPartCopy : multipart.uploadPart;
      return copies ? objects.copyObject : objects.putObject;
    }
    case "DELETE":
      return has("uploadId") ? multipart.abortUpload : objects.deleteObject;
    case "POST":
      if (has("uploads")) return multipart.createUpload;
      return has("uploadId") ? multipart.completeUpload : undefined;
    default:
      return undefined;
  }
}
