/**
 * Before and after all tests: a PostgreSQL server for this run, with a migrated database that each test file copies
 * (10 ms each). TEST_DATABASE_URL names another server, by a user who may create databases.
 */
import pg from "pg";
import { openDatabase } from "../../src/database/database.ts";
import { migrate } from "../../src/database/migrations.ts";
import { temporaryPostgres, type Server } from "../../src/dev/postgres.ts";
import { migrateJobs } from "../../src/jobs/queue.ts";
import { jsonLog } from "../../src/log.ts";

let server: Server | undefined;

export async function globalSetup(): Promise<void> {
  let base = process.env["TEST_DATABASE_URL"];
  if (!base) {
    server = await temporaryPostgres();
    base = server.url("postgres");
  }
  const template = `app_template_${process.pid}`;
  const admin = new pg.Client({ connectionString: base });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${template}`);
  await admin.end();
  const url = new URL(base);
  url.pathname = `/${template}`;
  const database = openDatabase({ databaseUrl: url.href, databasePool: 2 }, jsonLog());
  await migrate(database.db as never);
  await migrateJobs(database.pool);
  await database.close();
  process.env["TEST_DATABASE_URL"] = base;
  process.env["TEST_DATABASE_TEMPLATE"] = template;
}

export async function globalTeardown(): Promise<void> {
  if (server) return server.stop();
  const admin = new pg.Client({ connectionString: process.env["TEST_DATABASE_URL"] });
  await admin.connect();
  await admin.query(`DROP DATABASE ${process.env["TEST_DATABASE_TEMPLATE"]}`);
  await admin.end();
}
