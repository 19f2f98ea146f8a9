import { AsyncLocalStorage } from "node:async_hooks";
import { CamelCasePlugin, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { describe, type Log } from "../log.ts";
import type { Settings } from "../settings.ts";
import type { Tables } from "./tables.ts";

export interface Database {
  /** Tables and columns in camelCase here, in snake_case in Postgres. */
  readonly db: Kysely<Tables>;
  readonly pool: pg.Pool;
  /**
   * Everything that `work` asks of `db`, better-auth's questions too, runs in one transaction. It is rolled back
   * where `work` throws or `keep` says so.
   */
  transaction<T>(work: () => Promise<T>, keep?: (result: T) => boolean): Promise<T>;
  close(): Promise<void>;
}

type Client = Pick<pg.PoolClient, "query" | "release">;

/** Connects when first asked. */
export function openPool(connectionString: string, max: number, log: Log): pg.Pool {
  const pool = new pg.Pool({ connectionString, max, connectionTimeoutMillis: 5_000, idleTimeoutMillis: 30_000 });
  // An idle connection that breaks (a restart of Postgres) must not end the process: the pool opens another.
  const lost = (error: Error): void => log.error("database connection lost", { error: describe(error) });
  pool.on("error", lost);
  pool.on("connect", (client) => client.on("error", lost));
  return pool;
}

export function openDatabase(
  settings: Pick<Settings, "databaseUrl" | "databasePool">,
  log: Log,
  onQuery?: (milliseconds: number, sql: string) => void,
): Database {
  const pool = openPool(settings.databaseUrl, settings.databasePool, log);

  const running = new AsyncLocalStorage<Client>();
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({
      pool: {
        connect: async () => (running.getStore() ?? (await pool.connect())) as pg.PoolClient,
        end: () => pool.end(),
        options: pool.options as object,
      },
    }),
    plugins: [new CamelCasePlugin()],
    ...(onQuery
      ? { log: (event) => onQuery(event.queryDurationMillis, event.query.sql) }
      : {}),
  });

  return {
    db,
    pool,
    async transaction(work, keep = () => true) {
      if (running.getStore()) return work();
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        const result = await running.run(oneAtATime(client), work);
        await client.query(keep(result) ? "COMMIT" : "ROLLBACK");
        client.release();
        return result;
      } catch (thrown) {
        // A connection that can't even roll back is thrown away.
        await client.query("ROLLBACK").then(
          () => client.release(),
          (error: Error) => client.release(error),
        );
        throw thrown;
      }
    },
    close: () => db.destroy(),
  };
}

/** A transaction has one connection: questions asked at the same time wait for each other. */
function oneAtATime(client: pg.PoolClient): Client {
  let last: Promise<unknown> = Promise.resolve();
  const query = (...words: Parameters<typeof client.query>): Promise<unknown> => {
    const answer = last.then(() => client.query(...words));
    last = answer.catch(() => {});
    return answer;
  };
  return { query: query as unknown as Client["query"], release: () => {} };
}
