import {
  DogeError,
  type HttpRequest,
  type HttpResponse,
  TransportError,
  error,
  retryAfter,
  scrubUrls,
} from "@doge/core";

/** A vendor's API, as far as its errors differ from another's. */
export interface Vendor {
  /** As people write it: `DigitalOcean`. */
  readonly name: string;
  /** First word of its diagnostics' codes: `digitalocean`. */
  readonly code: string;
  /** Where a token comes from: the remedy for a refused one. */
  readonly tokenRemedy: string;
  /** What a token must be allowed to do, where the vendor says it in its answer. */
  readonly scopeRemedy: (response: HttpResponse) => string;
  /** The vendor's own message and error codes in an error body; undefined where the body is another's (a proxy's). */
  readonly parse: (body: unknown) => { readonly message: string; readonly reasons?: readonly string[] } | undefined;
}

/**
 * An answer of 400 and above, or no whole answer (`status` undefined). Callers decide by status and
 * reasons, never by the text.
 */
export class ApiError extends DogeError {
  /** undefined: whether the request took effect is unknown. */
  readonly status: number | undefined;
  /** The vendor's machine-readable codes: `["unprocessable_entity"]`, `["already_exists"]`. */
  readonly reasons: readonly string[];

  constructor(
    diagnostic: ConstructorParameters<typeof DogeError>[0][number],
    status: number | undefined,
    reasons: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super([diagnostic], options);
    this.status = status;
    this.reasons = reasons;
  }
}

type Asked = Pick<HttpRequest, "method" | "url">;

/** The diagnostic of an answer of 400 and above, at a time. */
export function answered(vendor: Vendor, request: Asked, response: HttpResponse, now: Date): ApiError {
  const parsed = parse(vendor, response);
  const reasons = parsed?.reasons ?? [];
  const said = parsed?.message ? `${vendor.name} says: ${parsed.message}` : `${vendor.name} gave no reason`;
  const detail = `${said} (HTTP ${response.status} for ${request.method} ${place(request.url)})`;
  const pause = retryAfter(response, now);
  const kind =
    response.status === 429 || (response.status === 403 && pause !== undefined)
      ? limited(pause)
      : (kinds.find((k) => k.matches(response.status)) ?? unexpected);
  return new ApiError(
    error({
      code: `${vendor.code}-${kind.code}`,
      summary: `${vendor.name} ${kind.summary}`,
      detail,
      remedy: kind.remedy(vendor, response),
    }),
    response.status,
    reasons,
  );
}

/** The diagnostic of a request that got no whole answer; other errors are handed back as they are. */
export function unanswered(vendor: Vendor, request: Asked, thrown: unknown): unknown {
  if (!(thrown instanceof TransportError)) return thrown;
  return new ApiError(
    error({
      code: `${vendor.code}-unreachable`,
      summary: `${vendor.name} gave no answer`,
      detail: `${request.method} ${scrubUrls(request.url).split("?")[0]}: ${thrown.reason}, ${thrown.message.replace(`${thrown.url}: `, "")}`,
      remedy:
        thrown.reason === "tls"
          ? "Check the certificate of the address; NODE_EXTRA_CA_CERTS names further authorities."
          : "Check the network, a proxy (HTTPS_PROXY) and the configured address, then run again; a local cloud that was stopped starts with doge cloud up.",
    }),
    undefined,
    [thrown.reason],
    { cause: thrown },
  );
}

interface Kind {
  readonly matches: (status: number) => boolean;
  readonly code: string;
  readonly summary: string;
  readonly remedy: (vendor: Vendor, response: HttpResponse) => string;
}

const is = (expected: number) => (status: number) => status === expected;

const kinds: readonly Kind[] = [
  { matches: is(401), code: "unauthorized", summary: "refused the token", remedy: (v) => v.tokenRemedy },
  { matches: is(403), code: "forbidden", summary: "does not allow this", remedy: (v, r) => v.scopeRemedy(r) },
  {
    matches: is(404),
    code: "not-found",
    summary: "does not know this object",
    remedy: () => "Check the name and the account or organization; a token without access sees the same answer.",
  },
  {
    matches: (s) => s === 409 || s === 412,
    code: "conflict",
    summary: "can't do this in the object's present condition",
    remedy: () => "Wait for what else is at work on the object, then run again.",
  },
  {
    matches: (s) => s === 400 || s === 422,
    code: "invalid",
    summary: "refused the request as invalid",
    remedy: () => "Correct the value named in the message.",
  },
  {
    matches: (s) => s >= 500,
    code: "unavailable",
    summary: "failed to answer",
    remedy: (v) => `This is a trouble of ${v.name}, not of your project: run again later.`,
  },
];

/** 429, or GitHub's 403 that says when to come again. */
const limited = (pause: number | undefined): Kind => ({
  matches: is(429),
  code: "rate-limited",
  summary: "is limiting requests",
  remedy: () =>
    `Wait ${pause === undefined ? "a while" : waiting(pause)}, then run again: it goes on where it stopped.`,
});

const waiting = (milliseconds: number): string =>
  milliseconds < 120_000 ? `${Math.ceil(milliseconds / 1_000)} s` : `${Math.ceil(milliseconds / 60_000)} min`;

const unexpected: Kind = {
  matches: () => true,
  code: "unexpected",
  summary: "gave an answer that Doge does not expect",
  remedy: () => "Check that the configured address is the vendor's API.",
};

function parse(vendor: Vendor, response: HttpResponse): ReturnType<Vendor["parse"]> {
  try {
    return vendor.parse(response.json());
  } catch {
    const text = response.text().trim();
    return text && text.length < 300 && !text.startsWith("<") ? { message: text } : undefined;
  }
}

/** Path only: query strings may carry signatures. */
const place = (url: string): string => new URL(url).pathname;

/** Whether a write may have taken effect although no good answer came. */
export const effectUnknown = (thrown: unknown): boolean =>
  thrown instanceof ApiError && (thrown.status === undefined ? thrown.reasons[0] !== "refused" : thrown.status >= 500);

export const hasStatus = (thrown: unknown, ...statuses: readonly number[]): thrown is ApiError =>
  thrown instanceof ApiError && thrown.status !== undefined && statuses.includes(thrown.status);

/** The value, or undefined where the vendor answers 404. */
export async function ifFound<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (thrown) {
    if (hasStatus(thrown, 404)) return undefined;
    throw thrown;
  }
}

/** Refused to adopt what is there already: `digitalocean_domain "example.com"`. */
export function alreadyExists(
  vendor: Vendor,
  object: { readonly type: string; readonly name: string; readonly importId: string; readonly rename?: string },
): DogeError {
  return new DogeError([
    error({
      code: `${vendor.code}-exists`,
      summary: `${vendor.name} has an object of this name that Doge did not make`,
      detail: `${object.type} "${object.name}" exists already, with id ${object.importId}.`,
      remedy:
        `Take it over with \`doge import <address> ${object.importId}\`, ` +
        `${object.rename ?? "choose another name"}, or delete it.`,
    }),
  ]);
}

/**
 * Creates, and finds out what became of a create: where no good answer came it looks for the object, and where the
 * vendor allows no two alike (`taken`) it asks once more, as the second can then make no other. Where the vendor
 * refuses with one of `taken` and the object is there, it says so instead of adopting it.
 */
export async function createOnce<T>(options: {
  readonly create: () => Promise<T>;
  readonly find: () => Promise<T | undefined>;
  /** Statuses that may mean "exists already"; left out where the vendor allows two alike. */
  readonly taken?: readonly number[];
  readonly exists?: (object: T) => DogeError;
}): Promise<T> {
  const found = () => options.find().catch(() => undefined);
  const taken = (thrown: unknown): boolean => hasStatus(thrown, ...(options.taken ?? []));
  try {
    return await options.create();
  } catch (thrown) {
    if (!effectUnknown(thrown)) {
      const other = options.exists && taken(thrown) ? await found() : undefined;
      throw other === undefined ? thrown : options.exists?.(other);
    }
    const made = await found();
    if (made !== undefined) return made;
    if (options.taken === undefined) throw thrown;
    try {
      return await options.create();
    } catch (again) {
      // It was not there before the first: what is there now is ours.
      const ours = effectUnknown(again) || taken(again) ? await found() : undefined;
      if (ours === undefined) throw again;
      return ours;
    }
  }
}
