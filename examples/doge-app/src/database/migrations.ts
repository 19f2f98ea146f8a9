import { readdir, readFile } from "node:fs/promises";
import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";

export interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

const folder = new URL("../../migrations/", import.meta.url);

/** Files of SQL in `migrations/`, run once each in the order of their names by Kysely's migrator. */
async function sqlFiles(): Promise<Record<string, Migration>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql"));
  const migrations: Record<string, Migration> = {};
  for (const name of names.sort()) {
    const text = await readFile(new URL(name, folder), "utf8");
    migrations[name] = { up: async (db) => void (await sql.raw(text).execute(db)) };
  }
  return migrations;
}

export const migrator = (db: Kysely<never>): Migrator => new Migrator({ db: db.withoutPlugins(), provider: { getMigrations: sqlFiles } });

/** Changes nothing. */
export async function migrationState(db: Kysely<never>): Promise<MigrationState> {
  const migrations = await migrator(db).getMigrations();
  const names = (ran: boolean): string[] =>
    migrations.filter(({ executedAt }) => (executedAt !== undefined) === ran).map(({ name }) => name);
  return { applied: names(true), pending: names(false) };
}

/** Runs what is pending in one transaction. A second runner waits, and then finds nothing to do. */
export async function migrate(db: Kysely<never>): Promise<readonly string[]> {
  // An older release finds migrations of a newer one applied, which the migrator would refuse; it has nothing to do.
  if ((await migrationState(db)).pending.length === 0) return [];
  const { error, results = [] } = await migrator(db).migrateToLatest();
  const failed = results.find(({ status }) => status === "Error");
  if (error !== undefined) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(failed ? `${failed.migrationName}: ${reason}` : reason, { cause: error });
  }
  return results.map(({ migrationName }) => migrationName);
}
