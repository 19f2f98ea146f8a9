import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Client, Pool, PoolClient } from "pg";

/** A file of SQL in `migrations/`. Files run once each, in the order of their names, and never change afterwards. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

export interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

type Queryable = Pick<Client | Pool | PoolClient, "query">;
// Locks and transactions belong to a connection: a pool will not do.
type Connection = Pick<Client | PoolClient, "query">;

// Any number will do, as long as only migrations of this app use it.
const lock = 7_031_984;

const folder = new URL("../migrations/", import.meta.url);

export async function readMigrations(from: URL = folder): Promise<readonly Migration[]> {
  const names = (await readdir(from)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, from), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function appliedMigrations(db: Queryable): Promise<ReadonlyMap<string, string>> {
  const table = await db.query<{ exists: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS exists",
  );
  if (!table.rows[0]?.exists) return new Map();
  const { rows } = await db.query<{ name: string; checksum: string }>(
    "SELECT name, checksum FROM schema_migrations ORDER BY name",
  );
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

/** Changes nothing. Throws where a migration was edited after it had run. */
export async function migrationState(db: Queryable, migrations: readonly Migration[]): Promise<MigrationState> {
  const applied = await appliedMigrations(db);
  for (const { name, checksum } of migrations) {
    const ran = applied.get(name);
    if (ran !== undefined && ran !== checksum) {
      throw new Error(`${name} was changed after it had run. Put it back, and write a new migration instead.`);
    }
  }
  return {
    applied: [...applied.keys()],
    pending: migrations.map(({ name }) => name).filter((name) => !applied.has(name)),
  };
}

/** Runs what is pending, each in a transaction of its own. A second runner waits, and then finds nothing to do. */
export async function migrate(
  client: Connection,
  migrations: readonly Migration[],
  report: (name: string) => void = () => {},
): Promise<readonly string[]> {
  await client.query("SELECT pg_advisory_lock($1)", [lock]);
  try {
    await client.query(`
      CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`);
    const { pending } = await migrationState(client, migrations);
    for (const { name, sql, checksum } of migrations) {
      if (!pending.includes(name)) continue;
      await inTransaction(client, async () => {
        await client.query(sql);
        await client.query("INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", [name, checksum]);
      });
      report(name);
    }
    return pending;
  } finally {
    await client.query("SELECT pg_advisory_unlock($1)", [lock]);
  }
}

async function inTransaction(client: Connection, work: () => Promise<void>): Promise<void> {
  await client.query("BEGIN");
  try {
    await work();
    await client.query("COMMIT");
  } catch (thrown) {
    await client.query("ROLLBACK");
    throw thrown;
  }
}
