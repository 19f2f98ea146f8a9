import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { type Dispatcher, EnvHttpProxyAgent, fetch } from "undici";
import { type Http, type HttpResponse, type Machine, TransportError } from "../ports.ts";
import { scrubUrls } from "../secret.ts";

const reasons: Readonly<Record<string, TransportError["reason"]>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  ETIMEDOUT: "timeout",
  UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  TimeoutError: "timeout",
  AbortError: "aborted",
};

/** Trusted CAs, with those of `NODE_EXTRA_CA_CERTS` added even where it was set after the process started. */
function trusted(env: Machine["env"]): { readonly ca?: string[] } {
  const extra = env["NODE_EXTRA_CA_CERTS"];
  if (!extra || extra === process.env["NODE_EXTRA_CA_CERTS"]) return {};
  try {
    return { ca: [...getCACertificates("default"), readFileSync(extra, "utf8")] };
  } catch {
    return {}; // as Node itself: a missing file is no reason to stop
  }
}

function agentFor(env: Machine["env"]): Dispatcher {
  const tls = trusted(env);
  return new EnvHttpProxyAgent({
    connect: tls,
    requestTls: tls,
    httpProxy: env["HTTP_PROXY"] ?? env["http_proxy"] ?? "",
    httpsProxy: env["HTTPS_PROXY"] ?? env["https_proxy"] ?? "",
    noProxy: env["NO_PROXY"] ?? env["no_proxy"] ?? "",
    // Commands end when their work ends, not when idle connections time out.
    keepAliveTimeout: 1_000,
  });
}

/**
 * HTTP by undici. `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` and `NODE_EXTRA_CA_CERTS` of `env` are obeyed;
 * `DOGE_REQUEST_SECONDS` is how long an exchange may take that says nothing of it.
 */
export function nodeHttp(env: Machine["env"]): Http {
  let agent: Dispatcher | undefined;
  const patience = Number(env["DOGE_REQUEST_SECONDS"]) * 1_000 || 30_000;
  return {
    async send(request) {
      const timeout = AbortSignal.timeout(request.timeoutMilliseconds ?? patience);
      try {
        const answer = await fetch(request.url, {
          method: request.method,
          headers: { "user-agent": "doge", ...request.headers },
          redirect: request.redirect ?? "follow",
          signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
          dispatcher: (agent ??= agentFor(env)),
          ...(request.body === undefined ? {} : { body: request.body }),
        });
        const body = new Uint8Array(await answer.arrayBuffer());
        const text = (): string => Buffer.from(body).toString("utf8");
        const response: HttpResponse = {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          body,
          text,
          json: () => JSON.parse(text()) as unknown,
        };
        return response;
      } catch (thrown) {
        throw transportError(thrown, request.url);
      }
    },
  };
}

function transportError(thrown: unknown, url: string): TransportError {
  const chain: Error[] = [];
  for (let cause = thrown; cause instanceof Error && chain.length < 5; cause = cause.cause) chain.push(cause);
  const codes = chain.flatMap((e) => [(e as NodeJS.ErrnoException).code, e.name]);
  const code = codes.find((c): c is string => c !== undefined && c in reasons);
  const tls = codes.some((c) => typeof c === "string" && /CERT|TLS|SSL/.test(c));
  const message = chain.at(-1)?.message || String(thrown);
  const clean = scrubUrls(url);
  return new TransportError(code ? (reasons[code] ?? "other") : tls ? "tls" : "other", clean, `${clean}: ${message}`, {
    cause: thrown,
  });
}
