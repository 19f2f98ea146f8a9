/** AWS Signature Version 4, in the header and in the query. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Error } from "./errors.ts";

export interface SignedRequest {
  readonly method: string;
  /** As sent, percent-encoded. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  readonly headers: Headers;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Signature {
  readonly region: string;
  /** What the client says of its body: a SHA-256 in hex, `UNSIGNED-PAYLOAD`, or `STREAMING-…`. */
  readonly payload: string;
  /** For the chunks of a signed stream. */
  readonly seed: string;
  readonly date: string;
  readonly scope: string;
  readonly key: Buffer;
}

const algorithm = "AWS4-HMAC-SHA256";
const skew = 15 * 60_000;

export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");
export const hmac = (key: string | Buffer, content: string): Buffer =>
  createHmac("sha256", key).update(content).digest();

/** Undefined for a request without any signature. @throws S3Error for a wrong one. */
export function verifySignature(request: SignedRequest, credentials: Credentials, now: Date): Signature | undefined {
  const parameters = queryPairs(request.query);
  const fromQuery = parameters.find(([name]) => name === "X-Amz-Algorithm");
  const header = request.headers.get("authorization");
  if (fromQuery) return verifyPresigned(request, parameters, credentials, now);
  if (header === null) return undefined;
  const [, credential, signedHeaders, signature] =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(header) ??
    [];
  if (!credential || !signedHeaders || !signature) throw new S3Error("AuthorizationHeaderMalformed");
  const date = request.headers.get("x-amz-date") ?? "";
  if (Math.abs(parseDate(date) - now.getTime()) > skew) throw new S3Error("RequestTimeTooSkewed");
  const payload = request.headers.get("x-amz-content-sha256");
  if (payload === null)
    throw new S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  return check(request, { credential, signedHeaders, signature, date, payload, parameters }, credentials);
}

function verifyPresigned(
  request: SignedRequest,
  parameters: readonly Pair[],
  credentials: Credentials,
  now: Date,
): Signature {
  const value = (name: string): string => parameters.find(([key]) => key === name)?.[1] ?? "";
  const date = value("X-Amz-Date");
  const seconds = Number(value("X-Amz-Expires"));
  const problem = new S3Error("AuthorizationQueryParametersError");
  if (value("X-Amz-Algorithm") !== algorithm || !(seconds >= 1 && seconds <= 604_800)) throw problem;
  const signed = parseDate(date);
  if (signed - skew > now.getTime() || signed + seconds * 1000 < now.getTime())
    throw new S3Error("AccessDenied", "Request has expired");
  return check(
    request,
    {
      credential: value("X-Amz-Credential"),
      signedHeaders: value("X-Amz-SignedHeaders"),
      signature: value("X-Amz-Signature"),
      date,
      payload: value("X-Amz-Content-Sha256") || (request.headers.get("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD"),
      parameters: parameters.filter(([name]) => name !== "X-Amz-Signature"),
    },
    credentials,
  );
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly payload: string;
  readonly parameters: readonly Pair[];
}

function check(request: SignedRequest, claim: Claim, credentials: Credentials): Signature {
  const [accessKeyId = "", day = "", region = "", service = "", end = ""] = claim.credential.split("/");
  if (service !== "s3" || end !== "aws4_request" || !claim.date.startsWith(day) || region === "") {
    throw new S3Error("AuthorizationHeaderMalformed");
  }
  if (accessKeyId !== credentials.accessKeyId) throw new S3Error("InvalidAccessKeyId");
  const names = claim.signedHeaders.split(";");
  if (!names.includes("host")) throw new S3Error("SignatureDoesNotMatch", "The host header must be signed");
  const canonical = [
    request.method,
    request.path
      .split("/")
      .map((segment) => encode(decode(segment)))
      .join("/"),
    claim.parameters
      .map(([name, value]) => [encode(name), encode(value)] as const)
      .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
      .map((pair) => pair.join("="))
      .join("&"),
    ...names.map((name) => `${name}:${(request.headers.get(name) ?? "").trim().replace(/\s+/g, " ")}`),
    "",
    claim.signedHeaders,
    claim.payload,
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretAccessKey}`,
  ) as Buffer;
  const expected = hmac(key, [algorithm, claim.date, scope, sha256(canonical)].join("\n")).toString("hex");
  if (!sameText(expected, claim.signature)) throw new S3Error("SignatureDoesNotMatch");
  return { region, payload: claim.payload, seed: expected, date: claim.date, scope, key };
}

export type Pair = readonly [string, string];

export const queryPairs = (query: string): Pair[] =>
  query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [decode(pair), ""] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    });

/** Percent-decoding; a client's wrong escape stays as it is. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    return text;
  }
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** `20260102T030405Z` in milliseconds; NaN never passes a comparison, so it is answered as malformed. */
function parseDate(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) throw new S3Error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header");
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
