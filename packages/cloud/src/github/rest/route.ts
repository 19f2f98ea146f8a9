import { Hono, type Context } from "hono";
import { linkHeader, pageLinks, paginate } from "../../kit/pagination.ts";
import type { GitHubIdentity } from "../../ports.ts";
import type { Area, Level } from "../access.ts";
import { ApiError, notFound } from "../errors.ts";
import type { Hub, Place } from "../hub.ts";
import { findRepository } from "../records.ts";

// oxlint-disable-next-line typescript/consistent-type-definitions -- Hono wants a type with an index signature.
export type Env = { Variables: { viewer: GitHubIdentity | undefined } };
export type Call = Context<Env>;

/** Routes of one subject. */
export const routes = (): Hono<Env> => new Hono<Env>();

/** Whoever is logged in; 401 for nobody. */
export function viewerOf(c: Call): GitHubIdentity {
  const viewer = c.get("viewer");
  if (!viewer) throw new ApiError(401, "Requires authentication");
  return viewer;
}

const anonymous: GitHubIdentity = { login: "", scopes: [] };

/** The repository of `/repos/:owner/:repo/…`, if the client may do this there. Anonymous clients may read what is public. */
export function enter(hub: Hub, c: Call, area: Area, level: Level = "read"): Place {
  const repository = findRepository(hub.records, param(c, "owner"), param(c, "repo"));
  if (!repository) throw notFound();
  const viewer = c.get("viewer");
  hub.access.demand(viewer, repository, area, level);
  if (level === "write" && repository.archived && area !== "administration") {
    throw new ApiError(403, "Repository was archived so is read-only.");
  }
  return { repository, viewer: viewer ?? anonymous };
}

/** A path parameter, decoded. */
export function param(c: Context, name: string): string {
  const value = c.req.param(name as never) as string | undefined;
  if (value === undefined) throw notFound();
  return value;
}

/** A whole number in the path; what is none names nothing. */
export function idOf(c: Context, name: string): number {
  const text = param(c, name);
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

export type Input = Readonly<Record<string, unknown>>;

/** The JSON object in the body; an empty body is an empty object. */
export async function inputOf(c: Call): Promise<Input> {
  const text = await c.req.text();
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError(400, "Problems parsing JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ApiError(400, "Body should be a JSON object");
  }
  return value as Input;
}

const wrong = (name: string, value: unknown, kind: string): ApiError =>
  new ApiError(422, `Invalid request.\n\nFor 'properties/${name}', ${JSON.stringify(value)} is not ${kind}.`);

/** Readers of one field each: undefined where it is absent, 422 in GitHub's words for a wrong type. */
export const optional = {
  text(input: Input, name: string): string | undefined {
    const value = input[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "string") throw wrong(name, value, "a string");
    return value;
  },
  boolean(input: Input, name: string): boolean | undefined {
    const value = input[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "boolean") throw wrong(name, value, "a boolean");
    return value;
  },
  integer(input: Input, name: string): number | undefined {
    const value = input[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "number" || !Number.isInteger(value)) throw wrong(name, value, "an integer");
    return value;
  },
  texts(input: Input, name: string): string[] | undefined {
    const value = input[name];
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
      throw wrong(name, value, "an array of strings");
    }
    return value as string[];
  },
  object(input: Input, name: string): Input | undefined {
    const value = input[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw wrong(name, value, "an object");
    return value as Input;
  },
};

/** A text that must be there. */
export function requiredText(input: Input, name: string): string {
  const value = optional.text(input, name);
  if (value === undefined) throw new ApiError(422, `Invalid request.\n\n"${name}" wasn't supplied.`);
  return value;
}

/** One of these words, or undefined where the field is absent. */
export function oneOf<T extends string>(input: Input, name: string, words: readonly T[]): T | undefined {
  const value = optional.text(input, name);
  if (value === undefined) return undefined;
  if (!(words as readonly string[]).includes(value)) {
    throw new ApiError(
      422,
      `Invalid request.\n\nFor 'properties/${name}', ${value} is not a member of ${JSON.stringify(words)}.`,
    );
  }
  return value as T;
}

/** One page of a list with its `Link` header; `wrap` puts it into a body with `total_count`. */
export async function page<T>(
  hub: Hub,
  c: Call,
  all: readonly T[],
  render: (item: T) => unknown,
  wrap?: string,
): Promise<Response> {
  const query = { page: c.req.query("page"), perPage: c.req.query("per_page") };
  const cut = paginate(all, query, { perPage: 30, maximum: 100 });
  const { pathname, search } = new URL(c.req.url);
  const link = linkHeader(pageLinks(`${hub.server()}${pathname}${search}`, cut));
  if (link !== undefined) c.header("link", link);
  const items = await Promise.all(cut.items.map((item) => render(item)));
  return wrap === undefined ? c.json(items) : c.json({ total_count: cut.total, [wrap]: items });
}
