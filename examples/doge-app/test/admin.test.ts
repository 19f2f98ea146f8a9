import assert from "node:assert/strict";
import { test } from "node:test";
import { makeSite, password } from "./support/site.ts";
import { messages, signIn, visit } from "./support/visitor.ts";

const site = await makeSite({ ADMIN_PATH: "/very-secret/" });
await site.user("root", { isStaff: true, isSuperuser: true });

test("the administration is where the setting says, for staff only", async () => {
  await site.user("guest");
  assert.equal((await visit(site).get("/very-secret/")).status, 302);
  assert.equal((await (await signIn(site, "guest")).get("/very-secret/")).status, 403);
  assert.equal((await (await signIn(site, "root")).get("/admin/")).status, 404);
  assert.match((await (await signIn(site, "root")).get("/very-secret/")).text, /Site administration/);
});

test("a superuser finds, adds, edits and deactivates users; all of it is in the audit log", async () => {
  const root = await signIn(site, "root");
  const added = await root.post("/very-secret/users/add/", { username: "Cheems", email: "cheems@example.com", password1: password, password2: password });
  assert.deepEqual(messages(await root.follow(added)), ["The user “Cheems” was added. You may edit it again below."]);
  const twice = await root.post("/very-secret/users/add/", { username: "cheems", email: "cheems@example.com", password1: password, password2: password });
  assert.deepEqual(messages(twice), ["A user with that username already exists.", "A user is already registered with this e-mail address."]);

  const cheems = await signIn(site, "cheems");
  const list = await root.get("/very-secret/users/?q=cheem");
  assert.match(list.text, />cheems</);
  assert.doesNotMatch(list.text, />guest</);
  assert.doesNotMatch((await root.get("/very-secret/users/?q=%25")).text, /<td><a/);

  const path = added.location ?? "";
  const off = await root.post(path, { username: "cheems", name: "Cheems", email: "cheems@example.com", email_verified: "on" });
  assert.equal(off.location, "/very-secret/users/");
  assert.equal((await cheems.get("/users/~update/")).status, 302, "its sessions are ended");
  assert.equal((await visit(site).post("/accounts/login/", { login: "cheems", password })).location, "/accounts/inactive/");

  const log = await root.get("/very-secret/audit/?q=cheems");
  assert.match(log.text, /<code>user\.added<\/code>/);
  assert.match(log.text, /<code>user\.changed<\/code>[\s\S]*?&quot;isActive&quot;:false/);
});

test("permissions come by groups, and staff without them see nothing", async () => {
  const id = await site.user("helper", { isStaff: true });
  const [root, helper] = [await signIn(site, "root"), await signIn(site, "helper")];
  assert.equal((await helper.get("/very-secret/users/")).status, 403);

  await root.post("/very-secret/groups/add/", { name: "Support", permissions: ["users.view", "users.change"] });
  const group = await site.services.db.selectFrom("group").select("id").where("name", "=", "Support").executeTakeFirstOrThrow();
  const fields = { username: "helper", name: "", email: "helper@example.com", email_verified: "on", is_active: "on", is_staff: "on", groups: group.id };
  assert.equal((await root.post(`/very-secret/users/${id}/`, fields)).status, 303);
  assert.equal((await helper.get("/very-secret/users/")).status, 200);
  assert.equal((await helper.get("/very-secret/groups/")).status, 403);
  assert.equal((await helper.get("/very-secret/users/add/")).status, 403);

  // Who may change users can't make itself more than it is, nor touch a superuser.
  assert.equal((await helper.post(`/very-secret/users/${id}/`, { ...fields, is_superuser: "on" })).status, 303);
  const after = await site.services.db.selectFrom("user").select("isSuperuser").where("id", "=", id).executeTakeFirst();
  assert.equal(after?.isSuperuser, false);
  const rootRow = await site.services.db.selectFrom("user").select("id").where("username", "=", "root").executeTakeFirstOrThrow();
  assert.equal((await helper.post(`/very-secret/users/${rootRow.id}/`, fields)).status, 403);
});

test("groups and permissions are added, renamed and deleted; nobody locks itself out", async () => {
  const root = await signIn(site, "root");
  await root.post("/very-secret/permissions/", { codename: "articles.publish", name: "Can publish" });
  assert.match((await root.get("/very-secret/permissions/")).text, /articles\.publish/);
  assert.equal((await root.post("/very-secret/permissions/", { codename: "nonsense", name: "x" })).status, 422);
  await root.post("/very-secret/groups/add/", { name: "Writers", permissions: "articles.publish" });
  assert.equal((await root.post("/very-secret/groups/add/", { name: "Writers" })).status, 422);
  const group = await site.services.db.selectFrom("group").select("id").where("name", "=", "Writers").executeTakeFirstOrThrow();
  assert.match((await root.get(`/very-secret/groups/${group.id}/`)).text, /value="articles\.publish" checked/);
  await root.post(`/very-secret/groups/${group.id}/delete/`);
  assert.equal((await root.get(`/very-secret/groups/${group.id}/`)).status, 404);

  const me = await site.services.db.selectFrom("user").select("id").where("username", "=", "root").executeTakeFirstOrThrow();
  const page = await root.post(`/very-secret/users/${me.id}/`, { username: "root", email: "root@example.com" });
  assert.deepEqual(messages(page), ["You can't deactivate yourself.", "Another superuser must take this from you."]);
});
