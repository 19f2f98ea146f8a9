import assert from "node:assert/strict";
import { test } from "node:test";
import { makeSite } from "./support/site.ts";
import { signIn, visit } from "./support/visitor.ts";

const site = await makeSite();

/** A grade as the well-known header scanners give it: every missing point is named. */
function missing(headers: Headers): string[] {
  const csp = headers.get("content-security-policy") ?? "";
  const points: Record<string, boolean> = {
    "CSP: default-src 'none'": /(^|; )default-src 'none'/.test(csp),
    "CSP: scripts by nonce only": /script-src 'nonce-[\w+/=]{16,}'(;|$)/.test(csp),
    "CSP: styles by nonce only": /style-src 'nonce-[\w+/=]{16,}'(;|$)/.test(csp),
    "CSP: no unsafe-inline, no unsafe-eval, no other host": !/unsafe|https?:|\*/.test(csp),
    "CSP: base-uri, form-action, frame-ancestors": ["base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"].every((part) => csp.includes(part)),
    "HSTS of a year": /max-age=31536000/.test(headers.get("strict-transport-security") ?? ""),
    "no frames": headers.get("x-frame-options") === "DENY",
    "no sniffing": headers.get("x-content-type-options") === "nosniff",
    "a referrer policy": headers.get("referrer-policy") === "same-origin",
    "a permissions policy": /camera=\(\)/.test(headers.get("permissions-policy") ?? ""),
    "its own browsing context": headers.get("cross-origin-opener-policy") === "same-origin",
  };
  return Object.entries(points).filter(([, met]) => !met).map(([point]) => point);
}

test("every kind of page has every security header", async () => {
  await site.user("guard");
  const visitor = await signIn(site, "guard");
  for (const path of ["/", "/accounts/login/", "/users/guard/", "/no-such-page/", "/about/", "/admin/"]) {
    assert.deepEqual(missing((await visitor.get(path)).headers), [], path);
  }
});

test("a nonce is new on every page and stands on everything that runs or styles", async () => {
  const [one, two] = [await visit(site).get("/"), await visit(site).get("/")];
  const nonce = (page: typeof one): string => /'nonce-([^']+)'/.exec(page.headers.get("content-security-policy") ?? "")?.[1] ?? "";
  assert.notEqual(nonce(one), nonce(two));
  const tags = one.text.match(/<(?:script|link rel="stylesheet"|style)[^>]*>/g) ?? [];
  assert.ok(tags.length >= 2);
  for (const tag of tags) assert.ok(tag.includes(`nonce="${nonce(one)}"`), tag);
  assert.doesNotMatch(one.text, / on\w+="| style="/);
});

test("cookies are secure, out of scripts' reach, and of this site only", async () => {
  await site.user("baker");
  const page = await visit(site).post("/accounts/login/", { login: "baker", password: "Wow7-such-entropy" });
  const cookies = page.headers.getSetCookie();
  assert.ok(cookies.length >= 2);
  for (const cookie of cookies) {
    for (const word of [/; Secure/i, /; HttpOnly/i, /; SameSite=Lax/i]) assert.match(cookie, word);
  }
});

test("forms of other sites are refused, and those that don't say where they are from", async () => {
  const fields = { login: "x", password: "y" };
  assert.equal((await visit(site).post("/accounts/login/", fields, { origin: "https://evil.test" })).status, 403);
  const silent = await site.app.request("/accounts/login/", { method: "POST", body: new URLSearchParams(fields) });
  assert.equal(silent.status, 403);
});

test("a login leads to this site only", async () => {
  await site.user("walker");
  for (const next of ["https://evil.test/", "//evil.test/", "/\\evil.test/", "javascript:alert(1)"]) {
    const page = await visit(site).post("/accounts/login/", { login: "walker", password: "Wow7-such-entropy", next });
    assert.equal(page.location, "/users/~redirect/", next);
  }
  assert.equal((await visit(site).get("//evil.test/x")).location?.startsWith("//") ?? false, false);
});

test("links in mails are the setting's, whatever the Host header says", async () => {
  await site.user("mailer");
  await visit(site).post("/accounts/password/reset/", { email: "mailer@example.com" }, { host: "evil.test" });
  assert.match((await site.mails())[0]?.text ?? "", /https:\/\/app\.test\/accounts\/password\/reset\/key\//);
});

test("who asks too much is told to wait", async () => {
  const flood = visit(site, "198.51.100.9");
  for (let tries = 0; tries < 20; tries++) assert.equal((await flood.post("/accounts/signup/", {})).status, 422);
  const page = await flood.post("/accounts/signup/", {});
  assert.deepEqual([page.status, page.headers.get("retry-after")], [429, "60"]);
  assert.equal((await visit(site, "198.51.100.10").post("/accounts/signup/", {})).status, 422);
});

test("a body that is too large is refused, and a request that fails changed nothing", async () => {
  assert.equal((await visit(site).post("/accounts/login/", { login: "x".repeat(70_000), password: "y" })).status, 413);
  const { db, database } = site.services;
  const work = database.transaction(async () => {
    await db.insertInto("group").values({ name: "half" }).execute();
    throw new Error("stop");
  });
  await assert.rejects(work, /stop/);
  assert.equal(await db.selectFrom("group").select("id").where("name", "=", "half").executeTakeFirst(), undefined);
});

test("keys of links stay out of the log", async () => {
  await visit(site).get("/accounts/password/reset/key/abcdef123456/");
  await visit(site).get("/accounts/confirm-email/abcdef123456/");
  assert.doesNotMatch(JSON.stringify(site.lines), /abcdef123456/);
  assert.ok(site.lines.some(({ path }) => path === "/accounts/password/reset/key/…/"));
});
