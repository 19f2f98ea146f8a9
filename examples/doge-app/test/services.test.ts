import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { enqueue } from "../src/jobs/queue.ts";
import { startJobs } from "../src/jobs/runner.ts";
import type { Kysely } from "kysely";
import { migrate, migrationState } from "../src/database/migrations.ts";
import { errorReporting } from "../src/errors.ts";
import { createTransport } from "../src/mail/transport.ts";
import { createTracing } from "../src/tracing.ts";
import { openStorage } from "../src/users/storage.ts";
import { makeSite } from "./support/site.ts";
import { signIn } from "./support/visitor.ts";

const site = await makeSite();
const { services, settings } = site;
const mail = { to: "a@example.com", subject: "Hello", text: "text", html: "<p>text</p>" };

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** A server that remembers what it is sent. */
async function listener(answer: (request: Received) => { status: number; body?: Uint8Array } = () => ({ status: 200 })) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const entry = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) };
      received.push(entry);
      const { status, body } = answer(entry);
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  after(() => server.close());
  return { received, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function until(what: string, met: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await met()) return;
    await wait(25);
  }
  throw new Error(`${what} did not happen`);
}

test("a job runs at once, and one that was rolled back never", async () => {
  const jobs = await startJobs(services);
  await services.database.transaction(() => enqueue(services.db, "send_mail", { ...mail, subject: "kept" }));
  const undone = services.database.transaction(async () => {
    await enqueue(services.db, "send_mail", { ...mail, subject: "undone" });
    throw new Error("no");
  });
  await assert.rejects(undone);
  await until("the mail", () => site.lines.some(({ subject }) => subject === "kept"));
  await jobs.stop();
  assert.deepEqual((await site.mails()).map(({ subject }) => subject), ["kept"]);
});

test("the schedule's job removes what ran out, and nothing else", async () => {
  const id = await site.user("sleeper");
  const session = { userId: id, ipAddress: null, userAgent: null };
  await services.db
    .insertInto("session")
    .values([
      { id: "old", token: "old", expiresAt: new Date(Date.now() - 1_000), ...session },
      { id: "new", token: "new", expiresAt: new Date(Date.now() + 60_000), ...session },
    ])
    .execute();
  await enqueue(services.db, "remove_expired", {});
  await site.mails();
  const left = await services.db.selectFrom("session").select("id").where("userId", "=", id).execute();
  assert.deepEqual(left, [{ id: "new" }]);
});

test("the cache forgets in time, counts from the first, and keeps counts through a rollback", async () => {
  const { cache, database } = services;
  await cache.set("word", "wow", 60);
  assert.equal(await cache.get("word"), "wow");
  await cache.delete("word");
  assert.equal(await cache.get("word"), undefined);
  await cache.set("short", "x", 0);
  assert.equal(await cache.get("short"), undefined);
  await database.transaction(async () => cache.increment("count", 60), () => false);
  assert.equal(await cache.increment("count", 60), 2);
  assert.equal(await cache.increment("over", 0), 1);
  assert.equal(await cache.increment("over", 0), 1);
});

test("every migration is applied, and the list of them is what Doge asks for", async () => {
  const state = await migrationState(services.db as never);
  assert.deepEqual(state.pending, []);
  assert.ok(state.applied.includes("0001_accounts.sql"));
});

test("a migration that ran and has no file any more keeps no other from running", async () => {
  const db = services.db as never as Kysely<{ kysely_migration: { name: string; timestamp: string } }>;
  const names = ["0000_taken_back.sql", "9999_newer.sql"];
  const timestamp = new Date().toISOString();
  await db.insertInto("kysely_migration").values(names.map((name) => ({ name, timestamp }))).execute();
  const again = "0003_tokens_and_cache.sql";
  await db.deleteFrom("kysely_migration").where("name", "=", again).execute();
  assert.deepEqual((await migrationState(services.db as never)).pending, [again]);
  await db.insertInto("kysely_migration").values({ name: again, timestamp }).execute();
  assert.deepEqual(await migrate(services.db as never), []);
  await db.deleteFrom("kysely_migration").where("name", "in", names).execute();
});

test("pictures go to S3 with a signature, and come back", async () => {
  const objects = new Map<string, Uint8Array>();
  const { received, host } = await listener(({ method, url, body }) => {
    if (method === "PUT") objects.set(url, body);
    if (method === "DELETE") objects.delete(url);
    const found = objects.get(url);
    return method === "GET" ? (found ? { status: 200, body: found } : { status: 404 }) : { status: 200 };
  });
  const storage = openStorage(`s3+http://AKEY:a%2Fsecret@${host}/such-bucket`);
  await storage.put("pictures/a.png", new Uint8Array([1, 2, 3]), "image/png");
  assert.deepEqual(await storage.get("pictures/a.png"), new Uint8Array([1, 2, 3]));
  await storage.remove("pictures/a.png");
  assert.equal(await storage.get("pictures/a.png"), undefined);
  assert.equal(received[0]?.url, "/such-bucket/pictures/a.png");
  assert.match(String(received[0]?.headers["authorization"]), /^AWS4-HMAC-SHA256 Credential=AKEY\/\d{8}\/us-east-1\/s3\/aws4_request/);
});

test("a provider that refuses a mail makes the job fail", async () => {
  const refused = createTransport({ mailUrl: "smtp://127.0.0.1:1", mailFrom: "x@example.com" });
  await assert.rejects(refused.send(mail), /ECONNREFUSED/);
});

test("errors are posted where the setting says, with what the log has", async () => {
  const { received, host } = await listener();
  const errors = errorReporting({ ...settings, errorWebhook: `http://${host}/hook` }, services.log);
  errors.report("request failed", new Error("very broken"), { requestId: "r-1" });
  await until("the report", () => received.length > 0);
  const body = JSON.parse(received[0]?.body.toString() ?? "") as Record<string, string>;
  assert.deepEqual([body["message"], body["requestId"], body["environment"]], ["request failed", "r-1", "local"]);
  assert.match(body["error"] ?? "", /very broken/);
});

test("traces go out as OTLP: the request's span under its caller's, the query's under the request's", async () => {
  const { received, host } = await listener();
  const tracing = createTracing({ ...settings, otlpEndpoint: `http://${host}` }, services.log);
  assert.ok(tracing);
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const work = async (): Promise<number> => {
    tracing.query(2, "select 1");
    return 200;
  };
  await tracing.request("GET /", `00-${traceId}-b7ad6b7169203331-01`, work, (status) => status);
  await tracing.flush();
  interface Span {
    readonly traceId: string;
    readonly spanId: string;
    readonly parentSpanId: string;
    readonly name: string;
  }
  const body = JSON.parse(received[0]?.body.toString() ?? "") as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
  const spans = body.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
  const [query, request] = spans;
  assert.equal(received[0]?.url, "/v1/traces");
  assert.deepEqual([request?.name, request?.traceId, request?.parentSpanId], ["GET /", traceId, "b7ad6b7169203331"]);
  assert.deepEqual([query?.name, query?.traceId, query?.parentSpanId], ["select", traceId, request?.spanId]);
});

test("a session costs one query a page", async () => {
  await site.user("counter");
  const visitor = await signIn(site, "counter");
  const queries = (): number => Number(/database_query_duration_seconds_count (\d+)/.exec(services.metrics.text())?.[1]);
  const before = queries();
  await visitor.get("/about/");
  assert.equal(queries() - before, 1);
});
