import { createHmac } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../database/tables.ts";
import type { Settings } from "../settings.ts";
import type { Env, PageContext } from "../web/context.ts";
import { sameText } from "../web/sign.ts";

export interface CurrentUser {
  readonly id: string;
  readonly sessionId: string;
  readonly username: string;
  readonly name: string;
  readonly email: string;
  readonly image: string | null;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly twoFactorEnabled: boolean;
  readonly language: string | null;
  readonly timeZone: string;
  readonly createdAt: Date;
}

export const cookiePrefix = "doge-app";

const sessionCookie = (settings: Pick<Settings, "siteUrl">): string =>
  `${settings.siteUrl.startsWith("https:") ? "__Secure-" : ""}${cookiePrefix}.session_token`;

/**
 * Tells who sends a request, by better-auth's session cookie: `token.signature`. Read here and not by better-auth, since
 * every page needs it: one query, and none where the signature is wrong. The query is put together once: that takes
 * longer than Postgres takes to answer.
 */
export function sessionReader(db: Kysely<Tables>, settings: Settings): (c: PageContext) => Promise<CurrentUser | undefined> {
  const query = sessionQuery(db, "").compile();
  const [, ...others] = query.parameters;
  return async (c) => {
    const cookie = getCookie(c, sessionCookie(settings));
    const end = cookie?.lastIndexOf(".") ?? -1;
    if (cookie === undefined || end < 0) return undefined;
    const token = cookie.slice(0, end);
    const signature = cookie.slice(end + 1);
    const signs = (key: string): boolean => sameText(createHmac("sha256", key).update(token).digest("base64"), signature);
    if (!settings.secretKeys.some(signs)) return undefined;
    const { rows } = await db.executeQuery<CurrentUser>({ ...query, parameters: [token, ...others] });
    return rows[0];
  };
}

const sessionQuery = (db: Kysely<Tables>, token: string) =>
  db
    .selectFrom("session as s")
    .innerJoin("user as u", "u.id", "s.userId")
    .select([
      "u.id",
      "s.id as sessionId",
      "u.username",
      "u.name",
      "u.email",
      "u.image",
      "u.isStaff",
      "u.isSuperuser",
      "u.twoFactorEnabled",
      "u.language",
      "u.timeZone",
      "u.createdAt",
    ])
    .where("s.token", "=", token)
    .where("s.expiresAt", ">", sql<Date>`now()`)
    .where("u.isActive", "=", true);

/** Sends a stranger to the login, and from there back. */
export const requireUser: MiddlewareHandler<Env> = async (c, next) => {
  if (c.get("user")) return next();
  const { pathname, search } = new URL(c.req.url);
  return c.redirect(`/accounts/login/?next=${encodeURIComponent(pathname + search)}`, 302);
};

/** Ends sessions of a user, on every device or on all others. */
export async function endSessions(db: Kysely<Tables>, userId: string, except?: string): Promise<void> {
  let query = db.deleteFrom("session").where("userId", "=", userId);
  if (except) query = query.where("id", "!=", except);
  await query.execute();
}
