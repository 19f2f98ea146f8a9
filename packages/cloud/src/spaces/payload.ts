/** Bodies: plain, or `aws-chunked` with signed chunks or trailing checksums; checked before they are used. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Error } from "./errors.ts";
import { hmac, sameText, sha256, type Signature } from "./signature.ts";

/** One request, its body included: it is held in memory until it is checked. */
const largest = 1024 * 1024 * 1024;

/** @throws S3Error where a length, a digest, a checksum or a chunk's signature is wrong. */
export async function readPayload(request: Request, signature: Signature | undefined): Promise<Buffer> {
  if (Number(request.headers.get("content-length") ?? 0) > largest) throw new S3Error("EntityTooLarge");
  const raw = Buffer.from(await request.arrayBuffer());
  if (raw.length > largest) throw new S3Error("EntityTooLarge");
  const declared = signature?.payload ?? "UNSIGNED-PAYLOAD";
  if (!declared.startsWith("STREAMING-")) {
    if (declared !== "UNSIGNED-PAYLOAD" && sha256(raw) !== declared) throw new S3Error("XAmzContentSHA256Mismatch");
    checkDigests(raw, request.headers);
    return raw;
  }
  const signed = declared.startsWith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") ? signature : undefined;
  const { content, trailers } = decodeChunks(raw, signed);
  const length = request.headers.get("x-amz-decoded-content-length");
  if (length !== null && Number(length) !== content.length) throw new S3Error("IncompleteBody");
  checkDigests(content, request.headers);
  checkDigests(content, trailers);
  return content;
}

/** `size;chunk-signature=…\r\n` content `\r\n` … `0` trailers. */
function decodeChunks(raw: Buffer, signed: Signature | undefined): { content: Buffer; trailers: Headers } {
  const pieces: Buffer[] = [];
  let previous = signed?.seed ?? "";
  let at = 0;
  for (;;) {
    const lineEnd = raw.indexOf("\r\n", at);
    if (lineEnd < 0) throw new S3Error("IncompleteBody");
    const [size = "", ...extensions] = raw.toString("latin1", at, lineEnd).split(";");
    if (!/^[0-9a-fA-F]{1,8}$/.test(size))
      throw new S3Error("InvalidRequest", "The chunk size is not a hexadecimal number");
    const length = Number.parseInt(size, 16);
    const start = lineEnd + 2;
    const piece = raw.subarray(start, start + length);
    if (piece.length !== length) throw new S3Error("IncompleteBody");
    if (signed) previous = checkChunk(piece, extensions, previous, signed);
    at = start + length;
    if (length === 0) return { content: Buffer.concat(pieces), trailers: parseTrailers(raw.toString("latin1", at)) };
    pieces.push(piece);
    if (raw.toString("latin1", at, at + 2) !== "\r\n") throw new S3Error("IncompleteBody");
    at += 2;
  }
}

function checkChunk(
  piece: Buffer,
  extensions: readonly string[],
  previous: string,
  { date, scope, key }: Signature,
): string {
  const given =
    extensions.find((extension) => extension.startsWith("chunk-signature="))?.slice("chunk-signature=".length) ?? "";
  const expected = hmac(
    key,
    ["AWS4-HMAC-SHA256-PAYLOAD", date, scope, previous, sha256(""), sha256(piece)].join("\n"),
  ).toString("hex");
  if (!sameText(given, expected)) throw new S3Error("SignatureDoesNotMatch");
  return expected;
}

function parseTrailers(text: string): Headers {
  const trailers = new Headers();
  for (const line of text.split("\r\n")) {
    const at = line.indexOf(":");
    if (at > 0) trailers.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return trailers;
}

const bigEndian = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
};

const digests: Readonly<Record<string, (content: Buffer) => string>> = {
  "content-md5": (content) => createHash("md5").update(content).digest("base64"),
  "x-amz-checksum-crc32": (content) => bigEndian(crc32(content)),
  "x-amz-checksum-sha1": (content) => createHash("sha1").update(content).digest("base64"),
  "x-amz-checksum-sha256": (content) => createHash("sha256").update(content).digest("base64"),
};

function checkDigests(content: Buffer, headers: Headers): void {
  for (const [name, digest] of Object.entries(digests)) {
    const given = headers.get(name);
    if (given !== null && given !== digest(content)) throw new S3Error("BadDigest");
  }
}
