import assert from "node:assert/strict";
import type { Site } from "./site.ts";
import { password } from "./site.ts";

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where a redirect leads. */
  readonly location: string | null;
}

type Fields = Record<string, string | readonly string[] | Blob>;

export interface Visitor {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<Page>;
  /** Sends a form as the browser would: with cookies and Origin. */
  post(path: string, fields?: Fields, headers?: Record<string, string>): Promise<Page>;
  /** Like `get`, but goes where redirects lead. */
  follow(page: Page): Promise<Page>;
}

/** A browser without JavaScript: cookies, forms, redirects. */
export function visit(site: Site, address = "203.0.113.7"): Visitor {
  const cookies = new Map<string, string>();

  async function send(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Page> {
    const headers = {
      "x-forwarded-for": address,
      ...(cookies.size > 0 ? { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") } : {}),
      ...init.headers,
    };
    const response = await site.app.request(path, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";");
      const [name = "", value = ""] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const gone = value === "" || attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute));
      if (gone) cookies.delete(name);
      else cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text(), location: response.headers.get("location") };
  }

  const get = (path: string, headers: Record<string, string> = {}): Promise<Page> => send(path, { headers });
  return {
    cookies,
    get,
    post(path, fields = {}, headers = {}) {
      const entries = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => [name, one] as const));
      const files = entries.some(([, value]) => value instanceof Blob);
      const body = files ? new FormData() : new URLSearchParams();
      for (const [name, value] of entries) body.append(name, value as string);
      return send(path, { method: "POST", body, headers: { origin: site.settings.siteUrl, ...headers } });
    },
    async follow(page) {
      let at = page;
      for (let hops = 0; at.location && hops < 6; hops++) at = await get(at.location);
      return at;
    },
  };
}

/** A visitor who signed in as this user of `site.user`. */
export async function signIn(site: Site, login: string, secret = password): Promise<Visitor> {
  const visitor = visit(site);
  const answer = await visitor.post("/accounts/login/", { login, password: secret });
  assert.equal(answer.status, 303, `signing in as ${login} answered ${answer.status}: ${messages(answer).join(" ")}`);
  // Sees the greeting, so that the next page is without.
  if (answer.location === "/users/~redirect/") await visitor.follow(answer);
  return visitor;
}

/** What a page says in its messages and at its fields. */
export const messages = (page: Page): readonly string[] =>
  [...page.text.matchAll(/<(?:p class="message(?![^>]* hidden)[^>]*|strong class="error"[^>]*)>([^<]*)</g)].map(([, text = ""]) =>
    text.replaceAll("&#39;", "'").replaceAll("&quot;", '"').replaceAll("&amp;", "&").trim(),
  );
