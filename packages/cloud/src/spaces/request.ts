import { S3Error } from "./errors.ts";
import type { Bucket, CannedAcl, Description, Spaces } from "./model.ts";
import { childTexts, parseXml, xmlDocument, type XmlElement, type XmlNode } from "./xml.ts";

/** One request, its signature checked, its address taken apart. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Headers;
  /** Region of the signature's scope, or what stands for it where there is none. */
  readonly region: string;
  /** False for a request without a signature. */
  readonly isOwner: boolean;
  /** Whole and checked. */
  readonly body: () => Promise<Buffer>;
}

export type Handler = (spaces: Spaces, request: S3Request) => Promise<Response> | Response;

export const xmlResponse = (root: string, node: XmlNode, headers: Record<string, string> = {}): Response =>
  new Response(xmlDocument(root, node), { status: 200, headers: { "content-type": "application/xml", ...headers } });

export const empty = (status = 200, headers: Record<string, string> = {}): Response =>
  new Response(null, { status, headers });

/** @throws S3Error MalformedXML where the body is not one element of this name. */
export async function readXml(request: S3Request, root: string): Promise<XmlElement> {
  const parsed = parseXml((await request.body()).toString());
  if (parsed?.name !== root) throw new S3Error("MalformedXML");
  return parsed;
}

export function bucketOf(spaces: Spaces, { bucket }: S3Request): Bucket {
  const found = spaces.buckets.get(bucket);
  if (!found) throw new S3Error("NoSuchBucket");
  return found;
}

export function cannedAcl(request: S3Request): CannedAcl | undefined {
  const acl = request.headers.get("x-amz-acl");
  if (acl === null) return undefined;
  if (acl === "private" || acl === "public-read") return acl;
  // Spaces knows these two; a grant that it does not keep must not look kept.
  throw new S3Error("InvalidArgument", `Spaces has no canned ACL ${acl}`);
}

const owner = { ID: "local-cloud", DisplayName: "local-cloud" };

/** A canned ACL the way GET shows it. */
export function aclResponse(acl: CannedAcl): Response {
  const grant = (type: string, grantee: string, permission: string): string =>
    `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">${grantee}</Grantee><Permission>${permission}</Permission></Grant>`;
  const everyone = grant("Group", "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>", "READ");
  const own = grant(
    "CanonicalUser",
    `<ID>${owner.ID}</ID><DisplayName>${owner.DisplayName}</DisplayName>`,
    "FULL_CONTROL",
  );
  const shell = xmlDocument("AccessControlPolicy", { Owner: owner, AccessControlList: "" });
  const list = `<AccessControlList>${own}${acl === "public-read" ? everyone : ""}</AccessControlList>`;
  return new Response(shell.replace("<AccessControlList></AccessControlList>", list), {
    headers: { "content-type": "application/xml" },
  });
}

/** From the header, or from a body whose grants amount to a canned ACL. */
export async function sentAcl(request: S3Request): Promise<CannedAcl> {
  const canned = cannedAcl(request);
  if (canned) return canned;
  const policy = await readXml(request, "AccessControlPolicy");
  const uris: string[] = [];
  const walk = (element: XmlElement): void => {
    uris.push(...childTexts(element, "URI"));
    element.elements.forEach(walk);
  };
  walk(policy);
  return uris.some((uri) => uri.endsWith("/AllUsers")) ? "public-read" : "private";
}

const descriptive = ["content-type", "cache-control", "content-disposition", "content-language", "expires"];

export function describe(headers: Headers): Description {
  const kept = Object.fromEntries(
    descriptive.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) ?? ""]] : [])),
  );
  // `aws-chunked` is how the body travelled, not what it is.
  const encoding = (headers.get("content-encoding") ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "" && part !== "aws-chunked");
  if (encoding.length > 0) kept["content-encoding"] = encoding.join(",");
  const metadata: Record<string, string> = {};
  headers.forEach((value, name) => {
    if (name.startsWith("x-amz-meta-")) metadata[name.slice("x-amz-meta-".length)] = value;
  });
  return { headers: { "content-type": "binary/octet-stream", ...kept }, metadata };
}

export { owner };
