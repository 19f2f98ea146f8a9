import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { makeSite } from "./support/site.ts";
import { visit } from "./support/visitor.ts";

const site = await makeSite({ DOGE_RELEASE: "7", DOGE_COMMIT: "0123456789" });

test("the home page says which release of which environment it is", async () => {
  const { status, text } = await visit(site).get("/");
  assert.equal(status, 200);
  assert.match(text, /<span id="environment">local<\/span>/);
  assert.match(text, /<span id="release">7<\/span>/);
  assert.match(text, /<code id="commit">0123456<\/code>/);
  assert.match(text, /id="sign-up-link"[\s\S]*id="log-in-link"/);
});

test("errors have pages of their own, and tell the visitor nothing that is the log's", async () => {
  const page = await visit(site).get("/cats/");
  assert.equal(page.status, 404);
  assert.match(page.text, /This is not the page you were looking for\./);
  for (const status of [400, 403, 404, 500]) assert.equal((await visit(site).get(`/${status}/`)).status, status);

  const broken = site.with({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
  const failed = await visit(broken).get("/accounts/confirm-email/x.y/");
  assert.equal(failed.status, 500);
  assert.doesNotMatch(failed.text, /ECONNREFUSED|127\.0\.0\.1/);
  const line = broken.lines.find(({ message }) => message === "request failed");
  assert.match(String(line?.["error"]), /ECONNREFUSED/);
  assert.equal(line?.["requestId"], failed.headers.get("x-request-id"));
});

test("a request keeps the id that the edge gave it, in the answer and in the log", async () => {
  const page = await visit(site).get("/about/", { "x-request-id": "from-the-edge-1" });
  assert.equal(page.headers.get("x-request-id"), "from-the-edge-1");
  assert.ok(site.lines.some(({ requestId, path }) => requestId === "from-the-edge-1" && path === "/about/"));
});

test("alive, ready, draining", async () => {
  const other = site.with({});
  assert.equal((await visit(other).get("/healthz")).status, 200);
  assert.deepEqual([(await visit(other).get("/readyz")).status, (await visit(other).get("/readyz")).text], [200, '{"ready":true}']);
  other.services.readiness.drain();
  const page = await visit(other).get("/readyz");
  assert.deepEqual([page.status, page.text], [503, '{"ready":false,"reason":"draining"}']);
  const broken = await visit(site.with({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" })).get("/readyz");
  assert.match(broken.text, /"reason":"database: .*ECONNREFUSED/);
});

test("assets have their hash in the name, may be kept for ever, and travel compressed", async () => {
  const path = /href="(\/assets\/style\.[0-9a-f]{10}\.css)"/.exec((await visit(site).get("/")).text)?.[1] ?? "";
  const plain = await site.app.request(path);
  const packed = await site.app.request(path, { headers: { "accept-encoding": "gzip" } });
  assert.equal(plain.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.equal(packed.headers.get("content-encoding"), "gzip");
  const [whole, zipped] = [Buffer.from(await plain.arrayBuffer()), Buffer.from(await packed.arrayBuffer())];
  assert.deepEqual(gunzipSync(zipped), whole);
  assert.ok(zipped.length < whole.length / 2);
  const brotli = await site.app.request(path, { headers: { "accept-encoding": "gzip, br" } });
  assert.equal(brotli.headers.get("content-encoding"), "br");
  assert.equal((await site.app.request("/assets/style.0000000000.css")).status, 404);
});

test("metrics are Prometheus' format, behind a token where one is set", async () => {
  await visit(site).get("/about/");
  await visit(site).get("/wp-login/");
  const open = await visit(site).get("/metrics");
  assert.match(open.text, /http_request_duration_seconds_bucket\{le="\+Inf",method="GET",route="other",status="404"\} [1-9]/);
  assert.doesNotMatch(open.text, /wp-login/);
  assert.match(open.text, /http_request_duration_seconds_count\{method="GET",route="\/about",status="200"\} \d/);
  assert.match(open.text, /app_info\{release="7"\} 1/);
  const closed = site.with({ METRICS_TOKEN: "such-token" });
  assert.equal((await visit(closed).get("/metrics")).status, 401);
  assert.equal((await visit(closed).get("/metrics", { authorization: "Bearer such-token" })).status, 200);
});

test("the language is what the browser asks for, or what was chosen", async () => {
  const german = { "accept-language": "fr, de-CH;q=0.9, en;q=0.5" };
  assert.match((await visit(site).get("/", german)).text, /<html lang="de">/);
  const visitor = visit(site);
  const chosen = await visitor.post("/language/", { language: "de", next: "/about/" });
  assert.equal(chosen.location, "/about/");
  assert.match((await visitor.get("/about/")).text, /<html lang="de">/);
});
