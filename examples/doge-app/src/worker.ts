/** The process that runs jobs and schedules. Where it runs, the web process gets JOBS_IN_WEB=false. */
import { composeServices } from "./compose.ts";
import { keepStarting } from "./jobs/start.ts";
import { jsonLog } from "./log.ts";
import { settingsOrExit } from "./settings-or-exit.ts";

const log = jsonLog();
const services = composeServices(settingsOrExit(log), log);
const jobs = await keepStarting(services);
// The runner's timers alone must not decide how long this process lives.
const alive = setInterval(() => {}, 60_000);

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    log.info("stopping", { signal });
    clearInterval(alive);
    void jobs.stop().then(async () => {
      await services.close();
      log.info("stopped");
      process.exit(0);
    });
  });
}
