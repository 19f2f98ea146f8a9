import {
  type Clock,
  type Emit,
  type Http,
  type HttpResponse,
  type RetryOptions,
  type RetryPolicy,
  sendWithRetry,
} from "@doge/core";
import { type Vendor, answered, unanswered } from "./errors.ts";

/** What every vendor's client is made from. */
export interface ClientOptions {
  readonly http: Http;
  readonly clock: Clock;
  readonly emit?: Emit;
  /** Ends reads and pauses at once. Writes always run to their end: half a create is an orphan. */
  readonly signal?: AbortSignal;
  readonly retry?: RetryPolicy;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";

export interface SendOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, instead of `body`. */
  readonly bytes?: string | Uint8Array;
  /** Left out where true: an upload or log address is its own authority. */
  readonly anonymous?: boolean;
  readonly timeoutMilliseconds?: number;
  /** A POST that may be sent twice: the second one changes nothing. */
  readonly repeatable?: boolean;
}

/** JSON over HTTP with one vendor's base address, credentials and errors. */
export interface Api {
  /** One answer below 400. `path` starts with `/`, or is a whole URL. Throws ApiError. */
  send(method: Method, path: string, options?: SendOptions): Promise<HttpResponse>;
  /** The body of an answer below 400. */
  json<T>(method: Method, path: string, body?: unknown): Promise<T>;
}

export function createApi(
  options: ClientOptions,
  vendor: Vendor,
  endpoint: {
    readonly url: string;
    readonly authorization: () => string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly contentType?: string;
  },
): Api {
  const base = endpoint.url.replace(/\/+$/, "");
  /** Reads that are under way: objects that live in one answer ask for it once. A write makes them old. */
  let reading = new Map<string, Promise<HttpResponse>>();

  const send: Api["send"] = (method, path, sending = {}) => {
    if (method !== "GET") {
      const forget = (): void => void (reading = new Map());
      forget();
      return exchange(method, path, sending).finally(forget);
    }
    const what = JSON.stringify([path, sending]);
    const under = reading.get(what);
    if (under) return under;
    const mine = reading;
    const answer = exchange(method, path, sending).finally(() => mine.delete(what));
    mine.set(what, answer);
    return answer;
  };

  const exchange: Api["send"] = async (method, path, sending = {}) => {
    const url = path.startsWith("/") ? base + path : path;
    const body = sending.bytes ?? (sending.body === undefined ? undefined : JSON.stringify(sending.body));
    const request = {
      method,
      url,
      headers: {
        ...endpoint.headers,
        ...(sending.anonymous ? {} : { authorization: endpoint.authorization() }),
        ...(body === undefined ? {} : { "content-type": endpoint.contentType ?? "application/json" }),
        ...sending.headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(options.signal && method === "GET" ? { signal: options.signal } : {}),
      ...(sending.timeoutMilliseconds ? { timeoutMilliseconds: sending.timeoutMilliseconds } : {}),
    };
    let response: HttpResponse;
    try {
      response = await sendWithRetry(options.http, options.clock, request, {
        ...retryOptions(options),
        ...(sending.repeatable === undefined ? {} : { repeatable: sending.repeatable }),
      });
    } catch (thrown) {
      throw unanswered(vendor, request, thrown);
    }
    if (response.status >= 400) throw answered(vendor, request, response, options.clock.now());
    return response;
  };

  return {
    send,
    json: async <T>(method: Method, path: string, body?: unknown) =>
      (await send(method, path, body === undefined ? {} : { body })).json() as T,
  };
}

export const retryOptions = (options: ClientOptions): Pick<RetryOptions, "policy" | "emit" | "interrupt"> => ({
  ...(options.retry ? { policy: options.retry } : {}),
  ...(options.signal ? { interrupt: options.signal } : {}),
  ...(options.emit ? { emit: options.emit } : {}),
});
