import { Hono } from "hono";
import { html } from "hono/html";
import type { Services } from "../services.ts";
import type { Env } from "../web/context.ts";
import { dateTime } from "../web/page.ts";
import { demandPermission } from "./access.ts";
import { adminPage, containing, pageNumber, pager, searchBox } from "./page.ts";

const perPage = 50;

export const auditRoutes = ({ db }: Services): Hono<Env> =>
  new Hono<Env>().get("/audit/", async (c) => {
    await demandPermission(c, db, "audit.view");
    const [t, q, number] = [c.get("t"), c.req.query("q") ?? "", pageNumber(c)];
    let query = db.selectFrom("auditEvent").selectAll().orderBy("id", "desc");
    if (q) {
      const pattern = containing(q);
      query = query.where((eb) => eb.or([eb("actor", "ilike", pattern), eb("action", "ilike", pattern), eb("target", "ilike", pattern)]));
    }
    const events = await query.limit(perPage + 1).offset((number - 1) * perPage).execute();
    const content = html`${searchBox(c, q)}
      <table>
        <thead>
          <tr><th>${t("When")}</th><th>${t("Who")}</th><th>${t("What")}</th><th>${t("Whom")}</th><th>${t("From")}</th></tr>
        </thead>
        <tbody>
          ${events.slice(0, perPage).map(
            (event) => html`<tr>
              <td>${dateTime(c, event.at)}</td>
              <td>${event.actor}</td>
              <td><code>${event.action}</code></td>
              <td>${event.target} ${Object.keys(event.detail).length > 0 ? html`<small>${JSON.stringify(event.detail)}</small>` : ""}</td>
              <td>${event.ipAddress ?? ""}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      ${pager(c, number, events.length > perPage)}`;
    return c.html(adminPage(c, t("Audit Log"), content));
  });
