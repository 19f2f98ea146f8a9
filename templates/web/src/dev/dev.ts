/**
 * `npm run dev`: a database, migrated, and the app, which starts again when a file changes. The database is a server
 * from npm in `.data/postgres`, unless DATABASE_URL names another.
 */
import { fork, spawnSync } from "node:child_process";
import { watch } from "node:fs";
import { join, resolve } from "node:path";
import pg from "pg";
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
const env = { ...process.env, DATABASE_URL: databaseUrl };
const port = process.env["PORT"] ?? "{{port}}";

function migrate(): void {
  spawnSync(process.execPath, ["src/migrate.ts"], { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
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

migrate();
let app = start();

let timer: NodeJS.Timeout | undefined;
for (const folder of ["src", "public", "migrations"]) {
  watch(join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      console.log("changed: starting again");
      const before = app;
      const go = (): void => {
        migrate();
        if (!stopping) app = start();
      };
      if (before.exitCode !== null) return go();
      before.once("exit", go);
      before.kill("SIGTERM");
    }, 80);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    app.kill("SIGTERM");
    const end = (): void => void (embedded?.stop() ?? Promise.resolve()).then(() => process.exit(0));
    if (app.exitCode === null) app.once("exit", end);
    else end();
  });
}
