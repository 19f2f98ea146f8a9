import type { Kysely } from "kysely";
import type { Accounts } from "./accounts/auth.ts";
import type { Cache } from "./cache.ts";
import type { Database } from "./database/database.ts";
import type { Tables } from "./database/tables.ts";
import type { Errors } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Mailer } from "./mail/mailer.ts";
import type { Metrics } from "./metrics.ts";
import type { Readiness } from "./readiness.ts";
import type { Settings } from "./settings.ts";
import type { Tracing } from "./tracing.ts";
import type { Storage } from "./users/storage.ts";

/** What requests and jobs work with. Made once in `server.ts`, `worker.ts` or a test, and handed on. */
export interface Services {
  readonly settings: Settings;
  readonly log: Log;
  readonly database: Database;
  readonly db: Kysely<Tables>;
  readonly cache: Cache;
  readonly mailer: Mailer;
  readonly storage: Storage;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
  readonly errors: Errors;
  /** better-auth, loaded when first asked for: most requests need only the session. */
  accounts(): Promise<Accounts>;
}
