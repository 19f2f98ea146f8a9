import type { Secret } from "@doge/core";
import { type Api, type ClientOptions, createApi } from "../../shared/api.ts";
import type { Vendor } from "../../shared/errors.ts";

export interface DigitalOceanOptions extends ClientOptions {
  readonly token: Secret;
  /** Requests go to `<apiUrl>/v2/…`; https://api.digitalocean.com unless told. */
  readonly apiUrl?: string | undefined;
}

export const vendor: Vendor = {
  name: "DigitalOcean",
  code: "digitalocean",
  tokenRemedy:
    "Make a new token (API → Tokens → Generate New Token) and set DIGITALOCEAN_TOKEN; it may have expired or been revoked.",
  scopeRemedy: () =>
    "Give the token the scope named in the message, or full access, and check that the account is not locked.",
  parse: (body) => {
    const { id, message } = body as { id?: string; message?: string };
    return typeof message === "string" ? { message, reasons: id ? [id] : [] } : undefined;
  },
};

/** One page of 200 after another, until the vendor names no next one. */
export interface PagedApi extends Api {
  /** `path` without paging; `key` is the list's name in the answer. */
  all<T>(path: string, key: string): Promise<T[]>;
}

export function digitalOceanApi(options: DigitalOceanOptions): PagedApi {
  const api = createApi(options, vendor, {
    url: options.apiUrl || "https://api.digitalocean.com",
    authorization: () => `Bearer ${options.token.reveal()}`,
    headers: { accept: "application/json" },
  });

  return {
    ...api,
    async all<T>(path: string, key: string) {
      const items: T[] = [];
      for (let page = 1; ; page++) {
        const separator = path.includes("?") ? "&" : "?";
        const body = await api.json<Page>("GET", `${path}${separator}page=${page}&per_page=200`);
        items.push(...((body[key] ?? []) as T[]));
        // The link's own address may be another than the one we were told to use: only its presence counts.
        if (!body.links?.pages?.next) return items;
      }
    },
  };
}

interface Page {
  readonly [key: string]: unknown;
  readonly links?: { readonly pages?: { readonly next?: string } };
}

export const segment = encodeURIComponent;
