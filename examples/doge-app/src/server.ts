import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "./app.ts";
import { composeServices } from "./compose.ts";
import { jsonLog } from "./log.ts";
import { settingsOrExit } from "./settings-or-exit.ts";
import { stopGracefully } from "./shutdown.ts";

const log = jsonLog();
const settings = settingsOrExit(log);
const services = composeServices(settings, log);
const app = createApp(services);

const server = createServer(getRequestListener(app.fetch));
server.on("error", (error) => {
  log.error(`port ${settings.port} can't be listened on: ${error.message}`);
  process.exit(1);
});
server.listen(settings.port, () => {
  log.info("listening", { port: settings.port, environment: settings.environment, release: settings.release });
  process.send?.("listening");
});

const jobs = settings.jobsInWeb
  ? import("./jobs/start.ts").then(({ keepStarting }) => keepStarting(services))
  : undefined;

// `doge deploy` sends SIGUSR1 to the old release once the new one is healthy, and SIGTERM when it has drained.
process.on("SIGUSR1", () => {
  log.info("draining");
  services.readiness.drain();
});

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    log.info("stopping", { signal });
    services.readiness.drain();
    void stopGracefully(server, { graceMilliseconds: 25_000 }).then(async (finished) => {
      await (await jobs)?.stop();
      await services.close();
      log.info("stopped", { finished });
      process.exit(finished ? 0 : 1);
    });
  });
}
