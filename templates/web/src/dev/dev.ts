/**
 * `npm run dev`: a database, migrated, and the app, which starts again when a file changes. The database is a server
 * from npm in `.data/postgres`, unless DATABASE_URL names another.
 */
import { fork } from "node:child_process";
import { mkdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import pg from "pg";
import { openDatabase } from "../database/database.ts";
import { migrate } from "../database/migrations.ts";
import { jsonLog } from "../log.ts";
import { site } from "../site.ts";
import { startPostgres, type Server } from "./postgres.ts";

const root = resolve(import.meta.dirname, "../..");
const started = performance.now();

let embedded: Server | undefined;
let databaseUrl = process.env["DATABASE_URL"];
if (!databaseUrl) {
  embedded = await startPostgres(join(root, ".data/postgres"), ["fsync=off"]);
  const name = site.slug.replaceAll("-", "_");
  databaseUrl = embedded.url(name);
  const client = new pg.Client({ connectionString: embedded.url("postgres") });
  await client.connect();
  const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  if (rowCount === 0) await client.query(`CREATE DATABASE "${name}"`);
  await client.end();
}
// A restart finds what was compiled before: half the time of a start.
const env = { NODE_COMPILE_CACHE: join(root, ".data/compile-cache"), ...process.env, DATABASE_URL: databaseUrl };
// For `npm run seed` and the like, while this runs.
const note = join(root, ".data/database-url");
mkdirSync(join(root, ".data"), { recursive: true });
writeFileSync(note, databaseUrl, { mode: 0o600 });
process.on("exit", () => rmSync(note, { force: true }));
const port = process.env["PORT"] ?? "{{port}}";

// The job queue migrates itself when the app starts it. Two connections: the migrator asks on a second one.
const database = openDatabase({ databaseUrl, databasePool: 2 }, jsonLog());
async function migrateNow(): Promise<void> {
  try {
    for (const name of await migrate(database.db as never)) console.log(`applied ${name}`);
  } catch (thrown) {
    console.error(`migration failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

let first = true;
let stopping = false;
function start(): ReturnType<typeof fork> {
  const child = fork("src/server.ts", { cwd: root, env });
  child.on("message", () => {
    if (!first) return;
    first = false;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`\n  ${site.name}: http://localhost:${port}/   mailbox: http://localhost:${port}/mailbox/   (${seconds} s)\n`);
  });
  return child;
}

await migrateNow();
let app = start();

let timer: NodeJS.Timeout | undefined;
for (const folder of ["src", "public", "migrations"]) {
  watch(join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      console.log("changed: starting again");
      const before = app;
      const go = async (): Promise<void> => {
        await migrateNow();
        if (!stopping) app = start();
      };
      if (before.exitCode !== null) return void go();
      before.once("exit", () => void go());
      before.kill("SIGTERM");
    }, 80);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    app.kill("SIGTERM");
    const end = async (): Promise<void> => {
      await database.close();
      await embedded?.stop();
      process.exit(0);
    };
    if (app.exitCode === null) app.once("exit", () => void end());
    else void end();
  });
}
