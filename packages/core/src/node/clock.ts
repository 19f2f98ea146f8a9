import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../ports.ts";

export const nodeClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    await wait(milliseconds, undefined, signal ? { signal } : {});
  },
};
