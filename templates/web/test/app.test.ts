import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp } from "../src/app.ts";
import type { Entry, Guestbook } from "../src/guestbook.ts";
import type { Readiness } from "../src/readiness.ts";

const settings = { port: 0, databaseUrl: "postgres://unused", environment: "stage", release: "7", commit: "0123456789" };

function memoryGuestbook(): Guestbook {
  const entries: Entry[] = [];
  return {
    page: async () => ({ total: entries.length, entries: entries.toReversed() }),
    sign: async (entry) => {
      entries.push({ ...entry, createdAt: new Date(0) });
    },
  };
}

function site(parts: { readonly guestbook?: Guestbook; readonly readiness?: Readiness } = {}) {
  const lines: string[] = [];
  const log = { info: (message: string) => lines.push(message), error: (message: string) => lines.push(message) };
  const readiness = parts.readiness ?? { check: async () => ({ ready: true }), drain: () => {} };
  const app = createApp({ settings, guestbook: parts.guestbook ?? memoryGuestbook(), readiness, log });
  return { app, lines };
}

const form = (origin: string, fields: Record<string, string>): RequestInit => ({
  method: "POST",
  headers: { origin, host: "example.test", "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(fields).toString(),
});

test("the home page says which release of which environment it is", async () => {
  const response = await site().app.request("/");
  const text = await response.text();
  assert.equal(response.status, 200);
  assert.match(text, /<span id="environment">stage<\/span>/);
  assert.match(text, /<span id="release">7<\/span>/);
  assert.match(text, /<code id="commit">0123456<\/code>/);
});

test("signing the guest book adds a wow, and its text is escaped", async () => {
  const { app } = site();
  const signed = await app.request("/", form("https://example.test", { name: "Kabosu", message: "<b>very</b> deploy" }));
  assert.equal(signed.status, 303);
  assert.equal(signed.headers.get("location"), "/");
  const text = await (await app.request("/")).text();
  assert.match(text, /<strong id="total">1<\/strong>/);
  assert.match(text, /&lt;b&gt;very&lt;\/b&gt; deploy/);
});

test("an incomplete form comes back with what was typed and what is missing", async () => {
  const response = await site().app.request("/", form("https://example.test", { name: "Kabosu", message: " " }));
  const text = await response.text();
  assert.equal(response.status, 422);
  assert.match(text, /Please give your name and a message/);
  assert.match(text, /value="Kabosu"/);
});

test("a form of another site is refused", async () => {
  const response = await site().app.request("/", form("https://evil.test", { name: "Cat", message: "meow" }));
  assert.equal(response.status, 403);
});

test("pages carry a strict content security policy and a request id", async () => {
  const { headers } = await site().app.request("/about/", { headers: { "x-request-id": "from-the-edge-1" } });
  assert.match(headers.get("content-security-policy") ?? "", /default-src 'self'/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("x-request-id"), "from-the-edge-1");
});

test("an unknown page is a 404", async () => {
  const response = await site().app.request("/cats/");
  assert.equal(response.status, 404);
  assert.match(await response.text(), /not the page you were looking for/);
});

test("a failure is a 500 that tells the visitor nothing and the log everything", async () => {
  const guestbook: Guestbook = { page: () => Promise.reject(new Error("relation missing")), sign: async () => {} };
  const { app, lines } = site({ guestbook });
  const response = await app.request("/");
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /relation/);
  assert.ok(lines.includes("request failed"));
});

test("readiness answers 503 with the reason", async () => {
  const readiness: Readiness = { check: async () => ({ ready: false, reason: "draining" }), drain: () => {} };
  const response = await site({ readiness }).app.request("/readyz");
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), { ready: false, reason: "draining" });
  assert.equal((await site().app.request("/readyz")).status, 200);
  assert.equal((await site().app.request("/healthz")).status, 200);
});
