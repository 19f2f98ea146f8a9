// {{#if redis}}
import type { Cache } from "./cache.ts";
import type { Log } from "./log.ts";
import { once } from "./once.ts";

/** Connects when first asked. */
export function redisCache(url: string, log: Log): Cache {
  let opened = false;
  const client = once(async () => {
    const { Redis } = await import("ioredis");
    opened = true;
    const redis = new Redis(url, { maxRetriesPerRequest: 2, keyPrefix: "{{slug}}:" });
    // It connects again by itself; who asks meanwhile is told.
    redis.on("error", (error: Error) => log.error("redis", { error: error.message }));
    return redis;
  });
  return {
    get: async (key) => (await (await client()).get(key)) ?? undefined,
    set: async (key, value, seconds) => void (await (await client()).set(key, value, "EX", seconds)),
    delete: async (key) => void (await (await client()).del(key)),
    async increment(key, seconds) {
      const answers = await (await client()).multi().incr(key).expire(key, seconds, "NX").exec();
      return Number(answers?.[0]?.[1]);
    },
    async close() {
      if (opened) (await client()).disconnect();
    },
  };
}
// {{/if}}
