import { request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";
import { type HttpResponse, TransportError } from "@doge/core";
import type { HostHttpRequest } from "./host.ts";

const reasons: Readonly<Record<string, TransportError["reason"]>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ETIMEDOUT: "timeout",
};

/** One HTTP exchange over a stream that leads to a port of the host. */
export async function httpOver(open: () => Promise<Duplex>, request: HostHttpRequest): Promise<HttpResponse> {
  const url = `http://127.0.0.1:${request.port}${request.path}`;
  const stream = await open();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => outgoing.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })),
      request.timeoutMilliseconds ?? 5_000,
    );
    const broken = (thrown: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      stream.destroy();
      reject(new TransportError(reasons[thrown.code ?? ""] ?? "other", url, `${url}: ${thrown.message}`));
    };
    const outgoing = httpRequest(
      url,
      {
        method: request.method,
        createConnection: () => stream,
        headers: {
          connection: "close",
          ...(request.body === undefined ? {} : { "content-length": String(Buffer.byteLength(request.body)) }),
          ...request.headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", broken);
        incoming.on("end", () => {
          clearTimeout(timer);
          const body = Buffer.concat(chunks);
          const headers = Object.fromEntries(
            Object.entries(incoming.headers).map(([key, value]) => [
              key,
              Array.isArray(value) ? value.join(", ") : (value ?? ""),
            ]),
          );
          const text = (): string => body.toString("utf8");
          resolve({ status: incoming.statusCode ?? 0, headers, body, text, json: () => JSON.parse(text()) as unknown });
          stream.destroy();
        });
      },
    );
    outgoing.on("error", broken);
    outgoing.end(request.body);
  });
}
