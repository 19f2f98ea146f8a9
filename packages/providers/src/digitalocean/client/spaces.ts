import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type * as S3 from "@aws-sdk/client-s3";
import { type Clock, type Emit, type Http, type HttpRequest, type Secret, error, sendWithRetry } from "@doge/core";
import { type ClientOptions, retryOptions } from "../../shared/api.ts";
import { ApiError, type Vendor, unanswered } from "../../shared/errors.ts";

export interface SpacesOptions extends ClientOptions {
  readonly http: Http;
  readonly clock: Clock;
  readonly emit?: Emit;
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  /** `{{.Region}}` stands for the region; DigitalOcean's own unless told. */
  readonly endpoint?: string | undefined;
  readonly region: string;
}

export interface CorsRule {
  readonly allowedMethods: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  /** ISO 8601. */
  readonly modifiedAt: string | undefined;
}

/** Buckets and objects of one region. "Not there" is undefined or an empty list. */
export interface Spaces {
  exists(bucket: string): Promise<boolean>;
  buckets(): Promise<{ readonly name: string; readonly createdAt: string | undefined }[]>;
  create(bucket: string, acl: string): Promise<void>;
  /** One that is gone already is no error; one that holds objects is (`BucketNotEmpty`). */
  delete(bucket: string): Promise<void>;
  /** Removes every object and every version. */
  empty(bucket: string): Promise<void>;
  setAcl(bucket: string, acl: string): Promise<void>;
  cors(bucket: string): Promise<CorsRule[]>;
  setCors(bucket: string, rules: readonly CorsRule[]): Promise<void>;
  versioning(bucket: string): Promise<boolean>;
  setVersioning(bucket: string, enabled: boolean): Promise<void>;
  put(bucket: string, key: string, content: Uint8Array | string, type?: string): Promise<void>;
  get(bucket: string, key: string): Promise<Uint8Array | undefined>;
  /** With the version (ETag) that `replace` asks for. */
  getVersion(bucket: string, key: string): Promise<{ readonly text: string; readonly version: string } | undefined>;
  /**
   * Writes only where the object still has the version `over`, or where there is none if `over` is undefined. Returns
   * the new version; undefined where the condition does not hold.
   */
  replace(bucket: string, key: string, text: string, over: string | undefined): Promise<string | undefined>;
  list(bucket: string, prefix?: string): Promise<StoredObject[]>;
  remove(bucket: string, key: string): Promise<void>;
}

export const spacesVendor: Vendor = {
  name: "DigitalOcean Spaces",
  code: "spaces",
  tokenRemedy: "Check SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY.",
  scopeRemedy: () =>
    "Check SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY (API → Spaces Keys): the key must exist and have full access to buckets.",
  parse: () => undefined,
};

export const defaultSpacesEndpoint = "https://{{.Region}}.digitaloceanspaces.com";

export const spacesEndpoint = (template: string | undefined, region: string): string =>
  (template || defaultSpacesEndpoint).replaceAll(/\{\{\s*\.Region\s*\}\}/g, region);

export function createSpaces(options: SpacesOptions): Spaces {
  // The SDK takes a third of a second to load: only who uses a bucket waits for it.
  let loaded: Promise<{ readonly sdk: typeof S3; readonly client: S3.S3Client }> | undefined;
  const s3 = () => (loaded ??= load(options));

  async function call<T>(request: (client: S3.S3Client, sdk: typeof S3) => Promise<T>): Promise<T> {
    const { sdk, client } = await s3();
    try {
      return await request(client, sdk);
    } catch (thrown) {
      throw spacesError(thrown);
    }
  }

  const spaces: Spaces = {
    exists: async (Bucket) =>
      (await found(call((client, sdk) => client.send(new sdk.HeadBucketCommand({ Bucket }))))) !== undefined,
    buckets: async () =>
      ((await call((client, sdk) => client.send(new sdk.ListBucketsCommand({})))).Buckets ?? []).map((bucket) => ({
        name: bucket.Name ?? "",
        createdAt: bucket.CreationDate?.toISOString(),
      })),
    create: async (Bucket, acl) =>
      void (await call((client, sdk) =>
        client.send(new sdk.CreateBucketCommand({ Bucket, ACL: acl as S3.BucketCannedACL })),
      )),
    delete: async (Bucket) =>
      void (await found(call((client, sdk) => client.send(new sdk.DeleteBucketCommand({ Bucket }))))),
    empty: async (Bucket) => {
      for (;;) {
        const page = await found(call((client, sdk) => client.send(new sdk.ListObjectVersionsCommand({ Bucket }))));
        const objects = [...(page?.Versions ?? []), ...(page?.DeleteMarkers ?? [])];
        if (objects.length === 0) return;
        const Objects = objects.map(({ Key, VersionId }) => ({ Key, ...(VersionId ? { VersionId } : {}) }));
        const done = await call((client, sdk) =>
          client.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })),
        );
        const refused = done.Errors?.[0];
        if (refused) throw spacesError({ name: refused.Code, message: `${refused.Key}: ${refused.Message}` });
      }
    },
    setAcl: async (Bucket, acl) =>
      void (await call((client, sdk) =>
        client.send(new sdk.PutBucketAclCommand({ Bucket, ACL: acl as S3.BucketCannedACL })),
      )),
    cors: async (Bucket) => {
      const answer = await found(call((client, sdk) => client.send(new sdk.GetBucketCorsCommand({ Bucket }))));
      return (answer?.CORSRules ?? []).map((rule) => ({
        allowedMethods: rule.AllowedMethods ?? [],
        allowedOrigins: rule.AllowedOrigins ?? [],
        allowedHeaders: rule.AllowedHeaders ?? [],
        ...(rule.MaxAgeSeconds === undefined ? {} : { maxAgeSeconds: rule.MaxAgeSeconds }),
      }));
    },
    setCors: async (Bucket, rules) => {
      if (rules.length === 0) {
        await call((client, sdk) => client.send(new sdk.DeleteBucketCorsCommand({ Bucket })));
        return;
      }
      const CORSRules = rules.map((rule) => ({
        AllowedMethods: [...rule.allowedMethods],
        AllowedOrigins: [...rule.allowedOrigins],
        ...(rule.allowedHeaders.length > 0 ? { AllowedHeaders: [...rule.allowedHeaders] } : {}),
        ...(rule.maxAgeSeconds === undefined ? {} : { MaxAgeSeconds: rule.maxAgeSeconds }),
      }));
      await call((client, sdk) =>
        client.send(new sdk.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } })),
      );
    },
    versioning: async (Bucket) =>
      (await call((client, sdk) => client.send(new sdk.GetBucketVersioningCommand({ Bucket })))).Status === "Enabled",
    setVersioning: async (Bucket, enabled) => {
      const VersioningConfiguration = { Status: enabled ? "Enabled" : "Suspended" } as const;
      await call((client, sdk) => client.send(new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration })));
    },
    put: async (Bucket, Key, Body, type) => {
      const ContentType = type ?? "application/octet-stream";
      await call((client, sdk) => client.send(new sdk.PutObjectCommand({ Bucket, Key, Body, ContentType })));
    },
    get: async (Bucket, Key) => {
      const answer = await found(call((client, sdk) => client.send(new sdk.GetObjectCommand({ Bucket, Key }))));
      return answer?.Body?.transformToByteArray();
    },
    getVersion: async (Bucket, Key) => {
      const answer = await found(call((client, sdk) => client.send(new sdk.GetObjectCommand({ Bucket, Key }))));
      if (!answer?.Body || !answer.ETag) return undefined;
      return { text: await answer.Body.transformToString(), version: answer.ETag };
    },
    replace: async (Bucket, Key, Body, over) => {
      const condition = over === undefined ? { IfNoneMatch: "*" } : { IfMatch: over };
      try {
        const answer = await call((client, sdk) =>
          client.send(new sdk.PutObjectCommand({ Bucket, Key, Body, ContentType: "application/json", ...condition })),
        );
        return answer.ETag;
      } catch (thrown) {
        // 404: the object that was to be replaced is gone. 409: two conditional writes met.
        const refused =
          thrown instanceof ApiError &&
          (thrown.status === 412 || thrown.status === 409 || thrown.reasons.includes("NoSuchKey"));
        if (refused) return undefined;
        throw thrown;
      }
    },
    list: async (Bucket, Prefix) => {
      const objects: StoredObject[] = [];
      for (let token: string | undefined, more = true; more; more = token !== undefined) {
        const ContinuationToken = token;
        const page = await found(
          call((client, sdk) =>
            client.send(
              new sdk.ListObjectsV2Command({
                Bucket,
                ...(Prefix ? { Prefix } : {}),
                ...(ContinuationToken ? { ContinuationToken } : {}),
              }),
            ),
          ),
        );
        for (const { Key = "", Size = 0, LastModified } of page?.Contents ?? [])
          objects.push({ key: Key, size: Size, modifiedAt: LastModified?.toISOString() });
        token = page?.IsTruncated ? page.NextContinuationToken : undefined;
      }
      return objects;
    },
    remove: async (Bucket, Key) =>
      void (await call((client, sdk) => client.send(new sdk.DeleteObjectCommand({ Bucket, Key })))),
  };
  return spaces;
}

async function load(options: SpacesOptions): Promise<{ sdk: typeof S3; client: S3.S3Client }> {
  const sdk = await import("@aws-sdk/client-s3");
  const client = new sdk.S3Client({
    endpoint: spacesEndpoint(options.endpoint, options.region),
    // Spaces signs for us-east-1 whatever the region: the endpoint decides.
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: options.accessKeyId.reveal(), secretAccessKey: options.secretAccessKey.reveal() },
    // Spaces knows Content-MD5, not S3's newer checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 1,
    requestHandler: { handle: (request: SdkRequest) => handle(options, request) } as never,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as SdkRequest;
      if (typeof request.body === "string" && request.body !== "")
        request.headers["content-md5"] = createHash("md5").update(request.body).digest("base64");
      return next(args);
    },
    { step: "build", name: "contentMd5" },
  );
  return { sdk, client };
}

interface SdkRequest {
  readonly method: HttpRequest["method"];
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** The SDK's requests on core's one way out: proxy, retries and events as for every other vendor. */
async function handle(options: SpacesOptions, request: SdkRequest) {
  const query = Object.entries(request.query ?? {}).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((v) =>
      v === null || v === "" ? `${escape(key)}=` : `${escape(key)}=${escape(v)}`,
    ),
  );
  const origin = `${request.protocol}//${request.hostname}${request.port ? `:${request.port}` : ""}`;
  const { host: _, "content-length": __, ...headers } = request.headers;
  const asked = {
    method: request.method,
    url: `${origin}${request.path}${query.length > 0 ? `?${query.join("&")}` : ""}`,
    headers,
    ...(request.body === undefined || request.body.length === 0 ? {} : { body: request.body }),
  };
  try {
    const answer = await sendWithRetry(options.http, options.clock, asked, retryOptions(options));
    const response = { statusCode: answer.status, headers: answer.headers, body: Readable.from([answer.body]) };
    return { response };
  } catch (thrown) {
    throw unanswered(spacesVendor, asked, thrown);
  }
}

/** Percent-encoding as the signature counts it: everything but letters, digits and `-._~`. */
const escape = (value: string): string =>
  encodeURIComponent(value).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const missing = new Set(["NotFound", "NoSuchBucket", "NoSuchKey", "NoSuchCORSConfiguration"]);

async function found<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (thrown) {
    if (thrown instanceof ApiError && (thrown.status === 404 || thrown.reasons.some((r) => missing.has(r))))
      return undefined;
    throw thrown;
  }
}

function spacesError(thrown: unknown): unknown {
  if (thrown instanceof ApiError || !(thrown instanceof Object)) return thrown;
  const { name, message, $metadata } = thrown as {
    name?: string;
    message?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  if (status === undefined && thrown instanceof Error) return thrown;
  const denied = status === 403 || status === 401;
  return new ApiError(
    error({
      code: denied ? "spaces-forbidden" : (status ?? 0) >= 500 ? "spaces-unavailable" : "spaces-refused",
      summary: denied ? "DigitalOcean Spaces refused the keys" : "DigitalOcean Spaces refused the request",
      detail: `Spaces says: ${name}${message && message !== name ? `: ${message}` : ""}${status ? ` (HTTP ${status})` : ""}`,
      remedy: denied
        ? spacesVendor.tokenRemedy
        : name === "BucketNotEmpty"
          ? "Set force_destroy, apply, then destroy again; or empty the bucket by hand."
          : "Correct what the message names.",
    }),
    status,
    name ? [name] : [],
  );
}
