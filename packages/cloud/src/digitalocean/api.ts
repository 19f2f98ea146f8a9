import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { digitalOceanId } from "../kit/errors.ts";
import { pageLinks, paginate } from "../kit/pagination.ts";

export type Env = { Bindings: Partial<HttpBindings> };

/** An answer that is an error, in DigitalOcean's words. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: 400 | 401 | 403 | 404 | 409 | 412 | 422 | 500;

  constructor(status: ApiError["status"], message: string) {
    super(message);
    this.status = status;
  }
}

export const notFound = (): ApiError => new ApiError(404, "The resource you were accessing could not be found.");
export const unprocessable = (message: string): ApiError => new ApiError(422, message);

export function errorAnswer(c: Context<Env>, status: ApiError["status"], message: string): Response {
  const requestId = c.env?.outgoing?.getHeader("x-request-id");
  return c.json({ id: digitalOceanId(status), message, ...(requestId && { request_id: String(requestId) }) }, status);
}

/** One page of a list, with `links` and `meta` as every list of the API has them. */
export function listAnswer(c: Context<Env>, key: string, all: readonly unknown[]): Response {
  const page = paginate(
    all,
    { page: c.req.query("page"), perPage: c.req.query("per_page") },
    { perPage: 20, maximum: 200 },
  );
  const pages = pageLinks(c.req.url, page);
  return c.json({
    [key]: page.items,
    links: Object.keys(pages).length > 0 ? { pages } : {},
    meta: { total: page.total },
  });
}

/** The fields of a request's body, each read with its type. Wrong ones are answered with 422. */
export class Fields {
  readonly raw: Readonly<Record<string, unknown>>;

  constructor(raw: Readonly<Record<string, unknown>>) {
    this.raw = raw;
  }

  static async of(c: Context<Env>): Promise<Fields> {
    const text = await c.req.text();
    if (text.trim() === "") return new Fields({});
    try {
      const raw: unknown = JSON.parse(text);
      if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) return new Fields(raw as Fields["raw"]);
    } catch {
      // answered below
    }
    throw new ApiError(400, "Unable to parse the request's body as a JSON object.");
  }

  string(name: string): string | undefined {
    return this.#read(name, "a string", (value): value is string => typeof value === "string");
  }

  required(name: string): string {
    const value = this.string(name);
    if (value === undefined || value === "") throw unprocessable(`${name} can't be blank`);
    return value;
  }

  integer(name: string): number | undefined {
    return this.#read(name, "an integer", (value): value is number => Number.isInteger(value));
  }

  boolean(name: string): boolean {
    return this.#read(name, "a boolean", (value): value is boolean => typeof value === "boolean") ?? false;
  }

  strings(name: string): readonly string[] | undefined {
    const isStrings = (value: unknown): value is string[] =>
      Array.isArray(value) && value.every((entry) => typeof entry === "string");
    return this.#read(name, "an array of strings", isStrings);
  }

  objects(name: string): readonly Fields[] {
    const isObjects = (value: unknown): value is Record<string, unknown>[] =>
      Array.isArray(value) && value.every((entry) => typeof entry === "object" && entry !== null);
    return (this.#read(name, "an array of objects", isObjects) ?? []).map((entry) => new Fields(entry));
  }

  #read<T>(name: string, expected: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.raw[name];
    if (value === undefined || value === null) return undefined;
    if (!is(value)) throw unprocessable(`${name} must be ${expected}`);
    return value;
  }
}
