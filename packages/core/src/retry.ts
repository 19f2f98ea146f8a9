import { type Clock, type Http, type HttpRequest, type HttpResponse, TransportError } from "./ports.ts";
import { scrubUrls } from "./secret.ts";
import type { Emit } from "./events.ts";

export interface RetryPolicy {
  /** Attempts in all, the first one counted. */
  readonly attempts: number;
  /** First pause; doubles each time, with full jitter, up to `maximumMilliseconds`. */
  readonly baseMilliseconds: number;
  readonly maximumMilliseconds: number;
  /** Where a vendor wants to be left alone for longer, its answer is handed back; ten minutes unless told. */
  readonly longestMilliseconds?: number;
}

export const defaultRetry: RetryPolicy = { attempts: 6, baseMilliseconds: 250, maximumMilliseconds: 20_000 };

/** PATCH too: every one of ours says what shall be, none says what to add. */
const idempotent = new Set(["GET", "HEAD", "PUT", "PATCH", "DELETE"]);

export interface RetryOptions {
  readonly policy?: RetryPolicy;
  readonly emit?: Emit;
  readonly random?: () => number;
  /** A POST that may be sent twice: it only asks, or the second one changes nothing. */
  readonly repeatable?: boolean;
  /** Ends the pauses. The exchange itself ends by the request's own signal. */
  readonly interrupt?: AbortSignal;
}

/**
 * Sends, and sends again where that is safe: always after 429 (and GitHub's 403 with `Retry-After` or no
 * quota left), which had no effect; after 500, 502, 503, 504 and broken connections only what may be repeated.
 * A POST of unknown effect is never repeated: its caller looks for what it made.
 */
export async function sendWithRetry(
  http: Http,
  clock: Clock,
  request: HttpRequest,
  options: RetryOptions = {},
): Promise<HttpResponse> {
  const policy = options.policy ?? defaultRetry;
  const random = options.random ?? Math.random;
  const repeatable = options.repeatable ?? idempotent.has(request.method);
  for (let attempt = 1; ; attempt++) {
    let pause =
      Math.min(policy.maximumMilliseconds, policy.baseMilliseconds * 2 ** (attempt - 1)) * (0.5 + random() / 2);
    let reason: string;
    try {
      const response = await http.send(request);
      const wait = retryAfter(response, clock.now());
      const refused = response.status === 429 || (response.status === 403 && wait !== undefined);
      const broken = [500, 502, 503, 504].includes(response.status) && repeatable;
      if ((!refused && !broken) || attempt >= policy.attempts) return response;
      if ((wait ?? 0) > (policy.longestMilliseconds ?? 600_000)) return response;
      if (wait !== undefined) pause = wait + random() * policy.baseMilliseconds;
      reason = `HTTP ${response.status}`;
    } catch (thrown) {
      const transport = thrown instanceof TransportError ? thrown : undefined;
      const neverSent = transport?.reason === "refused" || transport?.reason === "dns";
      const again =
        transport && transport.reason !== "aborted" && transport.reason !== "tls" && (neverSent || repeatable);
      if (!again || attempt >= policy.attempts) throw thrown;
      reason = transport.reason;
    }
    options.emit?.({
      type: "http.retrying",
      method: request.method,
      url: scrubUrls(request.url),
      attempt,
      inMilliseconds: Math.round(pause),
      reason,
    });
    await clock.sleep(pause, options.interrupt ?? request.signal);
  }
}

/** Milliseconds that the vendor wants to be left alone, by `Retry-After` (seconds or date) or an exhausted rate limit's reset (epoch seconds). */
export function retryAfter(response: Pick<HttpResponse, "headers">, now: Date): number | undefined {
  const header = response.headers["retry-after"];
  if (header !== undefined) {
    const seconds = Number(header);
    const at = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now.getTime();
    return Number.isFinite(at) ? Math.max(0, at) : undefined;
  }
  const remaining = response.headers["x-ratelimit-remaining"] ?? response.headers["ratelimit-remaining"];
  const reset = Number(response.headers["x-ratelimit-reset"] ?? response.headers["ratelimit-reset"]);
  if (remaining !== "0" || !Number.isFinite(reset)) return undefined;
  // HCP counts seconds from now, GitHub and DigitalOcean give an epoch.
  return Math.max(0, reset > 1e9 ? reset * 1000 - now.getTime() : reset * 1000);
}
