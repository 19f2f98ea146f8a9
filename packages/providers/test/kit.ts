import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, type DogeEvent, DogeError } from "@doge/core";
import { nodeHttp } from "@doge/core/node";
import type { Attributes, Block, Work } from "@doge/engine";
import { afterAll } from "vitest";

export const http = nodeHttp({});

/** A clock that never waits: it moves by itself, and remembers the pauses. */
export function clock(start = "2026-01-10T10:00:00Z"): Clock & { readonly pauses: number[] } {
  let now = Date.parse(start);
  const pauses: number[] = [];
  return {
    pauses,
    now: () => new Date(now),
    // oxlint-disable-next-line require-await -- as asynchronous as the real one
    sleep: async (milliseconds) => {
      pauses.push(milliseconds);
      now += milliseconds;
    },
  };
}

export function work(): Work & { readonly messages: string[] } {
  const messages: string[] = [];
  return { clock: clock(), messages, progress: (message) => void messages.push(message) };
}

export interface Seen {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed JSON, or undefined where there was none. */
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Closes the connection instead of answering. */
  readonly drop?: boolean;
}

export type Handler = (seen: Seen) => Answer | undefined | Promise<Answer | undefined>;

/** A real server that answers by `handler` and records every request. Unhandled ones get 404 as `missing`. */
export async function vendor(handler: Handler, missing: Answer = { status: 404, body: { message: "Not Found" } }) {
  const requests: Seen[] = [];
  let handle = handler;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const json = /json/.test(request.headers["content-type"] ?? "") && text !== "";
      const seen: Seen = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        text,
        body: json ? JSON.parse(text) : undefined,
      };
      requests.push(seen);
      void (async () => {
        const answer = (await handle(seen)) ?? missing;
        if (answer.drop) return request.socket.destroy();
        const body = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
        const type = typeof answer.body === "string" ? "text/plain" : "application/json; charset=utf-8";
        response.writeHead(answer.status ?? 200, { ...(body ? { "content-type": type } : {}), ...answer.headers });
        return response.end(body);
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    /** Forgets what was seen, and answers by another handler from now on. */
    answer(next: Handler): void {
      requests.length = 0;
      handle = next;
    },
    /** `["POST /v2/domains", …]` */
    get lines(): string[] {
      return requests.map((r) => `${r.method} ${r.path}`);
    },
  };
}

/** Answers by `METHOD /path` (query string left out); a function sees the request. */
export const routes =
  (table: Readonly<Record<string, Answer | ((seen: Seen) => Answer)>>): Handler =>
  (seen) => {
    const answer = table[`${seen.method} ${seen.path.split("?")[0]}`];
    return typeof answer === "function" ? answer(seen) : answer;
  };

/** Attributes and blocks that a state lacks, or has and the schema doesn't: empty when all is well. */
export function describedBy(schema: Block, state: Attributes): string[] {
  const names = [...Object.keys(schema.attributes), ...Object.keys(schema.blocks ?? {})];
  return [
    ...names.filter((name) => state[name] === undefined).map((name) => `missing ${name}`),
    ...Object.keys(state)
      .filter((name) => !names.includes(name))
      .map((name) => `unknown ${name}`),
  ];
}

/** The first diagnostic of what a promise throws. */
export async function trouble(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof DogeError) return thrown.diagnostics[0];
    throw thrown;
  }
  throw new Error("expected a diagnostic, but nothing was thrown");
}

/** Configured values with the schema's defaults filled in, as the engine hands them over. */
export function configured(schema: Block, values: Attributes): Attributes {
  const attributes = Object.entries(schema.attributes).map(([name, a]) => [name, values[name] ?? a.default ?? null]);
  const blocks = Object.entries(schema.blocks ?? {}).map(([name, nested]) => [
    name,
    ((values[name] ?? []) as Attributes[]).map((block) => configured(nested.block, block)),
  ]);
  return Object.fromEntries([...attributes, ...blocks]) as Attributes;
}

export const events = () => {
  const seen: DogeEvent[] = [];
  return { seen, emit: (event: DogeEvent) => void seen.push(event) };
};
