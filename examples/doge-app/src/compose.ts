import { once } from "./once.ts";
import { sendResetLink } from "./accounts/links.ts";
import { openCache } from "./cache.ts";
import { openDatabase } from "./database/database.ts";
import { errorReporting } from "./errors.ts";
import type { Log } from "./log.ts";
import { createMailer } from "./mail/mailer.ts";
import { createMetrics } from "./metrics.ts";
import { databaseReadiness } from "./readiness.ts";
import type { Services } from "./services.ts";
import type { Settings } from "./settings.ts";
import { createTracing } from "./tracing.ts";
import { openStorage } from "./users/storage.ts";

/** Wires everything from the settings. Opens no connection yet: the first question does. */
export function composeServices(settings: Settings, log: Log): Services & { close(): Promise<void> } {
  const metrics = createMetrics(settings.release);
  const tracing = createTracing(settings, log);
  const database = openDatabase(settings, log, (milliseconds, text) => {
    metrics.query(milliseconds);
    tracing?.query(milliseconds, text);
  });
  const cache = openCache(settings, log);
  const services: Services = {
    settings,
    log,
    database,
    db: database.db,
    cache,
    mailer: createMailer(settings, database.db),
    storage: openStorage(settings.storageUrl),
    readiness: databaseReadiness(database.db),
    metrics,
    tracing,
    errors: errorReporting(settings, log),
    accounts: once(async () => {
      const { createAccounts } = await import("./accounts/auth.ts");
      return createAccounts(services, (user, token) => sendResetLink(services, user, token));
    }),
  };
  return {
    ...services,
    async close() {
      await cache.close();
      await tracing?.flush();
      await database.close();
    },
  };
}
