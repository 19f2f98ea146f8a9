/** The JSON:API dialect of HCP Terraform: documents, errors, pages. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

export const mediaType = "application/vnd.api+json";

export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly relationships?: Readonly<Record<string, unknown>>;
  readonly links?: Readonly<Record<string, string>>;
}

/** What a client sent under `data`. */
export interface SentResource {
  readonly id?: string;
  readonly type?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly relationships: Readonly<Record<string, { readonly data?: unknown } | undefined>>;
}

/** Answered as a JSON:API error document. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly pointer: string | undefined;

  constructor(status: ContentfulStatusCode, title: string, detail = "", pointer?: string) {
    super(detail);
    this.status = status;
    this.title = title;
    this.pointer = pointer;
  }

  body(): unknown {
    const error = {
      status: String(this.status),
      title: this.title,
      ...(this.message ? { detail: this.message } : {}),
      ...(this.pointer ? { source: { pointer: this.pointer } } : {}),
    };
    return { errors: [error] };
  }
}

/** Also what a caller without permission sees: the API never says that something exists. */
export const notFound = (): ApiError =>
  new ApiError(404, "not found", "Resource not found, or user unauthorized to perform action");
export const conflict = (detail: string): ApiError => new ApiError(409, "conflict", detail);
export const invalid = (attribute: string, detail: string): ApiError =>
  new ApiError(422, "invalid attribute", detail, `/data/attributes/${attribute}`);

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw notFound();
  return value;
}

export function send(c: Context, document: unknown, status: ContentfulStatusCode = 200): Response {
  return c.body(JSON.stringify(document), status, { "content-type": mediaType });
}

export const sendData = (c: Context, data: Resource, status: ContentfulStatusCode = 200): Response =>
  send(c, { data }, status);

/** The page that `page[number]` and `page[size]` ask for, 20 to a page, at most 100. */
export function sendPage(c: Context, all: readonly Resource[]): Response {
  const query = new URL(c.req.url).searchParams;
  const size = Math.min(Math.max(Number(query.get("page[size]")) || 20, 1), 100);
  const pages = Math.max(Math.ceil(all.length / size), 1);
  const current = Math.max(Number(query.get("page[number]")) || 1, 1);
  const at = (page: number): string => {
    const target = new URL(c.req.url);
    target.searchParams.set("page[number]", String(page));
    target.searchParams.set("page[size]", String(size));
    return target.href;
  };
  const previous = current > 1 ? current - 1 : null;
  const next = current < pages ? current + 1 : null;
  return send(c, {
    data: all.slice((current - 1) * size, current * size),
    links: {
      self: at(current),
      first: at(1),
      prev: previous === null ? null : at(previous),
      next: next === null ? null : at(next),
      last: at(pages),
    },
    meta: {
      pagination: {
        "current-page": current,
        "page-size": size,
        "prev-page": previous,
        "next-page": next,
        "total-pages": pages,
        "total-count": all.length,
      },
    },
  });
}

/**
 * The body's `data`, or a 400. The CLI sends `"type": ""` and `{}` for actions, so only the shape that
 * we read is checked.
 */
export async function readResource(c: Context): Promise<SentResource> {
  const data = (await readBody(c))["data"];
  if (!isRecord(data)) throw new ApiError(422, "invalid attribute", "data is missing", "/data");
  return {
    ...(typeof data["id"] === "string" ? { id: data["id"] } : {}),
    ...(typeof data["type"] === "string" ? { type: data["type"] } : {}),
    attributes: isRecord(data["attributes"]) ? data["attributes"] : {},
    relationships: (isRecord(data["relationships"]) ? data["relationships"] : {}) as SentResource["relationships"],
  };
}

/** The body's `data` where it is a list: the members of a relationship, or of a bulk request. */
export async function readResources(c: Context): Promise<readonly SentResource[]> {
  const data = (await readBody(c))["data"];
  if (!Array.isArray(data)) throw new ApiError(422, "invalid attribute", "data must be a list", "/data");
  return data.filter(isRecord).map((item) => ({
    ...(typeof item["id"] === "string" ? { id: item["id"] } : {}),
    attributes: isRecord(item["attributes"]) ? item["attributes"] : {},
    relationships: {},
  }));
}

/** An empty body is an empty object. */
export async function readBody(c: Context): Promise<Readonly<Record<string, unknown>>> {
  const text = await c.req.text();
  if (text.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch {
    // The message of a parser may quote the body, which may hold a secret.
  }
  throw new ApiError(400, "bad request", "The body is not a JSON object");
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Id of a to-one relationship. */
export function relatedId(sent: SentResource, name: string): string | undefined {
  const data = sent.relationships[name]?.data;
  return isRecord(data) && typeof data["id"] === "string" ? data["id"] : undefined;
}

/** Members of a to-many relationship; undefined where the client did not send it. */
export function relatedMany(
  sent: SentResource,
  name: string,
): readonly Readonly<Record<string, unknown>>[] | undefined {
  const data = sent.relationships[name]?.data;
  return Array.isArray(data) ? data.filter(isRecord) : undefined;
}

export const relatedIds = (sent: SentResource, name: string): readonly string[] =>
  (relatedMany(sent, name) ?? []).flatMap(({ id }) => (typeof id === "string" ? [id] : []));

export const toOne = (type: string, id: string): { data: { id: string; type: string } } => ({ data: { id, type } });
export const toMany = (type: string, ids: readonly string[]): { data: { id: string; type: string }[] } => ({
  data: ids.map((id) => ({ id, type })),
});

export function text(sent: SentResource, name: string): string | undefined {
  const value = sent.attributes[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalid(name, `${name} must be a string`);
  return value;
}

export function flag(sent: SentResource, name: string): boolean | undefined {
  const value = sent.attributes[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw invalid(name, `${name} must be true or false`);
  return value;
}

export function texts(sent: SentResource, name: string): readonly string[] {
  const value = sent.attributes[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw invalid(name, `${name} must be a list of strings`);
  }
  return value;
}
