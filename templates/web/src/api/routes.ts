// {{#if api}}
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { tokenHash } from "../accounts/tokens.ts";
import { permissionsOf } from "../admin/access.ts";
import type { Services } from "../services.ts";
import { pictureUrl } from "../users/pictures.ts";
import type { Env } from "../web/context.ts";
import { allowed } from "../web/limits.ts";
import { docsPage } from "./docs.ts";
import { apiDocument } from "./document.ts";

const columns = ["id", "username", "name", "image", "email", "isSuperuser", "timeZone", "createdAt"] as const;

interface Row {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly image: string | null;
  readonly email: string;
  readonly isSuperuser: boolean;
  readonly timeZone: string;
  readonly createdAt: Date;
}

interface ApiEnv extends Env {
  Variables: Env["Variables"] & { caller: Row };
}

/** JSON for programs, by bearer token: cookies don't count here, so there is nothing to forge across sites. */
export function apiRoutes(services: Services): Hono<ApiEnv> {
  const { db, cache, settings } = services;
  const absolute = (path: string): string => `${settings.siteUrl}${path}`;
  const shown = (row: Row): object => ({
    username: row.username,
    name: row.name,
    url: absolute(`/users/${encodeURIComponent(row.username)}/`),
    picture: row.image && absolute(pictureUrl(row.image)),
    joined: row.createdAt.toISOString(),
  });
  const shownMe = (row: Row): object => ({ ...shown(row), email: row.email, time_zone: row.timeZone });

  const requireToken: MiddlewareHandler<ApiEnv> = async (c, next) => {
    const token = /^Bearer (\S{20,200})$/.exec(c.req.header("authorization") ?? "")?.[1];
    const hash = token === undefined ? undefined : tokenHash(token);
    const caller =
      hash &&
      (await db
        .selectFrom("apiToken as t")
        .innerJoin("user as u", "u.id", "t.userId")
        .select(["t.id as tokenId", "t.lastUsedAt", ...columns.map((name) => `u.${name}` as const)])
        .where("t.hash", "=", hash)
        .where("u.isActive", "=", true)
        .executeTakeFirst());
    if (!caller) {
      if (!(await allowed(cache, "apiAnonymous", c.get("ipAddress")))) return c.json({ error: "too many requests" }, 429);
      c.header("www-authenticate", "Bearer");
      return c.json({ error: "a valid token is needed" }, 401);
    }
    // Not on every request: to the minute is enough.
    if (!caller.lastUsedAt || Date.now() - caller.lastUsedAt.getTime() > 60_000) {
      await db.updateTable("apiToken").set({ lastUsedAt: new Date() }).where("id", "=", caller.tokenId).execute();
    }
    c.set("caller", caller);
    await next();
  };

  const find = (username: string): Promise<Row | undefined> =>
    db.selectFrom("user").select(columns).where("username", "=", username.toLowerCase()).where("isActive", "=", true).executeTakeFirst();

  return new Hono<ApiEnv>()
    .get("/schema/", (c) => c.json(apiDocument(settings)))
    .get("/docs/", (c) => c.html(docsPage(c as never, apiDocument(settings))))
    .use("/users/*", requireToken)

    .get("/users/", async (c) => {
      const caller = c.get("caller");
      if (!caller.isSuperuser && !(await permissionsOf(db, caller.id)).has("users.view")) return c.json({ error: "needs the permission users.view" }, 403);
      const limit = Math.max(1, Math.min(100, Number(c.req.query("limit") ?? 50) || 50));
      const rows = await db
        .selectFrom("user")
        .select(columns)
        .where("isActive", "=", true)
        .where("username", ">", c.req.query("after") ?? "")
        .orderBy("username")
        .limit(limit + 1)
        .execute();
      const users = rows.slice(0, limit);
      return c.json({ users: users.map(shown), next: rows.length > limit ? (users.at(-1)?.username ?? null) : null });
    })

    .get("/users/me/", (c) => c.json(shownMe(c.get("caller"))))

    .patch("/users/me/", async (c) => {
      const caller = c.get("caller");
      const body = await c.req.json<Record<string, unknown>>().catch(() => undefined);
      if (typeof body !== "object" || body === null) return c.json({ error: "the body must be a JSON object" }, 422);
      const { name = caller.name, time_zone: timeZone = caller.timeZone, ...unknown } = body;
      const [stray] = Object.keys(unknown);
      if (stray !== undefined) return c.json({ error: `${stray} can't be changed here` }, 422);
      if (typeof name !== "string" || name.length > 255) return c.json({ error: "name must be a text of at most 255 characters" }, 422);
      if (typeof timeZone !== "string" || !["UTC", ...Intl.supportedValuesOf("timeZone")].includes(timeZone)) {
        return c.json({ error: "time_zone must be an IANA time zone such as Europe/Zurich" }, 422);
      }
      await db.updateTable("user").set({ name, timeZone, updatedAt: new Date() }).where("id", "=", caller.id).execute();
      return c.json(shownMe({ ...caller, name, timeZone }));
    })

    .get("/users/:username/", async (c) => {
      const user = await find(c.req.param("username"));
      return user ? c.json(shown(user)) : c.json({ error: "no such user" }, 404);
    })

    .all("*", (c) => c.json({ error: "not found" }, 404));
}
// {{/if}}
