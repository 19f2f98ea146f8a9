import { openPool } from "./database/database.ts";
import type { Log } from "./log.ts";
import type { Settings } from "./settings.ts";

/** Short-lived values that every process sees. Losing all of them is allowed. */
export interface Cache {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, seconds: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Counts up and returns the count; it begins again `seconds` after the first. */
  increment(key: string, seconds: number): Promise<number>;
  close(): Promise<void>;
}

export function openCache(settings: Settings, log: Log): Cache {
  return postgresCache(settings.databaseUrl, log);
}

/**
 * On connections of its own: what is counted stays counted where the request's transaction is rolled back, and a
 * request that holds one connection never waits for a second of the same pool.
 */
function postgresCache(connectionString: string, log: Log): Cache {
  const pool = openPool(connectionString, 3, log);
  return {
    async get(key) {
      const { rows } = await pool.query<{ value: string }>(
        "SELECT value FROM cache_entry WHERE key = $1 AND expires_at > now()",
        [key],
      );
      return rows[0]?.value;
    },
    async set(key, value, seconds) {
      await pool.query(
        `INSERT INTO cache_entry (key, value, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
        [key, value, seconds],
      );
    },
    async delete(key) {
      await pool.query("DELETE FROM cache_entry WHERE key = $1", [key]);
    },
    async increment(key, seconds) {
      const { rows } = await pool.query<{ value: string }>(
        `INSERT INTO cache_entry AS c (key, value, expires_at) VALUES ($1, '1', now() + make_interval(secs => $2))
         ON CONFLICT (key) DO UPDATE SET
           value = CASE WHEN c.expires_at > now() THEN (c.value::integer + 1)::text ELSE '1' END,
           expires_at = CASE WHEN c.expires_at > now() THEN c.expires_at ELSE excluded.expires_at END
         RETURNING value`,
        [key, seconds],
      );
      return Number(rows[0]?.value);
    },
    close: () => pool.end(),
  };
}
