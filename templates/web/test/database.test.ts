import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { postgresGuestbook } from "../src/guestbook.ts";
import { migrate, migrationState, readMigrations } from "../src/migrations.ts";
import { databaseReadiness } from "../src/readiness.ts";

// A schema of its own for each run: a real database, and nothing of yours is touched.
const url = process.env["DATABASE_URL"];
const skip = url ? false : "needs DATABASE_URL";
const schema = `test_${process.pid}`;
let client: pg.Client;

before(async () => {
  if (!url) return;
  client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`SET search_path TO ${schema}`);
});

after(async () => {
  if (!url) return;
  await client.query(`DROP SCHEMA ${schema} CASCADE`);
  await client.end();
});

test("migrations run once; until then the app is not ready", { skip }, async () => {
  const migrations = await readMigrations();
  const readiness = databaseReadiness(client, migrations);
  assert.deepEqual(await readiness.check(), { ready: false, reason: "pending migrations: 0001_guestbook.sql" });
  assert.deepEqual(await migrate(client, migrations), ["0001_guestbook.sql"]);
  assert.deepEqual(await migrate(client, migrations), []);
  assert.deepEqual(await readiness.check(), { ready: true });
  readiness.drain();
  assert.deepEqual(await readiness.check(), { ready: false, reason: "draining" });
});

test("a migration that fails leaves nothing behind", { skip }, async () => {
  const broken = { name: "0002_broken.sql", sql: "CREATE TABLE half (); SELECT nonsense", checksum: "x" };
  const migrations = [...(await readMigrations()), broken];
  await assert.rejects(migrate(client, migrations), /nonsense/);
  assert.deepEqual((await migrationState(client, migrations)).pending, ["0002_broken.sql"]);
  const { rows } = await client.query("SELECT to_regclass('half') AS half");
  assert.deepEqual(rows, [{ half: null }]);
});

test("a migration that was edited after it ran is refused", { skip }, async () => {
  const edited = (await readMigrations()).map((migration) => ({ ...migration, checksum: "edited" }));
  await assert.rejects(migrationState(client, edited), /changed after it had run/);
});

test("the guest book remembers", { skip }, async () => {
  const guestbook = postgresGuestbook(client);
  await guestbook.sign({ name: "Kabosu", message: "such deploy" });
  const page = await guestbook.page();
  assert.equal(page.total, 1);
  assert.equal(page.entries[0]?.message, "such deploy");
});
