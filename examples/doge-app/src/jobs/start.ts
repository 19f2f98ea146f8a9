import { setTimeout as wait } from "node:timers/promises";
import type { Services } from "../services.ts";

/** Starts the jobs as soon as the database is there and migrated; until then tries again every second. */
export async function keepStarting(services: Services): Promise<{ stop(): Promise<void> }> {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      if ((await services.readiness.check()).ready) {
        try {
          const { startJobs } = await import("./runner.ts");
          return await startJobs(services);
        } catch (thrown) {
          services.errors.report("jobs did not start", thrown);
        }
      }
      await wait(1_000, undefined, { ref: false });
    }
    return undefined;
  })();
  return {
    async stop() {
      stopped = true;
      await (await running)?.stop();
    },
  };
}
