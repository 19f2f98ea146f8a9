/**
 * `node src/migrate.ts` runs pending migrations.
 * `node src/migrate.ts --list [--json]` shows what ran and what is pending, and changes nothing.
 */
import { parseArgs } from "node:util";
import { openDatabase } from "./database/database.ts";
import { migrate, migrationState } from "./database/migrations.ts";
import { migrateJobs } from "./jobs/queue.ts";
import { jsonLog } from "./log.ts";

const { values } = parseArgs({ options: { list: { type: "boolean" }, json: { type: "boolean" } } });

async function main(databaseUrl: string): Promise<void> {
  const database = openDatabase({ databaseUrl, databasePool: 2 }, jsonLog());
  const db = database.db as never;
  try {
    if (values.list) {
      const state = await migrationState(db);
      if (values.json) return console.log(JSON.stringify(state));
      for (const name of state.applied) console.log(`applied  ${name}`);
      for (const name of state.pending) console.log(`pending  ${name}`);
      return;
    }
    const ran = await migrate(db);
    for (const name of ran) console.log(`applied ${name}`);
    if (ran.length === 0) console.log("nothing to migrate");
    // The job queue brings migrations of its own, which suit the release before.
    await migrateJobs(database.pool);
  } finally {
    await database.close();
  }
}

try {
  // Only this setting: a migration must not need what only the web process needs.
  const url = process.env["DATABASE_URL"];
  if (!url) throw new Error("DATABASE_URL is missing: set it to postgres://user:password@host:5432/database");
  await main(url);
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message || String(thrown) : thrown);
  process.exitCode = 1;
}
