import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterEach, expect, test } from "vitest";
import { createFaults } from "../../src/kit/faults.ts";
import { serveApp, type HttpServer, type ServeOptions } from "../../src/kit/http.ts";
import { createRateHeaders } from "../../src/kit/rate.ts";
import { openRequestLog, scrubPath } from "../../src/kit/requests.ts";

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

async function served(app: Hono, around?: ServeOptions["around"]): Promise<HttpServer> {
  const server = await serveApp(app, { host: "127.0.0.1", port: 0, ...(around && { around }) });
  undo.push(() => server.stop(0));
  return server;
}

const app = (): Hono & { calls: number } => {
  const hono = Object.assign(new Hono(), { calls: 0 });
  hono.all("/things", (c) => c.json({ calls: ++hono.calls }, 201));
  return hono;
};

test("an answer begins before the request has ended: nothing is buffered", async () => {
  const echo = new Hono().post("/echo", (c) => new Response(c.req.raw.body));
  const server = await served(echo, { service: "github" });
  const { outgoing, first } = await new Promise<{ outgoing: ReturnType<typeof request>; first: string }>(
    (resolve, reject) => {
      const outgoing = request(`${server.url}/echo`, { method: "POST" }, (incoming) => {
        incoming.once("data", (chunk: Buffer) => resolve({ outgoing, first: chunk.toString() }));
      });
      outgoing.on("error", reject);
      outgoing.write("first");
    },
  );
  expect(first).toBe("first");
  outgoing.end();
});

test("a port in use is a diagnostic that names it", async () => {
  const server = await served(app());
  await expect(serveApp(app(), { host: "127.0.0.1", port: server.port })).rejects.toMatchObject({
    diagnostics: [{ code: "port-in-use", address: `127.0.0.1:${server.port}` }],
  });
});

test("faults: a status in the vendor's words, so many times, and before the service sees it", async () => {
  const faults = createFaults();
  const service = app();
  const server = await served(service, { service: "digitalocean", faults });
  faults.add({ service: "digitalocean", path: "^/things", effect: 503, times: 1, skip: 1, retryAfter: 3 });

  expect((await fetch(`${server.url}/things`)).status).toBe(201);
  const struck = await fetch(`${server.url}/things`, { method: "POST", body: "x".repeat(100_000) });
  expect(struck.status).toBe(503);
  expect(struck.headers.get("retry-after")).toBe("3");
  expect(await struck.json()).toEqual({
    id: "service_unavailable",
    message: "Injected by the local cloud's control port",
    request_id: struck.headers.get("x-request-id"),
  });
  expect(await (await fetch(`${server.url}/things`)).json()).toEqual({ calls: 2 });
});

test("faults: the answer is lost after the work was done", async () => {
  const faults = createFaults();
  const service = app();
  const server = await served(service, { service: "hcp", faults });
  faults.add({ effect: "cut", when: "after", times: 1 });
  await expect(fetch(`${server.url}/things`, { method: "POST" })).rejects.toThrow("fetch failed");
  expect(service.calls).toBe(1);
  faults.add({ effect: "cut", times: 1 });
  await expect(fetch(`${server.url}/things`, { method: "POST" })).rejects.toThrow("fetch failed");
  expect(service.calls).toBe(1);
});

test("faults: the same seed strikes the same requests", () => {
  const strikes = (seed: number): boolean[] => {
    const faults = createFaults();
    faults.add({ effect: "cut", probability: 0.5, seed });
    return Array.from({ length: 40 }, () => Boolean(faults.strike({ service: "hcp", method: "GET", path: "/" })));
  };
  expect(strikes(7)).toEqual(strikes(7));
  expect(strikes(7)).not.toEqual(strikes(8));
  expect(strikes(7).filter(Boolean).length).toBeGreaterThan(8);
});

test("faults: nonsense is refused with what is known", () => {
  const faults = createFaults();
  for (const wrong of [{ effect: 200 }, { effect: "cut", paht: "x" }, { effect: "cut", path: "(" }, null]) {
    expect(() => faults.add(wrong)).toThrow("This fault makes no sense");
  }
  expect(faults.list()).toEqual([]);
});

test("the log says who asked for what, and no secret", async () => {
  const folder = await mkdtemp(join(tmpdir(), "doge-kit-"));
  undo.push(() => rm(folder, { recursive: true }));
  const requests = openRequestLog(join(folder, "requests.jsonl"));
  const server = await served(app(), { service: "github", requests, rateHeaders: createRateHeaders(() => new Date()) });
  const answer = await fetch(`${server.url}/things?access_token=canary1&page=2`, {
    headers: { authorization: "Bearer canary2" },
  });
  expect(answer.headers.get("x-ratelimit-remaining")).toBe("4999");
  await answer.text();
  await requests.close();
  const file = await readFile(join(folder, "requests.jsonl"), "utf8");
  expect(file).not.toContain("canary");
  expect(JSON.parse(file)).toMatchObject({
    service: "github",
    method: "GET",
    path: "/things?access_token=***&page=2",
    status: 201,
    authorization: "Bearer ***",
    id: answer.headers.get("x-github-request-id"),
  });
});

test("an unguessable address is scrubbed, a commit or a digest is not", () => {
  const upload = "/_archivist/v1/object/dmF1bHQ6djE6QUJDREVGR0hJSktMTU5PUFFSU1Q";
  const commit = "/repos/doge/shop/commits/0a4d55a8d778e5022fab701977c5d840bbc486d0";
  expect(scrubPath(upload)).toBe("/_archivist/v1/object/***");
  expect(scrubPath(commit)).toBe(commit);
});
