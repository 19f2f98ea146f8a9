import type { Secret } from "@doge/core";
import { type Api, type ClientOptions, createApi, type SendOptions } from "../../shared/api.ts";
import type { Vendor } from "../../shared/errors.ts";

export interface TfeOptions extends ClientOptions {
  readonly token: Secret;
  /** https://app.terraform.io unless told; requests go to `<address>/api/v2/…`. */
  readonly address?: string | undefined;
}

export const vendor: Vendor = {
  name: "HCP Terraform",
  code: "tfe",
  tokenRemedy:
    "Make a new API token (User settings → Tokens) and set TF_API_TOKEN; it may have expired or been revoked.",
  scopeRemedy: () =>
    "Use a token of a user or team that manages the organization's workspaces and variable sets (TF_API_TOKEN).",
  parse: (body) => {
    const { errors } = body as { errors?: { title?: string; detail?: string; source?: { pointer?: string } }[] };
    if (!Array.isArray(errors)) return undefined;
    const message = errors
      .map((e) => e.detail ?? e.title ?? "")
      .filter(Boolean)
      .join("; ");
    return { message, reasons: errors.flatMap((e) => e.source?.pointer ?? []) };
  },
};

/** What points at another object. */
export interface Pointer {
  readonly id: string;
  readonly type: string;
}

/** One object of JSON:API, with its attributes' kebab-case names as they travel. */
export interface Resource<A> {
  readonly id: string;
  readonly type: string;
  readonly attributes: A;
  readonly relationships?: Readonly<Record<string, { readonly data?: Pointer | readonly Pointer[] | null }>>;
  readonly links?: Readonly<Record<string, string | null>>;
}

export interface JsonApi extends Api {
  readonly address: string;
  /** The `data` of a single-object answer. */
  one<A>(
    method: "GET" | "POST" | "PATCH",
    path: string,
    data?: object,
    options?: Pick<SendOptions, "repeatable">,
  ): Promise<Resource<A>>;
  all<A>(path: string): Promise<Resource<A>[]>;
}

export const segment = encodeURIComponent;

const mediaType = "application/vnd.api+json";

export function jsonApi(options: TfeOptions): JsonApi {
  const address = (options.address || "https://app.terraform.io").replace(/\/+$/, "");
  const api = createApi(options, vendor, {
    url: `${address}/api/v2`,
    authorization: () => `Bearer ${options.token.reveal()}`,
    headers: { accept: mediaType },
    contentType: mediaType,
  });
  return {
    ...api,
    address,
    one: async <A>(method: "GET" | "POST" | "PATCH", path: string, data?: object, options: SendOptions = {}) => {
      const answer = await api.send(method, path, { ...options, ...(data ? { body: { data } } : {}) });
      return (answer.json() as { data: Resource<A> }).data;
    },
    all: async <A>(path: string) => {
      const items: Resource<A>[] = [];
      for (let page: number | null | undefined = 1; page;) {
        const query: string = `${path.includes("?") ? "&" : "?"}page%5Bnumber%5D=${page}&page%5Bsize%5D=100`;
        const body: Page<A> = await api.json("GET", path + query);
        items.push(...body.data);
        page = body.meta?.pagination?.["next-page"] ?? body.meta?.["next-page"];
      }
      return items;
    },
  };
}

interface Page<A> {
  readonly data: readonly Resource<A>[];
  readonly meta?: {
    readonly "next-page"?: number | null;
    readonly pagination?: { readonly "next-page"?: number | null };
  };
}

/** The one object that a relationship names. */
export function related(resource: Resource<unknown>, name: string): string | undefined {
  const data = resource.relationships?.[name]?.data;
  return data && "id" in data ? data.id : undefined;
}

/** Every object that a relationship names. */
export function relatedAll(resource: Resource<unknown>, name: string): string[] {
  const data = resource.relationships?.[name]?.data;
  return Array.isArray(data) ? (data as readonly Pointer[]).map((pointer) => pointer.id) : [];
}
