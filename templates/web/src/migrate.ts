/**
 * `node src/migrate.ts` runs pending migrations.
 * `node src/migrate.ts --list [--json]` shows what ran and what is pending, and changes nothing.
 */
import { parseArgs } from "node:util";
import pg from "pg";
import { migrate, migrationState, readMigrations } from "./migrations.ts";
import { readSettings } from "./settings.ts";

const { values } = parseArgs({ options: { list: { type: "boolean" }, json: { type: "boolean" } } });

async function main(): Promise<void> {
  const { databaseUrl } = readSettings(process.env);
  const migrations = await readMigrations();
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    if (values.list) {
      const state = await migrationState(client, migrations);
      if (values.json) console.log(JSON.stringify(state));
      else for (const { name } of migrations) console.log(`${state.pending.includes(name) ? "pending" : "applied"}  ${name}`);
      return;
    }
    const ran = await migrate(client, migrations, (name) => console.log(`applied ${name}`));
    if (ran.length === 0) console.log("nothing to migrate");
  } finally {
    await client.end();
  }
}

try {
  await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message || String(thrown) : thrown);
  process.exitCode = 1;
}
