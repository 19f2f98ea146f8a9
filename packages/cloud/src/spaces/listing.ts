/** Lists of a bucket's objects, in the order of their UTF-8 bytes. */
import { S3Error } from "./errors.ts";
import type { Spaces, StoredObject } from "./model.ts";
import { bucketOf, owner, xmlResponse, type Handler, type S3Request } from "./request.ts";
import type { XmlNode } from "./xml.ts";

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

interface Listed {
  readonly objects: readonly StoredObject[];
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
  /** The last key or prefix of this page. */
  readonly last: string;
}

/** Keys after `after`, those that share a part up to the delimiter rolled into one prefix. */
function listPage(
  spaces: Spaces,
  bucket: string,
  how: { prefix: string; delimiter: string; after: string; limit: number },
): Listed {
  const { prefix, delimiter, after, limit } = how;
  const objects: StoredObject[] = [];
  const prefixes: string[] = [];
  let last = after;
  const all = spaces
    .objects(bucket)
    .list(({ key }) => key.startsWith(prefix))
    .sort((a, b) => byBytes(a.key, b.key));
  for (const object of all) {
    const end = delimiter === "" ? -1 : object.key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : object.key.slice(0, end + delimiter.length);
    const name = common ?? object.key;
    if (byBytes(name, after) <= 0 || name === last || (common !== undefined && prefixes.includes(common))) continue;
    if (objects.length + prefixes.length >= limit) return { objects, prefixes, truncated: limit > 0, last };
    if (common === undefined) objects.push(object);
    else prefixes.push(common);
    last = name;
  }
  return { objects, prefixes, truncated: false, last };
}

interface Asked {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  readonly text: (value: string) => string;
  readonly shared: XmlNode;
}

function asked(request: S3Request): Asked {
  const maximum = request.query.get("max-keys");
  const limit = maximum === undefined ? 1000 : Number(maximum);
  if (!Number.isInteger(limit) || limit < 0)
    throw new S3Error("InvalidArgument", "max-keys must be a number that is not negative");
  const encoding = request.query.get("encoding-type");
  const text =
    encoding === "url" ? (value: string) => encodeURIComponent(value).replaceAll("%2F", "/") : (value: string) => value;
  const prefix = request.query.get("prefix") ?? "";
  const delimiter = request.query.get("delimiter") ?? "";
  const shared = {
    Name: request.bucket,
    Prefix: text(prefix),
    Delimiter: delimiter === "" ? undefined : text(delimiter),
    MaxKeys: limit,
    EncodingType: encoding,
  };
  return { prefix, delimiter, limit: Math.min(limit, 1000), text, shared };
}

const contents = ({ key, lastModified, etag, size }: StoredObject, text: Asked["text"]): XmlNode => ({
  Key: text(key),
  LastModified: lastModified,
  ETag: `"${etag}"`,
  Size: size,
  StorageClass: "STANDARD",
});

const commonPrefixes = (prefixes: readonly string[], text: Asked["text"]): XmlNode[] =>
  prefixes.map((prefix) => ({ Prefix: text(prefix) }));

export const listObjects: Handler = (spaces, request) => {
  bucketOf(spaces, request);
  const { prefix, delimiter, limit, text, shared } = asked(request);
  const after = request.query.get("marker") ?? "";
  const page = listPage(spaces, request.bucket, { prefix, delimiter, after, limit });
  return xmlResponse("ListBucketResult", {
    ...shared,
    Marker: text(after),
    NextMarker: page.truncated ? text(page.last) : undefined,
    IsTruncated: page.truncated,
    Contents: page.objects.map((object) => ({ ...contents(object, text), Owner: owner })),
    CommonPrefixes: commonPrefixes(page.prefixes, text),
  });
};

export const listObjectsV2: Handler = (spaces, request) => {
  bucketOf(spaces, request);
  const { prefix, delimiter, limit, text, shared } = asked(request);
  const token = request.query.get("continuation-token");
  const startAfter = request.query.get("start-after");
  const after = token === undefined ? (startAfter ?? "") : Buffer.from(token, "base64url").toString();
  const page = listPage(spaces, request.bucket, { prefix, delimiter, after, limit });
  const withOwner = request.query.get("fetch-owner") === "true";
  return xmlResponse("ListBucketResult", {
    ...shared,
    KeyCount: page.objects.length + page.prefixes.length,
    ContinuationToken: token,
    StartAfter: startAfter === undefined ? undefined : text(startAfter),
    NextContinuationToken: page.truncated ? Buffer.from(page.last).toString("base64url") : undefined,
    IsTruncated: page.truncated,
    Contents: page.objects.map((object) => ({ ...contents(object, text), ...(withOwner ? { Owner: owner } : {}) })),
    CommonPrefixes: commonPrefixes(page.prefixes, text),
  });
};

/** Each object has one version, named `null`. */
export const listVersions: Handler = (spaces, request) => {
  bucketOf(spaces, request);
  const { prefix, delimiter, limit, text, shared } = asked(request);
  const after = request.query.get("key-marker") ?? "";
  const page = listPage(spaces, request.bucket, { prefix, delimiter, after, limit });
  return xmlResponse("ListVersionsResult", {
    ...shared,
    KeyMarker: text(after),
    NextKeyMarker: page.truncated ? text(page.last) : undefined,
    NextVersionIdMarker: page.truncated ? "null" : undefined,
    IsTruncated: page.truncated,
    Version: page.objects.map((object) => ({
      ...contents(object, text),
      VersionId: "null",
      IsLatest: true,
      Owner: owner,
    })),
    CommonPrefixes: commonPrefixes(page.prefixes, text),
  });
};
