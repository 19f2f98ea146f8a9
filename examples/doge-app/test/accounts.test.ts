import assert from "node:assert/strict";
import { test } from "node:test";
import { makeSite, password } from "./support/site.ts";
import { messages, signIn, visit } from "./support/visitor.ts";

const site = await makeSite();
const account = { email: "Kabosu@example.com", username: "Kabosu", password1: password, password2: password };

test("signing up, confirming by a button, signing in by user name and by e-mail, signing out", async () => {
  const visitor = visit(site);
  const signedUp = await visitor.post("/accounts/signup/", account);
  assert.equal(signedUp.location, "/accounts/confirm-email/");
  const page = await visitor.follow(signedUp);
  assert.match(page.text, /<h1>Verify Your E-mail Address<\/h1>/);
  assert.deepEqual(messages(page), ["Confirmation e-mail sent to kabosu@example.com."]);

  const early = await visitor.post("/accounts/login/", { login: "kabosu", password });
  assert.equal(early.location, "/accounts/confirm-email/");

  const [mail] = await site.mails();
  assert.equal(mail?.subject.replace(/^\[.*\] /, ""), "Please Confirm Your E-mail Address");
  const link = await site.link("kabosu@example.com");
  const asked = await visitor.get(link);
  assert.match(asked.text, /Please confirm that kabosu@example.com is an e-mail address for user kabosu\./);
  // A mail scanner that follows links confirms nothing.
  assert.equal((await visitor.post("/accounts/login/", { login: "kabosu", password })).location, "/accounts/confirm-email/");

  const confirmed = await visitor.post(link);
  assert.equal(confirmed.location, "/accounts/login/");
  assert.deepEqual(messages(await visitor.follow(confirmed)), ["You have confirmed kabosu@example.com."]);
  assert.equal((await visitor.post(link)).status, 404);

  for (const login of ["kabosu", "KABOSU", "kabosu@example.com"]) {
    const signedIn = await visitor.post("/accounts/login/", { login, password });
    assert.equal(signedIn.location, "/users/~redirect/");
    const profile = await visitor.follow(signedIn);
    assert.match(profile.text, /<title>User: kabosu - such workflow<\/title>/);
    assert.deepEqual(messages(profile), ["Successfully signed in as kabosu."]);
  }
  assert.match((await visitor.get("/accounts/logout/")).text, /Are you sure you want to sign out\?/);
  assert.equal((await visitor.get("/users/kabosu/")).status, 200);
  const out = await visitor.follow(await visitor.post("/accounts/logout/"));
  assert.deepEqual(messages(out), ["You have signed out."]);
  assert.equal((await visitor.get("/users/kabosu/")).location, "/accounts/login/?next=%2Fusers%2Fkabosu%2F");
});

test("nobody learns by signing up or by a reset which addresses are known", async () => {
  await site.user("known");
  const [stranger, other] = [visit(site), visit(site)];
  const taken = await stranger.post("/accounts/signup/", { ...account, email: "known@example.com", username: "newcomer" });
  const free = await other.post("/accounts/signup/", { ...account, email: "free@example.com", username: "newcomer2" });
  assert.deepEqual([taken.status, taken.location], [free.status, free.location]);
  const shown = (text: string): string => text.replaceAll(/nonce="[^"]*"|known@|free@/g, "");
  assert.equal(shown((await stranger.follow(taken)).text), shown((await other.follow(free)).text));
  const mails = await site.mails();
  assert.match(mails.find(({ to }) => to === "known@example.com")?.subject ?? "", /You already have an account/);

  const resets = await Promise.all(["known@example.com", "nobody@example.com"].map((email) => visit(site).post("/accounts/password/reset/", { email })));
  assert.deepEqual(resets.map(({ location }) => location), Array(2).fill("/accounts/password/reset/done/"));
});

test("passwords that are easy to guess are refused, each with its reason", async () => {
  const reasons: readonly (readonly [string, string])[] = [
    ["short1", "This password is too short. It must contain at least 8 characters."],
    ["password123", "This password is too common."],
    ["8457283645", "This password is entirely numeric."],
    ["hachiko2000", "The password is too similar to the username."],
  ];
  for (const [secret, reason] of reasons) {
    const page = await visit(site).post("/accounts/signup/", { email: "h@example.com", username: "hachiko2001", password1: secret, password2: secret });
    assert.equal(page.status, 422);
    assert.deepEqual(messages(page), [reason]);
  }
  const page = await visit(site).post("/accounts/signup/", { email: "no", username: "a b", password1: password, password2: "other" });
  assert.deepEqual(messages(page), [
    "Enter a valid e-mail address.",
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.",
    "You must type the same password each time.",
  ]);
});

test("a password is reset by a link whose key leaves the address", async () => {
  const id = await site.user("forgetful");
  const elsewhere = await signIn(site, "forgetful");
  const visitor = visit(site);
  await visitor.post("/accounts/password/reset/", { email: "forgetful@example.com" });
  const link = await site.link("forgetful@example.com");
  const moved = await visitor.get(link);
  assert.equal(moved.location, "/accounts/password/reset/key/set/");
  assert.match((await visitor.get("/accounts/password/reset/key/set/")).text, /New Password \(again\)/);
  assert.match((await visit(site).get("/accounts/password/reset/key/set/")).text, /Bad Token/);
  const fresh = "Shibe2-much-newer";
  const changed = await visitor.post("/accounts/password/reset/key/set/", { password1: fresh, password2: fresh });
  assert.equal(changed.location, "/accounts/password/reset/key/done/");
  assert.match((await visitor.follow(changed)).text, /Your password is now changed\./);
  assert.equal((await visit(site).get(link)).status, 404);
  assert.equal((await elsewhere.get("/users/~update/")).status, 302, "sessions from before are ended");
  await signIn(site, "forgetful", fresh);
  const events = await site.services.db.selectFrom("auditEvent").select("action").where("target", "=", "forgetful").execute();
  assert.ok(events.some(({ action }) => action === "password.changed"), id);
});

test("a password is changed by who knows the old one; other sessions end", async () => {
  await site.user("changer");
  const [here, there] = [await signIn(site, "changer"), await signIn(site, "changer")];
  const fresh = "Shibe2-much-newer";
  const wrong = await here.post("/accounts/password/change/", { oldpassword: "guess", password1: fresh, password2: fresh });
  assert.deepEqual(messages(wrong), ["Please type your current password."]);
  const right = await here.post("/accounts/password/change/", { oldpassword: password, password1: fresh, password2: fresh });
  assert.deepEqual(messages(await here.follow(right)), ["Password successfully changed."]);
  assert.equal((await here.get("/users/~update/")).status, 200);
  assert.equal((await there.get("/users/~update/")).status, 302);
});

test("an e-mail address changes when the new one is confirmed, and the old one is told", async () => {
  await site.user("mover");
  const visitor = await signIn(site, "mover");
  const asked = await visitor.post("/accounts/email/", { email: "moved@example.com", action_add: "" });
  assert.deepEqual(messages(await visitor.follow(asked)), ["Confirmation e-mail sent to moved@example.com."]);
  const before = await site.services.db.selectFrom("user").select("email").where("username", "=", "mover").executeTakeFirst();
  assert.equal(before?.email, "mover@example.com");
  await visitor.post(await site.link("moved@example.com"));
  const after = await site.services.db.selectFrom("user").select("email").where("username", "=", "mover").executeTakeFirst();
  assert.equal(after?.email, "moved@example.com");
  assert.match((await site.mails())[0]?.subject ?? "", /Your e-mail address was changed/);
  assert.equal((await site.mails())[0]?.to, "mover@example.com");
});

test("sessions are listed and ended", async () => {
  await site.user("traveller");
  const [here, there] = [await signIn(site, "traveller"), await signIn(site, "traveller")];
  const page = await here.get("/accounts/sessions/");
  assert.equal(page.text.match(/<li>/g)?.length, 2);
  const [, id] = /\/accounts\/sessions\/(\w+)\/end\//.exec(page.text) ?? [];
  await here.post(`/accounts/sessions/${id}/end/`);
  assert.equal((await there.get("/users/~update/")).status, 302);
  assert.equal((await here.get("/users/~update/")).status, 200);
});

test("a login makes a new session, and the one before ends", async () => {
  await site.user("rotator");
  const visitor = await signIn(site, "rotator");
  const [name = "", before = ""] = [...visitor.cookies].find(([key]) => key.endsWith("session_token")) ?? [];
  assert.match(name, /^__Secure-/);
  await visitor.post("/accounts/login/", { login: "rotator", password });
  assert.notEqual(visitor.cookies.get(name), before);
  const thief = visit(site);
  thief.cookies.set(name, before);
  assert.equal((await thief.get("/users/~update/")).status, 302);
  thief.cookies.set(name, `${decodeURIComponent(before).split(".")[0]}.forged`);
  assert.equal((await thief.get("/users/~update/")).status, 302);
});

test("five failed logins in five minutes are enough", async () => {
  await site.user("target");
  const attacker = visit(site);
  for (let tries = 0; tries < 5; tries++) {
    const page = await attacker.post("/accounts/login/", { login: "target", password: `guess-${tries}` });
    assert.deepEqual([page.status, messages(page)[0]], [422, "The username and/or password you specified are not correct."]);
  }
  const page = await attacker.post("/accounts/login/", { login: "target", password });
  assert.deepEqual([page.status, messages(page)[0]], [429, "Too many failed login attempts. Try again later."]);
});

test("registration can be closed", async () => {
  const closed = site.with({ REGISTRATION_OPEN: "false" });
  const page = await visit(closed).get("/accounts/signup/");
  assert.match(page.text, /<h1>Sign Up Closed<\/h1>/);
  assert.doesNotMatch(page.text, /sign-up-link/);
  assert.equal((await visit(closed).post("/accounts/signup/", { ...account, username: "late" })).status, 403);
});

test("an inactive account can't sign in and is told so", async () => {
  const id = await site.user("gone");
  await site.services.db.updateTable("user").set({ isActive: false }).where("id", "=", id).execute();
  const page = await visit(site).post("/accounts/login/", { login: "gone", password });
  assert.equal(page.location, "/accounts/inactive/");
  assert.match((await visit(site).get("/accounts/inactive/")).text, /This account is inactive\./);
});
