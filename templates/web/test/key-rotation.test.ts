import assert from "node:assert/strict";
import { test } from "node:test";
import { symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import { keyring, reencrypt } from "../src/accounts/keys.ts";
import { totp } from "./support/factories.ts";
import { makeSite, password, type Site } from "./support/site.ts";
import { messages, signIn, visit, type Visitor } from "./support/visitor.ts";

const [first, second, third] = ["first-", "second-", "third-"].map((word) => word.repeat(6)) as [string, string, string];
const site = await makeSite({ SECRET_KEY: first });
/** After `doge secrets rotate SECRET_KEY`, and after its `--finish`. */
const rotated = site.with({ SECRET_KEY: second, SECRET_KEY_PREVIOUS: first });
const finished = site.with({ SECRET_KEY: second });

/** The same browser at the same address, where another release answers now. */
function moved(visitor: Visitor, to: Site): Visitor {
  const there = visit(to);
  for (const [name, value] of visitor.cookies) there.cookies.set(name, value);
  return there;
}

async function withTwoFactors(name: string): Promise<{ readonly secret: string; readonly codes: readonly string[] }> {
  await site.user(name);
  const visitor = await signIn(site, name);
  const page = await visitor.post("/accounts/two-factor/", { password });
  const secret = /id="totp-secret">([A-Z2-7=]+)</.exec(page.text)?.[1] ?? "";
  const uri = /name="uri" value="([^"]*)"/.exec(page.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const on = await visitor.post("/accounts/two-factor/activate/", { code: totp(secret), uri });
  return { secret, codes: [...on.text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code = ""]) => code) };
}

let visitors = 0;

/** How far a password and a code lead: 303 is in. From an address of its own: attempts are counted. */
async function secondFactor(at: Site, login: string, code: string): Promise<number> {
  const visitor = visit(at, `203.0.113.${20 + visitors++}`);
  const asked = await visitor.post("/accounts/login/", { login, password });
  assert.match(asked.location ?? "", /^\/accounts\/2fa\//);
  return (await visitor.post("/accounts/2fa/", { code })).status;
}

test("a session goes on after a rotation, and ends with the former key", async () => {
  await site.user("stays");
  const visitor = await signIn(site, "stays");
  const after = moved(visitor, rotated);
  assert.equal((await after.get("/users/~update/")).status, 200);
  // Asked of better-auth, which looks at the cookie itself.
  assert.equal((await after.post("/accounts/password/change/", { oldpassword: "guess", password1: "x", password2: "x" })).status, 422);
  assert.match((await after.post("/accounts/two-factor/", { password })).text, /id="totp-secret"/);
  assert.equal((await moved(visitor, finished).get("/users/~update/")).status, 302);
  // Signed anew where people sign in after it.
  assert.equal((await moved(await signIn(rotated, "stays"), finished).get("/users/~update/")).status, 200);
});

test("links in mails lead where they led, and what was begun goes on", async () => {
  await site.user("forgot");
  const visitor = visit(site);
  await visitor.post("/accounts/password/reset/", { email: "forgot@example.com" });
  const link = await site.link("forgot@example.com");
  assert.equal((await moved(visitor, rotated).get(link)).status, 302);
  await visitor.get(link);
  const after = moved(visitor, rotated);
  assert.equal((await after.get("/accounts/password/reset/key/set/")).status, 200);
  assert.equal((await moved(visitor, finished).get("/accounts/password/reset/key/set/")).status, 404);

  const newcomer = visit(site);
  await newcomer.post("/accounts/signup/", { email: "new@example.com", username: "new", password1: password, password2: password });
  assert.equal((await moved(newcomer, rotated).post(await site.link("new@example.com"))).location, "/accounts/login/");
});

test("a message for the next page is shown by the next release", async () => {
  await site.user("told");
  const visitor = visit(site);
  const answer = await visitor.post("/accounts/login/", { login: "told", password });
  const page = await moved(visitor, rotated).follow(answer);
  assert.deepEqual(messages(page), ["Successfully signed in as told."]);
});

test("second factors are read with the former key, and without it once they are encrypted anew", async () => {
  const { secret, codes } = await withTwoFactors("careful");
  const [one = "", two = "", three = ""] = codes;
  // Between password and code: that cookie is the former key's, too.
  const between = visit(site);
  await between.post("/accounts/login/", { login: "careful", password });
  assert.equal((await moved(between, rotated).post("/accounts/2fa/", { code: totp(secret) })).status, 303);
  assert.equal(await secondFactor(rotated, "careful", one), 303);
  assert.equal(await secondFactor(rotated, "careful", one), 422, "a backup code was good twice");
  assert.equal(await secondFactor(finished, "careful", totp(secret)), 500, "the former key isn't needed");

  assert.deepEqual(await reencrypt(rotated.services), { changed: 1, lost: 0 });
  assert.deepEqual(await reencrypt(rotated.services), { changed: 0, lost: 0 });
  assert.equal(await secondFactor(finished, "careful", totp(secret)), 303);
  assert.equal(await secondFactor(finished, "careful", two), 303);
  // And through the next rotation.
  const again = site.with({ SECRET_KEY: third, SECRET_KEY_PREVIOUS: second });
  assert.equal(await secondFactor(again, "careful", totp(secret)), 303);
  assert.equal(await secondFactor(again, "careful", three), 303);
});

test("what an app of before wrote, without the number of a key, is read and encrypted anew", async () => {
  const { secret } = await withTwoFactors("early");
  const { db, settings } = site.services;
  const row = await db
    .selectFrom("twoFactor as f")
    .innerJoin("user as u", "u.id", "f.userId")
    .select(["f.id", "f.secret"])
    .where("u.username", "=", "early")
    .executeTakeFirstOrThrow();
  const data = await symmetricDecrypt({ key: keyring(settings.secretKeys), data: row.secret });
  await db
    .updateTable("twoFactor")
    .set({ secret: await symmetricEncrypt({ key: first, data }) })
    .where("id", "=", row.id)
    .execute();
  assert.equal(await secondFactor(site, "early", totp(secret)), 303);
  assert.equal(await secondFactor(rotated, "early", totp(secret)), 303);
  // That of the test before is the third key's by now.
  assert.deepEqual(await reencrypt(rotated.services), { changed: 1, lost: 1 });
  assert.equal(await secondFactor(finished, "early", totp(secret)), 303);
});

test("a former key that is none is named", () => {
  assert.throws(() => site.with({ SECRET_KEY_PREVIOUS: "short" }), /SECRET_KEY_PREVIOUS must have at least 32 characters/);
});
