import { Secret } from "@doge/core";
import { afterEach, expect, test } from "vitest";
import { createSpaces, type DigitalOcean, spacesBucket, spacesEndpoint } from "../src/digitalocean/index.ts";
import { type Answer, clock, configured, describedBy, http, trouble, vendor, work } from "./kit.ts";

const xml = (status: number, body: string): Answer => ({
  status,
  body: `<?xml version="1.0"?>${body}`,
  headers: { "content-type": "application/xml" },
});
const error = (status: number, code: string, message = code) =>
  xml(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
const server = await vendor(() => undefined, error(404, "NoSuchBucket"));
afterEach(() => server.answer(() => undefined));

const spaces = (region: string) =>
  createSpaces({
    http,
    clock: clock(),
    accessKeyId: new Secret("DO00CANARY"),
    secretAccessKey: new Secret("secret-canary"),
    endpoint: server.url,
    region,
    retry: { attempts: 2, baseMilliseconds: 1, maximumMilliseconds: 2 },
  });
const client = { spaces } as unknown as DigitalOcean;

const config = configured(spacesBucket.schema, {
  name: "doge-media",
  region: "FRA1",
  cors_rule: [
    {
      allowed_methods: ["GET", "PUT"],
      allowed_origins: ["https://example.com"],
      allowed_headers: ["*"],
      max_age_seconds: 3000,
    },
  ],
});
const corsXml =
  "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>https://example.com</AllowedOrigin><AllowedHeader>*</AllowedHeader><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule></CORSConfiguration>";
const noCors = error(404, "NoSuchCORSConfiguration");
const unversioned = xml(200, "<VersioningConfiguration/>");
const query = (path: string) => path.split("?")[1]?.split("=")[0];

test("the endpoint is a template", () => {
  expect(spacesEndpoint(undefined, "fra1")).toBe("https://fra1.digitaloceanspaces.com");
  expect(spacesEndpoint("https://{{.Region}}.example.com", "ams3")).toBe("https://ams3.example.com");
});

test("create: bucket, then its rules, signed for us-east-1, with Content-MD5", async () => {
  server.answer(({ method, path }) => {
    if (method === "PUT") return { status: 200 };
    return query(path) === "cors" ? noCors : unversioned;
  });
  const told: unknown[] = [];
  const state = await spacesBucket.reconcile(
    client,
    { config, prior: undefined, created: async (s) => void told.push(s["id"]) },
    work(),
  );
  expect(told).toEqual(["doge-media"]);
  expect(describedBy(spacesBucket.schema, state)).toEqual([]);
  expect(state).toEqual({
    id: "doge-media",
    name: "doge-media",
    region: "fra1",
    acl: "private",
    force_destroy: false,
    urn: "do:space:doge-media",
    bucket_domain_name: "doge-media.fra1.digitaloceanspaces.com",
    endpoint: "fra1.digitaloceanspaces.com",
    cors_rule: config["cors_rule"],
    versioning: [],
  });
  const [made] = server.requests;
  expect(`${made?.method} ${made?.path}`).toMatch(/^PUT \/doge-media\/?$/);
  expect(made?.headers["x-amz-acl"]).toBe("private");
  expect(made?.headers["authorization"]).toMatch(
    /^AWS4-HMAC-SHA256 Credential=DO00CANARY\/\d{8}\/us-east-1\/s3\/aws4_request/,
  );
  const put = server.requests.find((r) => r.method === "PUT" && query(r.path) === "cors");
  expect(put?.headers["content-md5"]).toMatch(/^[A-Za-z0-9+/]{22}==$/);
  expect(put?.text).toContain("<AllowedOrigin>https://example.com</AllowedOrigin>");
  expect(put?.text).toContain("<MaxAgeSeconds>3000</MaxAgeSeconds>");
});

test("refresh sees the rules; a changed rule is written, an unchanged one is not", async () => {
  server.answer(({ path }) =>
    query(path) === "cors" ? xml(200, corsXml) : query(path) === "versioning" ? unversioned : { status: 200 },
  );
  const state = await spacesBucket.read(client, { id: "doge-media", name: "doge-media", region: "fra1" }, work());
  expect(state?.["cors_rule"]).toEqual(config["cors_rule"]);
  server.requests.length = 0;
  await spacesBucket.reconcile(client, { config, prior: state, created: async () => {} }, work());
  expect(server.lines.filter((line) => !line.startsWith("GET"))).toEqual([]);
  await spacesBucket.reconcile(
    client,
    { config: { ...config, cors_rule: [], versioning: [{ enabled: true }] }, prior: state, created: async () => {} },
    work(),
  );
  expect(server.lines.filter((line) => !line.startsWith("GET")).map((line) => line.replace(/=.*/, ""))).toEqual([
    "DELETE /doge-media/?cors",
    "PUT /doge-media/?versioning",
  ]);
});

test("a bucket that is gone is undefined", async () => {
  expect(await spacesBucket.read(client, { id: "doge-media", region: "fra1" }, work())).toBeUndefined();
  await spacesBucket.remove(client, { id: "doge-media", region: "fra1" }, work());
});

test.each([
  [error(409, "BucketAlreadyExists"), "spaces-exists"],
  [error(409, "BucketAlreadyOwnedByYou"), "spaces-exists"],
  [error(403, "InvalidAccessKeyId"), "spaces-forbidden"],
  [error(400, "InvalidBucketName", "The specified bucket is not valid."), "spaces-refused"],
  [error(503, "SlowDown"), "spaces-unavailable"],
])("a refused create: %j", async (answer, code) => {
  server.answer((seen) => (seen.method === "PUT" ? answer : undefined));
  const diagnostic = await trouble(
    spacesBucket.reconcile(client, { config, prior: undefined, created: async () => {} }, work()),
  );
  expect(diagnostic?.code).toBe(code);
  expect(JSON.stringify(diagnostic)).not.toContain("canary");
});

test("an interrupted create is found among our own buckets only", async () => {
  const listing =
    "<ListAllMyBucketsResult><Buckets><Bucket><Name>doge-media</Name><CreationDate>2026-01-10T10:00:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>";
  server.answer(({ path }) =>
    path.startsWith("/?") || path === "/"
      ? xml(200, listing)
      : query(path) === "cors"
        ? noCors
        : query(path) === "versioning"
          ? unversioned
          : { status: 200 },
  );
  expect(await spacesBucket.find?.(client, { config, since: new Date() }, work())).toMatchObject({
    id: "doge-media",
    cors_rule: [],
  });
  expect(
    await spacesBucket.find?.(client, { config: { ...config, name: "other" }, since: new Date() }, work()),
  ).toBeUndefined();
});

test("a full bucket stays, unless force_destroy", async () => {
  let full = true;
  server.answer(({ method }) => {
    if (method === "DELETE") return full ? error(409, "BucketNotEmpty") : { status: 204 };
    if (method === "POST") {
      full = false;
      return xml(200, "<DeleteResult/>");
    }
    const version = "<Version><Key>a.txt</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest></Version>";
    return xml(200, `<ListVersionsResult>${full ? version : ""}</ListVersionsResult>`);
  });
  const prior = { id: "doge-media", region: "fra1", force_destroy: false };
  expect(await trouble(spacesBucket.remove(client, prior, work()))).toMatchObject({
    code: "spaces-refused",
    remedy: expect.stringContaining("force_destroy"),
  });
  await spacesBucket.remove(client, { ...prior, force_destroy: true }, work());
  expect(server.requests.find((r) => r.method === "POST")?.text).toContain("<Key>a.txt</Key><VersionId>v1</VersionId>");
});

test("objects go out and come back as they are; lists are paged", async () => {
  server.answer((seen) => {
    if (seen.method === "PUT") return { status: 200 };
    if (seen.path.startsWith("/no-bucket")) return error(404, "NoSuchBucket");
    if (seen.path.includes("list-type=2"))
      return seen.path.includes("continuation-token=next")
        ? xml(200, "<ListBucketResult><Contents><Key>b</Key><Size>2</Size></Contents></ListBucketResult>")
        : xml(
            200,
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken><Contents><Key>a b</Key><Size>1</Size><LastModified>2026-11-26T01:02:03.000Z</LastModified></Contents></ListBucketResult>",
          );
    return seen.path.startsWith("/doge-media/backups/a%20b.sql") ? { body: "dump" } : error(404, "NoSuchKey");
  });
  const store = spaces("fra1");
  await store.put("doge-media", "backups/a b.sql", Buffer.from("dump"), "application/sql");
  expect(server.requests[0]).toMatchObject({ method: "PUT", text: "dump" });
  expect(Buffer.from((await store.get("doge-media", "backups/a b.sql")) ?? []).toString()).toBe("dump");
  expect(await store.get("doge-media", "nothing")).toBeUndefined();
  expect(await store.list("doge-media", "backups/")).toEqual([
    { key: "a b", size: 1, modifiedAt: "2026-11-26T01:02:03.000Z" },
    { key: "b", size: 2, modifiedAt: undefined },
  ]);
  expect(await store.list("no-bucket")).toEqual([]);
});
