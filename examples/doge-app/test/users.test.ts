import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutMetadata } from "../src/users/pictures.ts";
import { png } from "./support/factories.ts";
import { makeSite } from "./support/site.ts";
import { messages, signIn, visit } from "./support/visitor.ts";

const site = await makeSite();

test("profiles are for who is signed in; unknown ones and inactive ones are not there", async () => {
  await site.user("seen");
  const inactive = await site.user("hidden");
  await site.services.db.updateTable("user").set({ isActive: false }).where("id", "=", inactive).execute();
  assert.equal((await visit(site).get("/users/seen/")).location, "/accounts/login/?next=%2Fusers%2Fseen%2F");
  const visitor = await signIn(site, "seen");
  assert.equal((await visitor.get("/users/seen/")).status, 200);
  assert.equal((await visitor.get("/users/hidden/")).status, 404);
  assert.equal((await visitor.get("/users/seen")).location, "/users/seen/");
});

test("name, language and time zone are saved", async () => {
  await site.user("editor");
  const visitor = await signIn(site, "editor");
  const fields = { name: "<b>Ed</b>", language: "de", time_zone: "Asia/Tokyo" };
  const page = await visitor.follow(await visitor.post("/users/~update/", fields));
  assert.match(page.text, /<html lang="de">/);
  assert.match(page.text, /&lt;b&gt;Ed&lt;\/b&gt;/);
  const row = await site.services.db.selectFrom("user").select(["timeZone", "language"]).where("username", "=", "editor").executeTakeFirst();
  assert.deepEqual(row, { timeZone: "Asia/Tokyo", language: "de" });
  const wrong = await visitor.post("/users/~update/", { name: "Ed", time_zone: "Mars/Olympus" });
  assert.equal(wrong.status, 422);
});

test("a picture is taken by its content, served from this origin, and its predecessor goes", async () => {
  await site.user("model");
  const visitor = await signIn(site, "model");
  const upload = async (picture: Blob) => visitor.post("/users/~update/", { name: "", time_zone: "UTC", picture });
  const shown = async (): Promise<string> => /src="(\/media\/[^"]+)"/.exec((await visitor.get("/users/model/")).text)?.[1] ?? "";

  assert.deepEqual(messages(await visitor.follow(await upload(png(8)))), ["Information successfully updated"]);
  const first = await shown();
  const served = await visitor.get(first);
  assert.equal(served.headers.get("content-type"), "image/png");
  assert.equal(served.headers.get("content-security-policy"), "default-src 'none'; sandbox");
  assert.equal(served.headers.get("x-content-type-options"), "nosniff");
  await upload(png(16));
  await site.mails();
  assert.equal((await visitor.get(first)).status, 404);
  assert.equal((await visitor.get(await shown())).status, 200);

  const script = new Blob(["<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"], { type: "image/png" });
  assert.match(messages(await upload(script))[0] ?? "", /^Upload a PNG, JPEG, WebP or GIF/);
  assert.match(messages(await upload(png(5000, 1)))[0] ?? "", /4096 pixels a side/);
  assert.match(messages(await upload(new Blob([new Uint8Array(2_097_153)])))[0] ?? "", /2 MB at most/);
  assert.equal((await upload(new Blob([new Uint8Array(3_000_000)]))).status, 413);
});

test("a JPEG loses what tells where it was taken, and nothing else", () => {
  const segment = (marker: number, text: string): number[] => [0xff, marker, 0, text.length + 2, ...Buffer.from(text)];
  const jpeg = (...segments: number[][]): Uint8Array<ArrayBuffer> => new Uint8Array([0xff, 0xd8, ...segments.flat(), 0xff, 0xda, 1, 2, 3]);
  const [jfif, exif, comment, table] = [segment(0xe0, "JFIF"), segment(0xe1, "Exif: GPS"), segment(0xfe, "note"), segment(0xdb, "tables")];
  assert.deepEqual(withoutMetadata(jpeg(jfif, exif, comment, table)), jpeg(jfif, table));
});
