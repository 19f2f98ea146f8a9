import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Clock, type HttpRequest, sendWithRetry, TransportError } from "../src/index.ts";
import { nodeHttp } from "../src/node/index.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Answer = { readonly status: number; readonly headers?: Record<string, string> } | "cut";

/** A server that gives these answers in turn, the last one for ever. */
async function answering(...answers: Answer[]): Promise<{ readonly url: string; readonly seen: string[] }> {
  const seen: string[] = [];
  server = createServer((request, response) => {
    seen.push(request.method ?? "");
    const answer = answers.length > 1 ? (answers.shift() as Answer) : (answers[0] as Answer);
    if (answer === "cut") request.socket.destroy();
    else response.writeHead(answer.status, answer.headers).end("{}");
  });
  await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

/** Time that only sleeping moves. */
function fakeClock(): Clock & { readonly slept: number[] } {
  let now = Date.parse("2026-01-01T00:00:00Z");
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(now),
    sleep: async (milliseconds) => {
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
}

const http = nodeHttp({});
const send = (method: HttpRequest["method"], url: string, clock: Clock) =>
  sendWithRetry(http, clock, { method, url }, { random: () => 0 });

test("waits as long as Retry-After says, also for a POST: 429 had no effect", async () => {
  const { url, seen } = await answering({ status: 429, headers: { "retry-after": "7" } }, { status: 201 });
  const clock = fakeClock();
  expect((await send("POST", url, clock)).status).toBe(201);
  expect(seen).toEqual(["POST", "POST"]);
  expect(clock.slept).toEqual([7_000]);
});

test("waits for GitHub's rate limit to reset", async () => {
  const reset = Date.parse("2026-01-01T00:00:30Z") / 1_000;
  const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(reset) };
  const { url } = await answering({ status: 403, headers }, { status: 200 });
  const clock = fakeClock();
  expect((await send("GET", url, clock)).status).toBe(200);
  expect(clock.slept).toEqual([30_000]);
});

test("a 403 without a limit is an answer", async () => {
  const { url, seen } = await answering({ status: 403 });
  expect((await send("GET", url, fakeClock())).status).toBe(403);
  expect(seen).toHaveLength(1);
});

test("repeats what may be repeated after 502 and after a cut connection", async () => {
  const { url, seen } = await answering({ status: 502 }, "cut", { status: 200 });
  const clock = fakeClock();
  expect((await send("PUT", url, clock)).status).toBe(200);
  expect(seen).toHaveLength(3);
  expect(clock.slept).toEqual([125, 250]);
});

test("never repeats a POST whose effect is unknown", async () => {
  const cut = await answering("cut");
  await expect(send("POST", cut.url, fakeClock())).rejects.toBeInstanceOf(TransportError);
  expect(cut.seen).toHaveLength(1);
});

test("gives up after the last attempt with the answer it has", async () => {
  const { url, seen } = await answering({ status: 503 });
  expect((await send("GET", url, fakeClock())).status).toBe(503);
  expect(seen).toHaveLength(6);
});

test("repeats a POST that never left: the connection was refused", async () => {
  const { url } = await answering({ status: 200 });
  server?.closeAllConnections();
  await new Promise((done) => server?.close(done));
  await expect(send("POST", url, fakeClock())).rejects.toMatchObject({ reason: "refused" });
});

test("repeats a POST that may be repeated", async () => {
  const { url, seen } = await answering("cut", { status: 502 }, { status: 200 });
  const sent = sendWithRetry(http, fakeClock(), { method: "POST", url }, { repeatable: true });
  expect((await sent).status).toBe(200);
  expect(seen).toHaveLength(3);
});

test("hands back the answer of a vendor that wants to be left alone for too long", async () => {
  const { url, seen } = await answering({ status: 429, headers: { "retry-after": "3600" } });
  expect((await send("GET", url, fakeClock())).status).toBe(429);
  expect(seen).toHaveLength(1);
});
