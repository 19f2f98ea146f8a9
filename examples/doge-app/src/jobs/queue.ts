import { type Kysely, sql } from "kysely";
import type pg from "pg";
import type { Tables } from "../database/tables.ts";
import type { Mail } from "../mail/mail.ts";

/** What can be put off, and what it needs. The work itself is in `jobs/tasks.ts`. */
export interface Jobs {
  send_mail: Mail;
  delete_picture: { readonly key: string };
  remove_expired: Record<string, never>;
}

/**
 * Queued in the transaction that `db` is in: the job is there exactly if the rest is. Jobs are kept by
 * graphile-worker in Postgres; its `add_job` is plain SQL, so that who only queues needn't load it.
 */
export async function enqueue<Name extends keyof Jobs>(
  db: Kysely<Tables>,
  name: Name,
  payload: Jobs[Name],
  options: { readonly attempts?: number; readonly key?: string } = {},
): Promise<void> {
  const { attempts = 10, key = null } = options;
  await sql`SELECT graphile_worker.add_job(
    ${name}::text, payload := ${JSON.stringify(payload)}::json, max_attempts := ${attempts}::integer, job_key := ${key}::text
  )`.execute(db);
}

export async function migrateJobs(pool: pg.Pool): Promise<void> {
  const { runMigrations } = await import("graphile-worker");
  await runMigrations({ pgPool: pool, logger: await quiet() });
}

async function quiet() {
  const { Logger } = await import("graphile-worker");
  return new Logger(() => () => {});
}
