import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { makeSite, password } from "./support/site.ts";
import { messages, signIn, visit, type Visitor } from "./support/visitor.ts";

const site = await makeSite();

/** RFC 6238, by hand: what an authenticator app shows. */
export function totp(secret: string, at = Date.now()): string {
  const bits = [...secret.replaceAll("=", "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  const offset = (hash.at(-1) as number) & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

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
