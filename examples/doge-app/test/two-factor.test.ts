import assert from "node:assert/strict";
import { test } from "node:test";
import { totp } from "./support/factories.ts";
import { makeSite, password } from "./support/site.ts";
import { messages, signIn, visit, type Visitor } from "./support/visitor.ts";

const site = await makeSite();

async function turnOn(visitor: Visitor): Promise<{ readonly secret: string; readonly codes: readonly string[] }> {
  const page = await visitor.post("/accounts/two-factor/", { password });
  const secret = /id="totp-secret">([A-Z2-7=]+)</.exec(page.text)?.[1] ?? "";
  const uri = /name="uri" value="([^"]*)"/.exec(page.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
  assert.match(page.text, /<svg/);
  const wrong = await visitor.post("/accounts/two-factor/activate/", { code: "000000", uri });
  assert.deepEqual(messages(wrong), ["That code is not correct."]);
  const on = await visitor.post("/accounts/two-factor/activate/", { code: totp(secret), uri });
  assert.deepEqual(messages(on), ["Two-factor authentication is on."]);
  return { secret, codes: [...on.text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code = ""]) => code) };
}

test("with two factors, a password alone opens nothing", async () => {
  await site.user("careful");
  const owner = await signIn(site, "careful");
  const { secret, codes } = await turnOn(owner);
  assert.equal(codes.length, 10);
  assert.equal((await owner.get("/users/~update/")).status, 200);

  const visitor = visit(site);
  const asked = await visitor.post("/accounts/login/", { login: "careful", password, next: "/about/" });
  assert.equal(asked.location, "/accounts/2fa/?next=%2Fabout%2F");
  assert.equal((await visitor.get("/users/~update/")).status, 302);
  assert.deepEqual(messages(await visitor.post(asked.location ?? "", { code: "123456" })), ["That code is not correct."]);
  const passed = await visitor.post(asked.location ?? "", { code: totp(secret) });
  assert.equal(passed.location, "/about/");
  assert.equal((await visitor.get("/users/~update/")).status, 200);
});

test("a backup code signs in once; two factors are turned off with the password", async () => {
  await site.user("phoneless");
  const { codes } = await turnOn(await signIn(site, "phoneless"));
  const [code = ""] = codes;
  const visitor = visit(site);
  await visitor.post("/accounts/login/", { login: "phoneless", password });
  assert.equal((await visitor.post("/accounts/2fa/", { code })).status, 303);
  const again = visit(site);
  await again.post("/accounts/login/", { login: "phoneless", password });
  assert.equal((await again.post("/accounts/2fa/", { code })).status, 422);

  assert.equal((await visitor.post("/accounts/two-factor/disable/", { password: "guess" })).status, 422);
  assert.equal((await visitor.post("/accounts/two-factor/disable/", { password })).status, 303);
  await signIn(site, "phoneless");
});
