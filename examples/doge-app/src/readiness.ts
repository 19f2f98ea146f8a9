import { sql, type Kysely } from "kysely";
import { migrationState } from "./database/migrations.ts";
import type { Tables } from "./database/tables.ts";

export interface Ready {
  readonly ready: boolean;
  /** Why not: shown by `doge deploy` when a release does not become ready. */
  readonly reason?: string;
}

export interface Readiness {
  check(): Promise<Ready>;
  /** From now on not ready: the edge sends new requests to the next release, running ones finish here. */
  drain(): void;
}

export function databaseReadiness(db: Kysely<Tables>): Readiness {
  let draining = false;
  let migrated = false;
  return {
    drain() {
      draining = true;
    },
    async check() {
      if (draining) return { ready: false, reason: "draining" };
      try {
        if (migrated) {
          await sql`SELECT 1`.execute(db);
        } else {
          const { pending } = await migrationState(db as never);
          if (pending.length > 0) return { ready: false, reason: `pending migrations: ${pending.join(", ")}` };
          migrated = true;
        }
      } catch (thrown) {
        return { ready: false, reason: `database: ${thrown instanceof Error ? thrown.message || thrown.name : thrown}` };
      }
      return { ready: true };
    },
  };
}
