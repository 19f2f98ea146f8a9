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

const migrationTable = "kysely_migration";

/**
 * What ran once, but has no file here: a newer release's, or one that a commit took back. It stays applied
 * and has nothing to do; without an entry the migrator would refuse to run the others.
 */
async function withoutFile(db: Kysely<never>, files: Readonly<Record<string, Migration>>): Promise<Record<string, Migration>> {
  const { rows: found } = await sql<{ there: boolean }>`SELECT to_regclass(${migrationTable}) IS NOT NULL AS there`.execute(db);
  if (!found[0]?.there) return {};
  const { rows } = await sql<{ name: string }>`SELECT name FROM ${sql.table(migrationTable)}`.execute(db);
  const missing = rows.filter(({ name }) => files[name] === undefined);
  return Object.fromEntries(missing.map(({ name }) => [name, { up: () => Promise.resolve() }]));
}

export function migrator(db: Kysely<never>): Migrator {
  const plain = db.withoutPlugins();
  return new Migrator({
    db: plain,
    migrationTableName: migrationTable,
    // Branches that meet bring migrations in the order of their merge, not of their names.
    allowUnorderedMigrations: true,
    provider: {
      async getMigrations() {
        const files = await sqlFiles();
        return { ...(await withoutFile(plain, files)), ...files };
      },
    },
  });
}

/** Changes nothing. */
export async function migrationState(db: Kysely<never>): Promise<MigrationState> {
  const migrations = await migrator(db).getMigrations();
  const names = (ran: boolean): string[] =>
    migrations.filter(({ executedAt }) => (executedAt !== undefined) === ran).map(({ name }) => name);
  return { applied: names(true), pending: names(false) };
}

/** Runs what is pending in one transaction. A second runner waits, and then finds nothing to do. */
export async function migrate(db: Kysely<never>): Promise<readonly string[]> {
  const { error, results = [] } = await migrator(db).migrateToLatest();
  const failed = results.find(({ status }) => status === "Error");
  if (error !== undefined) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(failed ? `${failed.migrationName}: ${reason}` : reason, { cause: error });
  }
  return results.map(({ migrationName }) => migrationName);
}
