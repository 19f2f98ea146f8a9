import { request } from "node:http";
import type { Duplex } from "node:stream";
import { type HttpRequest, type HttpResponse, TransportError } from "../ports.ts";

const reasons: Readonly<Record<string, TransportError["reason"]>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ETIMEDOUT: "timeout",
};

/**
 * One plain HTTP exchange over a stream that is open already: a tunnel. No redirects; the stream is used up.
 * Throws TransportError where no whole answer came.
 */
export function httpOverStream(
  stream: Duplex,
  exchange: Pick<HttpRequest, "method" | "url" | "headers" | "timeoutMilliseconds"> & { readonly body?: string },
): Promise<HttpResponse> {
  const { method, url, body } = exchange;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => outgoing.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })),
      exchange.timeoutMilliseconds ?? 30_000,
    );
    const broken = (thrown: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      stream.destroy();
      reject(new TransportError(reasons[thrown.code ?? ""] ?? "other", url, `${url}: ${thrown.message}`));
    };
    const headers = {
      connection: "close",
      ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
      ...exchange.headers,
    };
    // No agent: with one, even `false`, Node would open a connection of its own.
    const outgoing = request(url, { method, headers, createConnection: () => stream }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", broken);
      incoming.on("end", () => {
        clearTimeout(timer);
        const content = Buffer.concat(chunks);
        const text = (): string => content.toString("utf8");
        const received = Object.entries(incoming.headers).map(
          ([key, value]) => [key, Array.isArray(value) ? value.join(", ") : (value ?? "")] as const,
        );
        resolve({
          status: incoming.statusCode ?? 0,
          headers: Object.fromEntries(received),
          body: content,
          text,
          json: () => JSON.parse(text()) as unknown,
        });
        stream.destroy();
      });
    });
    outgoing.on("error", broken);
    outgoing.end(body);
  });
}
