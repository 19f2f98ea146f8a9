import { Hono } from "hono";
import { html } from "hono/html";
import { sql } from "kysely";
import { requireUser } from "../accounts/session.ts";
import type { Services } from "../services.ts";
import type { Env } from "../web/context.ts";
import { auditRoutes } from "./audit-log.ts";
import { may, requireStaff } from "./access.ts";
import { adminPage } from "./page.ts";
import { groupRoutes } from "./groups.ts";
import { userAdminRoutes } from "./users.ts";

/** The site administration, below ADMIN_PATH. */
export function adminRoutes(services: Services): Hono<Env> {
  const { db } = services;
  return new Hono<Env>()
    .use(requireUser, requireStaff)
    .get("/", async (c) => {
      const t = c.get("t");
      const count = (query: "user" | "group" | "auditEvent") =>
        db.selectFrom(query).select(sql<string>`count(*)`.as("count")).executeTakeFirstOrThrow();
      const tiles = [
        { path: "users/", title: t("Users"), permission: "users.view", count: (await count("user")).count },
        { path: "groups/", title: t("Groups"), permission: "groups.view", count: (await count("group")).count },
        { path: "audit/", title: t("Audit Log"), permission: "audit.view", count: (await count("auditEvent")).count },
      ];
      const seen = [];
      for (const tile of tiles) if (await may(c, db, tile.permission)) seen.push(tile);
      const content = html`<div class="features">
        ${seen.map((tile) => html`<a class="card" href="${c.get("settings").adminPath}${tile.path}"><strong class="figure">${tile.count}</strong> ${tile.title}</a>`)}
      </div>`;
      return c.html(adminPage(c, t("Site administration"), content));
    })
    .route("/", userAdminRoutes(services))
    .route("/", groupRoutes(services))
    .route("/", auditRoutes(services));
}
