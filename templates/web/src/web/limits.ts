import { HTTPException } from "hono/http-exception";
import type { Cache } from "../cache.ts";
import type { PageContext } from "./context.ts";

/** How often something may be done: `[times, seconds]`. */
export const limits = {
  failedLogin: [5, 300],
  signUp: [20, 60],
  passwordReset: [20, 60],
  passwordResetAddress: [5, 60],
  passwordChange: [5, 60],
  manageEmail: [10, 60],
  /** The time that must pass before the same address gets another confirmation. */
  confirmationMail: [1, 180],
  secondFactor: [10, 300],
  // {{#if api}}
  apiAnonymous: [60, 60],
  // {{/if}}
} as const satisfies Record<string, readonly [times: number, seconds: number]>;

export type Limit = keyof typeof limits;

const keyOf = (limit: Limit, whom: string): string => `limit:${limit}:${whom.toLowerCase()}`;

/** Counts one more; false where it is one too many. */
export async function allowed(cache: Cache, limit: Limit, whom: string): Promise<boolean> {
  const [times, seconds] = limits[limit];
  return (await cache.increment(keyOf(limit, whom), seconds)) <= times;
}

/** Whether it would be too many, without counting. */
export async function exhausted(cache: Cache, limit: Limit, whom: string): Promise<boolean> {
  return Number((await cache.get(keyOf(limit, whom))) ?? 0) >= limits[limit][0];
}

export const forgive = (cache: Cache, limit: Limit, whom: string): Promise<void> => cache.delete(keyOf(limit, whom));

/** Counts a request of this visitor; throws 429 where it is one too many. */
export async function limitVisitor(c: PageContext, cache: Cache, limit: Limit): Promise<void> {
  if (await allowed(cache, limit, c.get("ipAddress"))) return;
  c.header("retry-after", String(limits[limit][1]));
  throw new HTTPException(429);
}
