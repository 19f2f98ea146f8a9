import { type Clock, type Http, type HttpRequest, type HttpResponse, TransportError } from "./ports.ts";
import { scrubUrls } from "./secret.ts";
import type { Emit } from "./events.ts";

export interface RetryPolicy {
  /** Attempts in all, the first one counted. */
  readonly attempts: number;
  /** First pause; doubles each time, with full jitter, up to `maximumMilliseconds`. */
  readonly baseMilliseconds: number;
  readonly maximumMilliseconds: number;
}

export const defaultRetry: RetryPolicy = { attempts: 6, baseMilliseconds: 250, maximumMilliseconds: 20_000 };

const idempotent = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/**
 * Sends, and sends again where that is safe: always after 429 (and GitHub's 403 with `Retry-After` or no
 * quota left), which had no effect; after 502, 503, 504 and broken connections only for idempotent methods.
 * A POST of unknown effect is never repeated: its caller looks for what it made.
 */
export async function sendWithRetry(
  http: Http,
  clock: Clock,
  request: HttpRequest,
  options: { readonly policy?: RetryPolicy; readonly emit?: Emit; readonly random?: () => number } = {},
): Promise<HttpResponse> {
  const policy = options.policy ?? defaultRetry;
  const random = options.random ?? Math.random;
  for (let attempt = 1; ; attempt++) {
    let pause =
      Math.min(policy.maximumMilliseconds, policy.baseMilliseconds * 2 ** (attempt - 1)) * (0.5 + random() / 2);
    let reason: string;
    try {
      const response = await http.send(request);
      const wait = retryAfter(response, clock.now());
      const refused = response.status === 429 || (response.status === 403 && wait !== undefined);
      const broken = [500, 502, 503, 504].includes(response.status) && idempotent.has(request.method);
      if ((!refused && !broken) || attempt >= policy.attempts) return response;
      if (wait !== undefined) pause = wait + random() * policy.baseMilliseconds;
      reason = `HTTP ${response.status}`;
    } catch (thrown) {
      const transport = thrown instanceof TransportError ? thrown : undefined;
      const neverSent = transport?.reason === "refused" || transport?.reason === "dns";
      const again =
        transport &&
        transport.reason !== "aborted" &&
        transport.reason !== "tls" &&
        (neverSent || idempotent.has(request.method));
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
    await clock.sleep(pause, request.signal);
  }
}

/** Milliseconds to wait by `Retry-After` (seconds or date) or an exhausted rate limit's reset (epoch seconds). */
function retryAfter(response: HttpResponse, now: Date): number | undefined {
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
