import pg from "pg";
import { describe, type Log } from "./log.ts";

export function openDatabase(url: string, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
  });
  // An idle connection that breaks (Postgres restarts) is replaced; without a listener it would end the process.
  pool.on("error", (thrown) => log.error("An idle database connection broke", { error: describe(thrown) }));
  return pool;
}
