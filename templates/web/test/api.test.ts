// {{#if api}}
import assert from "node:assert/strict";
import { test } from "node:test";
import { apiDocument } from "../src/api/document.ts";
import { makeSite } from "./support/site.ts";
import { signIn, visit } from "./support/visitor.ts";

const site = await makeSite();
const document = apiDocument(site.settings);

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean;
}

/** Where a value isn't what the document says. */
function problems(value: unknown, given: Schema, at = "body"): string[] {
  const name = given.$ref?.split("/").at(-1) as keyof typeof document.components.schemas | undefined;
  const schema: Schema = name ? document.components.schemas[name] : given;
  const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const types = [schema.type ?? type].flat();
  if (!types.includes(type)) return [`${at} is ${type}, not ${types.join(" or ")}`];
  if (type === "array") return (value as unknown[]).flatMap((entry, i) => problems(entry, schema.items ?? {}, `${at}[${i}]`));
  if (type !== "object") return [];
  const entries = value as Record<string, unknown>;
  return [
    ...(schema.required ?? []).filter((key) => !(key in entries)).map((key) => `${at}.${key} is missing`),
    ...Object.entries(entries).flatMap(([key, entry]) => {
      const known = schema.properties?.[key];
      if (known) return problems(entry, known, `${at}.${key}`);
      return schema.additionalProperties === false ? [`${at}.${key} is not in the document`] : [];
    }),
  ];
}

async function call(token: string, method: string, path: string, operation: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await site.app.request(path, {
    method,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), "x-forwarded-for": "192.0.2.1" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  const methods = document.paths[operation as keyof typeof document.paths] as unknown as Record<string, { responses: Record<string, { content: { "application/json": { schema: Schema } } }> }>;
  const schema = methods[method.toLowerCase()]?.responses[response.status]?.content["application/json"].schema;
  assert.ok(schema, `${method} ${operation} answers ${response.status}, which the document doesn't know`);
  assert.deepEqual(problems(answer, schema), []);
  return { status: response.status, body: answer };
}

async function tokenOf(name: string, rights = {}): Promise<string> {
  await site.user(name, rights);
  const page = await (await signIn(site, name)).post("/accounts/tokens/", { name: "a script" });
  return /<code id="token">([^<]+)</.exec(page.text)?.[1] ?? "";
}

test("a token acts for its owner; answers are what the OpenAPI document says", async () => {
  const token = await tokenOf("scripter");
  assert.equal((await call("", "GET", "/api/users/me/", "/api/users/me/")).status, 401);
  assert.equal((await call(`${token}x`, "GET", "/api/users/me/", "/api/users/me/")).status, 401);
  const me = await call(token, "GET", "/api/users/me/", "/api/users/me/");
  assert.equal(me.body["email"], "scripter@example.com");
  const changed = await call(token, "PATCH", "/api/users/me/", "/api/users/me/", { name: "Script", time_zone: "Asia/Tokyo" });
  assert.deepEqual([changed.body["name"], changed.body["time_zone"]], ["Script", "Asia/Tokyo"]);
  assert.equal((await call(token, "PATCH", "/api/users/me/", "/api/users/me/", { is_superuser: true })).status, 422);
  assert.equal((await call(token, "GET", "/api/users/scripter/", "/api/users/{username}/")).status, 200);
  assert.equal((await call(token, "GET", "/api/users/nobody/", "/api/users/{username}/")).status, 404);
  assert.equal((await call(token, "GET", "/api/users/", "/api/users/")).status, 403);
});

test("who may view users lists them page by page", async () => {
  const token = await tokenOf("lister", { isSuperuser: true });
  await site.user("aaa");
  const first = await call(token, "GET", "/api/users/?limit=1", "/api/users/");
  assert.equal(first.body["next"], "aaa");
  const second = await call(token, "GET", "/api/users/?limit=1&after=aaa", "/api/users/");
  assert.equal((second.body["users"] as { username: string }[])[0]?.username, "lister");
});

test("a revoked token opens nothing, and the database holds no token", async () => {
  const token = await tokenOf("revoker");
  const rows = await site.services.db.selectFrom("apiToken").selectAll().execute();
  assert.ok(!JSON.stringify(rows).includes(token));
  const visitor = await signIn(site, "revoker");
  const id = /tokens\/(\d+)\/delete/.exec((await visitor.get("/accounts/tokens/")).text)?.[1];
  await visitor.post(`/accounts/tokens/${id}/delete/`);
  assert.equal((await call(token, "GET", "/api/users/me/", "/api/users/me/")).status, 401);
});

test("the document and its page are served; unknown paths are JSON", async () => {
  assert.deepEqual(await (await site.app.request("/api/schema/")).json(), JSON.parse(JSON.stringify(document)));
  assert.match((await visit(site).get("/api/docs/")).text, /\/api\/users\/me\//);
  const response = await site.app.request("/api/nothing/");
  assert.deepEqual([response.status, await response.json()], [404, { error: "not found" }]);
});
// {{/if}}
