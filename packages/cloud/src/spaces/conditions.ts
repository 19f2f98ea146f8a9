/** If-Match and its kin. */
import { S3Error } from "./errors.ts";
import type { StoredObject } from "./model.ts";

const listed = (header: string, etag: string): boolean =>
  header.split(",").some((one) => {
    const name = one.trim().replace(/^W\//, "");
    return name === "*" || name === etag || name === `"${etag}"`;
  });

const seconds = (date: string): number => Math.floor(Date.parse(date) / 1000);

/** True where the client's copy is still good (304). @throws S3Error PreconditionFailed. */
export function unchanged(headers: Headers, object: StoredObject, prefix = ""): boolean {
  const header = (name: string): string | null => headers.get(`${prefix}${name}`);
  const [match, noneMatch] = [header("if-match"), header("if-none-match")];
  const [since, notSince] = [header("if-modified-since"), header("if-unmodified-since")];
  const modified = seconds(object.lastModified);
  if (match !== null ? !listed(match, object.etag) : notSince !== null && modified > seconds(notSince))
    throw new S3Error("PreconditionFailed");
  return noneMatch !== null ? listed(noneMatch, object.etag) : since !== null && modified <= seconds(since);
}

/** Before a write. `*` in If-None-Match: only where there is none. @throws S3Error PreconditionFailed, NoSuchKey. */
export function checkWrite(headers: Headers, existing: StoredObject | undefined): void {
  const [match, noneMatch] = [headers.get("if-match"), headers.get("if-none-match")];
  if (noneMatch !== null && existing && listed(noneMatch, existing.etag)) throw new S3Error("PreconditionFailed");
  if (match === null) return;
  if (!existing) throw new S3Error("NoSuchKey");
  if (!listed(match, existing.etag)) throw new S3Error("PreconditionFailed");
}

export interface Range {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

/** One range of bytes; several, or what is no range, mean the whole. @throws S3Error InvalidRange. */
export function parseRange(header: string | null | undefined, size: number): Range | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end || start >= size || (first === "" && Number(last) === 0)) throw new S3Error("InvalidRange");
  return { start, end };
}
