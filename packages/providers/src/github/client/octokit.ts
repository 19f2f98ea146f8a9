import { Octokit } from "@octokit/core";
import { type HttpRequest, type HttpResponse, type Secret, error, sendWithRetry } from "@doge/core";
import { type ClientOptions, retryOptions } from "../../shared/api.ts";
import { ApiError, type Vendor, answered, unanswered } from "../../shared/errors.ts";

export interface GitHubOptions extends ClientOptions {
  readonly token: Secret;
  /** https://api.github.com unless told; of an enterprise server it ends in `/api/v3`. */
  readonly apiUrl?: string | undefined;
  /** Found from `apiUrl` unless told. */
  readonly graphqlUrl?: string | undefined;
}

export const vendor: Vendor = {
  name: "GitHub",
  code: "github",
  tokenRemedy: "Make a new token (Settings → Developer settings → Tokens) and set GITHUB_TOKEN; it may have expired.",
  scopeRemedy: (response) => {
    const permissions = response.headers["x-accepted-github-permissions"];
    const scopes = response.headers["x-accepted-oauth-scopes"];
    if (permissions) return `Give the token these permissions: ${permissions}.`;
    if (scopes) return `Give the token one of these scopes: ${scopes}.`;
    return "Give the token the scopes repo, workflow and read:packages, and check that it may act in the organization.";
  },
  parse: (body) => {
    const { message, errors } = body as { message?: string; errors?: (string | ErrorItem)[] };
    if (typeof message !== "string") return undefined;
    const items = Array.isArray(errors) ? errors : [];
    const details = items.map((e) =>
      typeof e === "string" ? e : (e.message ?? [e.resource, e.field, e.code].filter(Boolean).join(" ")),
    );
    return {
      message: [message, ...details].join("; "),
      reasons: items.flatMap((e) => (typeof e === "string" ? [] : (e.code ?? []))),
    };
  },
};

interface ErrorItem {
  readonly code?: string;
  readonly field?: string;
  readonly resource?: string;
  readonly message?: string;
}

/** A repository's two names. */
export interface Repo {
  readonly owner: string;
  readonly repo: string;
}

interface Page<T> {
  readonly data: readonly T[];
  readonly headers: { readonly link?: string };
}

/** Octokit on core's one way out: proxy, retries, redaction and diagnostics are those of every other vendor. */
export interface GitHubTransport {
  /** Octokit's typed requests; they throw ApiError. */
  readonly rest: Octokit["request"];
  /** Every page of a list. `fetch` asks for one page. */
  readonly all: <T>(fetch: (page: number) => Promise<Page<T>>) => Promise<T[]>;
  /** The `data` of a query. Throws ApiError with the GraphQL errors' types as reasons (`NOT_FOUND`). */
  readonly graphql: <T>(query: string, variables: Readonly<Record<string, unknown>>) => Promise<T>;
}

export function transport(options: GitHubOptions): GitHubTransport {
  const baseUrl = (options.apiUrl || "https://api.github.com").replace(/\/+$/, "");
  const graphqlUrl = options.graphqlUrl || defaultGraphqlUrl(baseUrl);
  const octokit = new Octokit({
    auth: options.token.reveal(),
    baseUrl,
    userAgent: "doge",
    request: { fetch: fetchThrough(options) },
    // Octokit prints deprecations: Doge's output is Doge's own.
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  octokit.hook.error("request", (thrown) => {
    // Octokit wraps what fetch throws.
    throw thrown.cause instanceof ApiError ? thrown.cause : thrown;
  });

  return {
    rest: octokit.request,
    async all<T>(fetch: (page: number) => Promise<Page<T>>) {
      const items: T[] = [];
      for (let page = 1; ; page++) {
        const { data, headers } = await fetch(page);
        items.push(...data);
        if (!headers.link?.includes('rel="next"')) return items;
      }
    },
    async graphql<T>(query: string, variables: Readonly<Record<string, unknown>>) {
      const answer = await octokit.request(`POST ${graphqlUrl}`, { query, variables });
      const { data, errors } = answer.data as { data?: T; errors?: { type?: string; message: string }[] };
      if (!errors || errors.length === 0) return data as T;
      throw new ApiError(
        error({
          code: errors.some((e) => e.type === "FORBIDDEN") ? "github-forbidden" : "github-refused",
          summary: "GitHub refused a GraphQL request",
          detail: `GitHub says: ${errors.map((e) => e.message).join("; ")}`,
          remedy: "Correct what the message names, or give the token the scope repo.",
        }),
        200,
        errors.flatMap((e) => e.type ?? []),
      );
    },
  };
}

/** `…/api/v3` has its GraphQL at `…/api/graphql`; github.com at `/graphql`. */
export const defaultGraphqlUrl = (apiUrl: string): string =>
  apiUrl.endsWith("/api/v3") ? apiUrl.replace(/\/v3$/, "/graphql") : `${apiUrl}/graphql`;

function fetchThrough(options: GitHubOptions) {
  return async (url: string, init: RequestInit): Promise<Response> => {
    const method = (init.method ?? "GET") as HttpRequest["method"];
    const request: HttpRequest = {
      method,
      url,
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(typeof init.body === "string" ? { body: init.body } : {}),
      ...(options.signal && method === "GET" ? { signal: options.signal } : {}),
    };
    let response: HttpResponse;
    try {
      response = await sendWithRetry(options.http, options.clock, request, {
        ...retryOptions(options),
        ...(isQuery(init.body) ? { repeatable: true } : {}),
      });
    } catch (thrown) {
      throw unanswered(vendor, request, thrown);
    }
    if (response.status >= 400) throw answered(vendor, request, response, options.clock.now());
    const empty = response.body.length === 0 || [204, 205, 304].includes(response.status);
    // The body's encoding is undone already.
    const { "content-encoding": _, "content-length": __, ...headers } = response.headers;
    return new Response(empty ? null : response.text(), { status: response.status, headers });
  };
}

/** GraphQL travels as POST, but a query only asks. */
const isQuery = (body: unknown): boolean => typeof body === "string" && /^\{"query":"\s*(query\b|\{)/.test(body);
