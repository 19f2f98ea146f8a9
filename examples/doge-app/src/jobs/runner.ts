import { Logger, run } from "graphile-worker";
import type { Services } from "../services.ts";
import { createTasks, schedule } from "./tasks.ts";

/** Runs jobs as they come (Postgres tells at once) and schedules, until stopped. */
export async function startJobs(services: Services): Promise<{ stop(): Promise<void> }> {
  const { database, errors, log, metrics } = services;
  const tasks = createTasks(services) as unknown as Record<string, (payload: unknown) => Promise<void>>;
  const runner = await run({
    pgPool: database.pool,
    concurrency: 4,
    noHandleSignals: true,
    crontab: schedule,
    logger: new Logger(() => (level, message) => {
      if (level === "error") log.error(`jobs: ${message}`);
    }),
    taskList: Object.fromEntries(
      Object.entries(tasks).map(([name, task]) => [
        name,
        async (payload: unknown) => {
          try {
            await task(payload);
            metrics.job(name, "done");
          } catch (thrown) {
            metrics.job(name, "failed");
            errors.report("job failed", thrown, { job: name });
            throw thrown;
          }
        },
      ]),
    ),
  });
  log.info("jobs running", { tasks: Object.keys(tasks) });
  return { stop: () => runner.stop() };
}
