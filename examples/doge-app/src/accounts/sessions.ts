import { Hono } from "hono";
import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { Services } from "../services.ts";
import { type Env, signedIn } from "../web/context.ts";
import { form } from "../web/form.ts";
import { dateTime, page } from "../web/page.ts";
import { endSessions, requireUser } from "./session.ts";

export function sessionRoutes(services: Services): Hono<Env> {
  const { db } = services;
  return new Hono<Env>()
    .get("/sessions/", requireUser, async (c) => {
      const t = c.get("t");
      const user = signedIn(c);
      const sessions = await db
        .selectFrom("session")
        .select(["id", "ipAddress", "userAgent", "createdAt"])
        .where("userId", "=", user.id)
        .where("expiresAt", ">", new Date())
        .orderBy("createdAt", "desc")
        .execute();
      const content = html`<h1>${t("Sessions")}</h1>
        <p>${t("Where you are signed in. End what you don't recognise, and change your password.")}</p>
        <ul class="rows">
          ${sessions.map(
            (session) =>
              html`<li>
                <span>
                  <strong>${deviceOf(session.userAgent)}</strong>
                  ${session.id === user.sessionId ? html`<span class="badge">${t("this one")}</span>` : ""}<br />
                  <small>${session.ipAddress ?? ""} · ${dateTime(c, session.createdAt)}</small>
                </span>
                ${session.id === user.sessionId ? "" : form({ action: `/accounts/sessions/${session.id}/end/`, button: t("End"), buttonClass: "danger small" })}
              </li>`,
          )}
        </ul>
        ${sessions.length > 1 ? form({ action: "/accounts/sessions/end/", button: t("End All Others"), buttonClass: "secondary" }) : ""}`;
      return c.html(page(c, { title: t("Sessions") }, content));
    })

    .post("/sessions/end/", requireUser, async (c) => {
      const user = signedIn(c);
      await endSessions(db, user.id, user.sessionId);
      await audit(c, services, { action: "sessions.ended", target: user.username });
      c.get("flash").add("success", c.get("t")("All other sessions are ended."));
      return c.redirect("/accounts/sessions/", 303);
    })

    .post("/sessions/:id/end/", requireUser, async (c) => {
      const user = signedIn(c);
      await db.deleteFrom("session").where("id", "=", c.req.param("id")).where("userId", "=", user.id).execute();
      await audit(c, services, { action: "session.ended", target: user.username });
      c.get("flash").add("success", c.get("t")("The session is ended."));
      return c.redirect("/accounts/sessions/", 303);
    });
}

/** "Firefox, Linux": enough to recognise a device by. */
export function deviceOf(userAgent: string | null): string {
  const find = (names: readonly (readonly [RegExp, string])[]): string | undefined =>
    names.find(([pattern]) => pattern.test(userAgent ?? ""))?.[1];
  const browser = find([
    [/Edg\//, "Edge"],
    [/Firefox\//, "Firefox"],
    [/Chrome\//, "Chrome"],
    [/Safari\//, "Safari"],
  ]);
  const system = find([
    [/Android/, "Android"],
    [/iPhone|iPad/, "iOS"],
    [/Mac OS X/, "macOS"],
    [/Windows/, "Windows"],
    [/Linux/, "Linux"],
  ]);
  return [browser, system].filter(Boolean).join(", ") || (userAgent ?? "").slice(0, 40) || "?";
}
