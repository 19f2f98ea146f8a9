// {{#if api}}
import { createHash, randomBytes } from "node:crypto";
import { Hono } from "hono";
import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext, signedIn } from "../web/context.ts";
import { form, readForm } from "../web/form.ts";
import { dateTime, type Html, page } from "../web/page.ts";
import { requireUser } from "./session.ts";

/** The prefix lets secret scanners find a token that was committed by mistake. */
const prefix = "{{slug}}_";

export const tokenHash = (token: string): string => createHash("sha256").update(token).digest("base64url");

/** Tokens of the JSON API: `Authorization: Bearer …`. */
export function tokenRoutes(services: Services): Hono<Env> {
  const { db } = services;

  async function tokensPage(c: PageContext, made?: string, error?: string): Promise<Html> {
    const t = c.get("t");
    const tokens = await db
      .selectFrom("apiToken")
      .select(["id", "name", "createdAt", "lastUsedAt"])
      .where("userId", "=", signedIn(c).id)
      .orderBy("id")
      .execute();
    return page(
      c,
      { title: t("API Tokens") },
      html`<h1>${t("API Tokens")}</h1>
        <p>${t("For programs that act for you.")} <a href="/api/docs/">${t("About the API")}</a></p>
        ${made ? html`<p class="message success" role="status">${t("Copy it now, it is not shown again:")} <code id="token">${made}</code></p>` : ""}
        <ul class="rows">
          ${tokens.map(
            (token) =>
              html`<li>
                <span>
                  <strong>${token.name}</strong><br />
                  <small>${t("made")} ${dateTime(c, token.createdAt)} · ${token.lastUsedAt ? html`${t("used")} ${dateTime(c, token.lastUsedAt)}` : t("never used")}</small>
                </span>
                ${form({ action: `/accounts/tokens/${token.id}/delete/`, button: t("Revoke"), buttonClass: "danger small" })}
              </li>`,
          )}
        </ul>
        ${form({
          action: "/accounts/tokens/",
          button: t("Make a Token"),
          errors: { name: error },
          fields: [{ name: "name", label: t("What is it for?"), required: true, maxlength: 60 }],
        })}`,
    );
  }

  return new Hono<Env>()
    .get("/tokens/", requireUser, async (c) => c.html(await tokensPage(c)))

    .post("/tokens/", requireUser, async (c) => {
      const name = (await readForm(c)).text("name").slice(0, 60);
      if (name === "") return c.html(await tokensPage(c, undefined, c.get("t")("This field is required.")), 422);
      const token = `${prefix}${randomBytes(30).toString("base64url")}`;
      await db.insertInto("apiToken").values({ userId: signedIn(c).id, name, hash: tokenHash(token) }).execute();
      await audit(c, services, { action: "token.made", target: name });
      return c.html(await tokensPage(c, token));
    })

    .post("/tokens/:id{[0-9]+}/delete/", requireUser, async (c) => {
      const { id } = signedIn(c);
      await db.deleteFrom("apiToken").where("id", "=", c.req.param("id")).where("userId", "=", id).execute();
      await audit(c, services, { action: "token.revoked" });
      c.get("flash").add("success", c.get("t")("Token revoked."));
      return c.redirect("/accounts/tokens/", 303);
    });
}
// {{/if}}
