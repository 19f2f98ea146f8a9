import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "./app.ts";
import { openDatabase } from "./database.ts";
import { postgresGuestbook } from "./guestbook.ts";
import { jsonLog } from "./log.ts";
import { readMigrations } from "./migrations.ts";
import { databaseReadiness } from "./readiness.ts";
import { readSettings, SettingsError, type Settings } from "./settings.ts";
import { stopGracefully } from "./shutdown.ts";

const log = jsonLog();

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (thrown) {
    if (!(thrown instanceof SettingsError)) throw thrown;
    for (const trouble of thrown.message.split("\n")) log.error(trouble);
    process.exit(78); // EX_CONFIG
  }
}

const settings = settingsOrExit();
const pool = openDatabase(settings.databaseUrl, log);
const readiness = databaseReadiness(pool, await readMigrations());
const app = createApp({ settings, guestbook: postgresGuestbook(pool), readiness, log });

const server = createServer(getRequestListener(app.fetch));
server.listen(settings.port, () => {
  log.info("listening", { port: settings.port, environment: settings.environment, release: settings.release });
});

// `doge deploy` sends SIGUSR1 to the old release once the new one is healthy, and SIGTERM when it has drained.
process.on("SIGUSR1", () => {
  log.info("draining");
  readiness.drain();
});

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    log.info("stopping", { signal });
    readiness.drain();
    void stopGracefully(server, { graceMilliseconds: 25_000 }).then(async (finished) => {
      await pool.end();
      log.info("stopped", { finished });
      process.exit(finished ? 0 : 1);
    });
  });
}
