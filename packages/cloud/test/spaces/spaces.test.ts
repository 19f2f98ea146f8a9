/** The AWS SDK, and raw HTTP where the SDK would not go, against the Spaces stand-in. */
import { mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as S3 from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createContext } from "../../src/kit/context.ts";
import { serveApp, type HttpServer } from "../../src/kit/http.ts";
import type { CloudContext, Service } from "../../src/ports.ts";
import { createSpaces } from "../../src/spaces/index.ts";

const credentials = { accessKeyId: "SPACESKEY", secretAccessKey: "spaces-secret-for-tests" };
const folder = mkdtempSync(join(tmpdir(), "doge-spaces-"));
let context: CloudContext;
let service: Service;
let server: HttpServer;
let s3: S3.S3Client;
let Bucket: string;
let buckets = 0;

const client = (more: S3.S3ClientConfig = {}): S3.S3Client =>
  new S3.S3Client({ endpoint: server.url, region: "nyc3", credentials, forcePathStyle: true, maxAttempts: 1, ...more });

beforeAll(async () => {
  let url = "";
  context = createContext({ folder, seed: "spaces", url: () => url });
  service = createSpaces(context, { credentials });
  server = await serveApp(service.app!, { host: "127.0.0.1", port: 0 });
  url = server.url;
  s3 = client();
});
afterAll(async () => {
  s3.destroy();
  await server.stop(0);
  context.store.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  Bucket = `bucket-${++buckets}`;
  await s3.send(new S3.CreateBucketCommand({ Bucket }));
});

const put = (Key: string, Body: string | Uint8Array, more: Partial<S3.PutObjectCommandInput> = {}) =>
  s3.send(new S3.PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Key: string, more: Partial<S3.GetObjectCommandInput> = {}) =>
  (await s3.send(new S3.GetObjectCommand({ Bucket, Key, ...more }))).Body!.transformToString();
const failure = async (work: Promise<unknown>): Promise<{ code: string; status: number | undefined }> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof S3.S3ServiceException) return { code: thrown.name, status: thrown.$metadata.httpStatusCode };
    throw thrown;
  }
  throw new Error("it did not fail");
};

test("buckets: create, list, location, delete only when empty", async () => {
  expect((await s3.send(new S3.ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toContain(Bucket);
  expect((await s3.send(new S3.GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe("nyc3");
  expect((await s3.send(new S3.HeadBucketCommand({ Bucket }))).BucketRegion).toBe("nyc3");
  expect(await failure(s3.send(new S3.CreateBucketCommand({ Bucket })))).toEqual({
    code: "BucketAlreadyOwnedByYou",
    status: 409,
  });
  expect(await failure(s3.send(new S3.CreateBucketCommand({ Bucket: "Wrong_Name" })))).toEqual({
    code: "InvalidBucketName",
    status: 400,
  });
  await put("one", "1");
  expect(await failure(s3.send(new S3.DeleteBucketCommand({ Bucket })))).toEqual({
    code: "BucketNotEmpty",
    status: 409,
  });
  await s3.send(new S3.DeleteObjectCommand({ Bucket, Key: "one" }));
  await s3.send(new S3.DeleteBucketCommand({ Bucket }));
  expect(await failure(s3.send(new S3.HeadBucketCommand({ Bucket })))).toMatchObject({ status: 404 });
  expect((await service.inventory()).map(({ name }) => name)).not.toContain(Bucket);
});

test("an object keeps its bytes, metadata and headers", async () => {
  const Key = "folder/héllo wörld+&<>'()*!.txt";
  const { ETag } = await put(Key, "content", {
    Metadata: { colour: "brown" },
    ContentType: "text/plain",
    CacheControl: "max-age=60",
  });
  expect(ETag).toBe('"9a0364b9e99bb480dd25e1f0284c8555"');
  const answer = await s3.send(new S3.GetObjectCommand({ Bucket, Key }));
  expect(await answer.Body!.transformToString()).toBe("content");
  expect(answer).toMatchObject({
    ContentType: "text/plain",
    CacheControl: "max-age=60",
    Metadata: { colour: "brown" },
    ETag,
    ContentLength: 7,
  });
  expect(await s3.send(new S3.HeadObjectCommand({ Bucket, Key }))).toMatchObject({ ContentLength: 7, ETag });
  await s3.send(new S3.CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/${encodeURIComponent(Key)}` }));
  expect(await s3.send(new S3.HeadObjectCommand({ Bucket, Key: "copy" }))).toMatchObject({
    ContentType: "text/plain",
    Metadata: { colour: "brown" },
    ETag,
  });
  expect(await failure(s3.send(new S3.GetObjectCommand({ Bucket, Key: "absent" })))).toEqual({
    code: "NoSuchKey",
    status: 404,
  });
});

test("a stream of unknown chunks arrives whole, with its trailing checksum", async () => {
  const pieces = Array.from({ length: 20 }, (_, at) => Buffer.alloc(10_000, at));
  await s3.send(
    new S3.PutObjectCommand({
      Bucket,
      Key: "stream",
      Body: Readable.from(pieces),
      ContentLength: 200_000,
      ChecksumAlgorithm: "CRC32",
    }),
  );
  const bytes = await (await s3.send(new S3.GetObjectCommand({ Bucket, Key: "stream" }))).Body!.transformToByteArray();
  expect(Buffer.from(bytes).equals(Buffer.concat(pieces))).toBe(true);
  expect((await s3.send(new S3.HeadObjectCommand({ Bucket, Key: "stream" }))).ContentEncoding).toBeUndefined();
});

test("ranges", async () => {
  await put("digits", "0123456789");
  expect(await get("digits", { Range: "bytes=2-4" })).toBe("234");
  expect(await get("digits", { Range: "bytes=7-" })).toBe("789");
  expect(await get("digits", { Range: "bytes=-2" })).toBe("89");
  expect((await s3.send(new S3.GetObjectCommand({ Bucket, Key: "digits", Range: "bytes=0-0" }))).ContentRange).toBe(
    "bytes 0-0/10",
  );
  expect(await failure(s3.send(new S3.GetObjectCommand({ Bucket, Key: "digits", Range: "bytes=10-" })))).toEqual({
    code: "InvalidRange",
    status: 416,
  });
});

test("of many writers with If-None-Match one wins", async () => {
  const attempts = await Promise.allSettled(
    Array.from({ length: 8 }, (_, at) => put("lock", String(at), { IfNoneMatch: "*" })),
  );
  expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const winner = attempts.findIndex(({ status }) => status === "fulfilled");
  expect(await get("lock")).toBe(String(winner));
  const { ETag } = await s3.send(new S3.HeadObjectCommand({ Bucket, Key: "lock" }));
  await put("lock", "next", { IfMatch: ETag! });
  expect(await failure(put("lock", "late", { IfMatch: ETag! }))).toEqual({ code: "PreconditionFailed", status: 412 });
  expect((await failure(s3.send(new S3.GetObjectCommand({ Bucket, Key: "lock", IfMatch: ETag! })))).status).toBe(412);
});

test("what is replaced or refused leaves no file behind", async () => {
  const files = async (): Promise<number> => (await readdir(join(folder, "spaces"))).length;
  await put("one", "1");
  const before = await files();
  await put("one", "2");
  await failure(put("one", "3", { IfNoneMatch: "*" }));
  expect(await files()).toBe(before);
});

test("lists in pages, with prefix and delimiter", async () => {
  for (const key of ["a/1", "a/2", "b/1", "c", "d", "é"]) await put(key, key);
  const keys: string[] = [];
  for await (const page of S3.paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket }))
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ""));
  expect(keys).toEqual(["a/1", "a/2", "b/1", "c", "d", "é"]);
  const top = await s3.send(new S3.ListObjectsV2Command({ Bucket, Delimiter: "/" }));
  expect(top.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(["a/", "b/"]);
  expect(top.Contents?.map(({ Key }) => Key)).toEqual(["c", "d", "é"]);
  const rolled = await s3.send(new S3.ListObjectsV2Command({ Bucket, Delimiter: "/", MaxKeys: 1 }));
  const next = await s3.send(
    new S3.ListObjectsV2Command({
      Bucket,
      Delimiter: "/",
      MaxKeys: 1,
      ContinuationToken: rolled.NextContinuationToken!,
    }),
  );
  expect(next.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(["b/"]);
  const old = await s3.send(new S3.ListObjectsCommand({ Bucket, Prefix: "a/", Marker: "a/1" }));
  expect(old.Contents?.map(({ Key }) => Key)).toEqual(["a/2"]);
});

test("versions and deletion of many empty a bucket", async () => {
  await put("a", "1");
  await put("b & <c>", "2");
  const { Versions } = await s3.send(new S3.ListObjectVersionsCommand({ Bucket }));
  const Objects = Versions!.map(({ Key, VersionId }) => ({ Key, VersionId }));
  const done = await s3.send(new S3.DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(done.Deleted?.map(({ Key }) => Key)).toEqual(["a", "b & <c>"]);
  await s3.send(new S3.DeleteBucketCommand({ Bucket }));
});

test("multipart", async () => {
  const { UploadId } = await s3.send(
    new S3.CreateMultipartUploadCommand({ Bucket, Key: "big", ContentType: "text/x-big" }),
  );
  const contents = [Buffer.alloc(5 * 1024 * 1024, "a"), Buffer.from("tail")];
  const Parts: S3.CompletedPart[] = [];
  for (const [at, Body] of contents.entries()) {
    const { ETag } = await s3.send(
      new S3.UploadPartCommand({ Bucket, Key: "big", UploadId, PartNumber: at + 1, Body }),
    );
    Parts.push({ ETag: ETag!, PartNumber: at + 1 });
  }
  expect(
    (await s3.send(new S3.ListPartsCommand({ Bucket, Key: "big", UploadId }))).Parts?.map(({ Size }) => Size),
  ).toEqual([5 * 1024 * 1024, 4]);
  const complete = (parts: S3.CompletedPart[]) =>
    s3.send(new S3.CompleteMultipartUploadCommand({ Bucket, Key: "big", UploadId, MultipartUpload: { Parts: parts } }));
  expect((await failure(complete([Parts[1]!, Parts[0]!]))).code).toBe("InvalidPartOrder");
  expect((await complete(Parts)).ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
  expect(await s3.send(new S3.HeadObjectCommand({ Bucket, Key: "big" }))).toMatchObject({
    ContentLength: 5 * 1024 * 1024 + 4,
    ContentType: "text/x-big",
  });
  expect((await failure(s3.send(new S3.ListPartsCommand({ Bucket, Key: "big", UploadId })))).code).toBe("NoSuchUpload");
});

test("CORS rules are kept, and answered to browsers", async () => {
  expect(await failure(s3.send(new S3.GetBucketCorsCommand({ Bucket })))).toEqual({
    code: "NoSuchCORSConfiguration",
    status: 404,
  });
  const CORSRules = [
    {
      AllowedMethods: ["GET", "PUT"],
      AllowedOrigins: ["https://*.example.com"],
      AllowedHeaders: ["x-amz-*", "content-type"],
      MaxAgeSeconds: 300,
    },
  ];
  await s3.send(new S3.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  expect((await s3.send(new S3.GetBucketCorsCommand({ Bucket }))).CORSRules).toEqual(CORSRules);
  const preflight = (origin: string, method: string) =>
    fetch(`${server.url}/${Bucket}/x`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": method, "access-control-request-headers": "content-type" },
    });
  const allowed = await preflight("https://www.example.com", "PUT");
  expect(allowed.status).toBe(200);
  expect(allowed.headers.get("access-control-allow-origin")).toBe("https://www.example.com");
  expect(allowed.headers.get("access-control-max-age")).toBe("300");
  expect((await preflight("https://evil.test", "PUT")).status).toBe(403);
  expect((await preflight("https://www.example.com", "DELETE")).status).toBe(403);
  await s3.send(new S3.DeleteBucketCorsCommand({ Bucket }));
  expect((await preflight("https://www.example.com", "PUT")).status).toBe(403);
});

test("strangers read public objects and nothing else", async () => {
  await put("secret", "s");
  await put("open", "o", { ACL: "public-read" });
  expect(await (await fetch(`${server.url}/${Bucket}/open`)).text()).toBe("o");
  const refused = await fetch(`${server.url}/${Bucket}/secret`);
  expect(refused.status).toBe(403);
  expect(await refused.text()).toContain("<Code>AccessDenied</Code>");
  expect((await fetch(`${server.url}/${Bucket}/absent`)).status).toBe(403);
  expect((await fetch(`${server.url}/${Bucket}/`)).status).toBe(403);
  expect((await fetch(`${server.url}/${Bucket}/open`, { method: "PUT", body: "x" })).status).toBe(403);
  await s3.send(new S3.PutObjectAclCommand({ Bucket, Key: "secret", ACL: "public-read" }));
  expect((await fetch(`${server.url}/${Bucket}/secret`)).status).toBe(200);
});

test("a wrong key, a wrong secret and a late clock are told apart", async () => {
  const list = (config: S3.S3ClientConfig) => failure(client(config).send(new S3.ListObjectsV2Command({ Bucket })));
  expect((await list({ credentials: { ...credentials, accessKeyId: "OTHER" } })).code).toBe("InvalidAccessKeyId");
  expect((await list({ credentials: { ...credentials, secretAccessKey: "other" } })).code).toBe(
    "SignatureDoesNotMatch",
  );
  const late = new S3.S3Client({
    endpoint: server.url,
    region: "nyc3",
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    systemClockOffset: -3_600_000,
  });
  expect((await failure(late.send(new S3.ListObjectsV2Command({ Bucket })))).code).toBe("RequestTimeTooSkewed");
});

test("a body that was changed on its way is refused", async () => {
  s3.middlewareStack.add(
    (next) => (args) => {
      (args.request as { body: unknown }).body = "tampered";
      return next(args);
    },
    { step: "finalizeRequest", name: "tamper", priority: "low" },
  );
  try {
    expect((await failure(put("k", "original"))).status).toBe(400);
  } finally {
    s3.middlewareStack.remove("tamper");
  }
  expect((await failure(s3.send(new S3.GetObjectCommand({ Bucket, Key: "k" })))).code).toBe("NoSuchKey");
});

test("virtual-host style, with and without a region", async () => {
  await put("open", "o", { ACL: "public-read" });
  for (const host of [`${Bucket}.localhost`, `${Bucket}.nyc3.localhost`, `${Bucket}.ams3.digitaloceanspaces.com`]) {
    const text = await new Promise<string>((resolve, reject) => {
      request(
        { host: "127.0.0.1", port: server.port, path: "/open", headers: { host: `${host}:${server.port}` } },
        (answer) => {
          let body = "";
          answer
            .setEncoding("utf8")
            .on("data", (piece: string) => (body += piece))
            .on("end", () => resolve(body));
        },
      )
        .on("error", reject)
        .end();
    });
    expect({ host, text }).toEqual({ host, text: "o" });
  }
});

test("versioning and ACLs of a bucket are kept", async () => {
  expect((await s3.send(new S3.GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
  await s3.send(new S3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  expect((await s3.send(new S3.GetBucketVersioningCommand({ Bucket }))).Status).toBe("Enabled");
  await s3.send(new S3.PutBucketAclCommand({ Bucket, ACL: "public-read" }));
  const { Grants } = await s3.send(new S3.GetBucketAclCommand({ Bucket }));
  expect(Grants?.map(({ Permission }) => Permission)).toEqual(["FULL_CONTROL", "READ"]);
  expect(Grants?.[1]?.Grantee?.URI).toBe("http://acs.amazonaws.com/groups/global/AllUsers");
  expect((await fetch(`${server.url}/${Bucket}?list-type=2`)).status).toBe(200);
});

test("a presigned URL lets one request through, for a while", async () => {
  await put("letter", "dear reader");
  const signer = await (
    s3.config.signer as unknown as () => Promise<{
      presign: (request: object, options: object) => Promise<{ query: Record<string, string> }>;
    }>
  )();
  const presign = async (method: string, signingDate: Date): Promise<string> => {
    const url = new URL(`/${Bucket}/letter`, server.url);
    const request = {
      method,
      protocol: "http:",
      hostname: url.hostname,
      port: Number(url.port),
      path: url.pathname,
      query: {},
      headers: { host: url.host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    };
    const { query } = await signer.presign(request, { expiresIn: 60, signingDate });
    return `${url.href}?${new URLSearchParams(query).toString()}`;
  };
  const get = await presign("GET", new Date());
  expect(await (await fetch(get)).text()).toBe("dear reader");
  expect((await fetch(get, { method: "DELETE" })).status).toBe(403);
  expect((await fetch(get.replace("letter", "other"))).status).toBe(403);
  expect(await (await fetch(await presign("GET", new Date(Date.now() - 120_000)))).text()).toContain(
    "Request has expired",
  );
  const written = await fetch(await presign("PUT", new Date()), { method: "PUT", body: "dear writer" });
  expect(written.status).toBe(200);
  expect(await (await fetch(get)).text()).toBe("dear writer");
});
