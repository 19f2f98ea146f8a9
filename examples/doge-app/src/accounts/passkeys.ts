import { Hono } from "hono";
import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { Services } from "../services.ts";
import { type Env, signedIn } from "../web/context.ts";
import { form } from "../web/form.ts";
import { limitVisitor } from "../web/limits.ts";
import { dateTime, page } from "../web/page.ts";
import { signedInAs } from "./login.ts";
import { requireUser } from "./session.ts";

/** Passkeys need the browser's `navigator.credentials`: the one place that needs JavaScript (`public/app.js`). */
export function passkeyRoutes(services: Services): Hono<Env> {
  const { db, cache } = services;

  return new Hono<Env>()
    .get("/passkeys/", requireUser, async (c) => {
      const t = c.get("t");
      const keys = await db
        .selectFrom("passkey")
        .select(["id", "name", "createdAt"])
        .where("userId", "=", signedIn(c).id)
        .orderBy("createdAt")
        .execute();
      const content = html`<h1>${t("Passkeys")}</h1>
        <p>${t("A passkey signs you in with your fingerprint, face or device lock. No password travels, so none can be stolen.")}</p>
        <ul class="rows">
          ${keys.map(
            (key) =>
              html`<li>
                <span><strong>${key.name || t("Passkey")}</strong> ${dateTime(c, key.createdAt)}</span>
                ${form({ action: `/accounts/passkeys/${key.id}/delete/`, button: t("Remove"), buttonClass: "danger small" })}
              </li>`,
          )}
        </ul>
        <p><button type="button" data-passkey="register" hidden>${t("Add a passkey")}</button></p>
        <p class="message error" role="alert" data-passkey-error hidden>${t("That did not work. Please try again.")}</p>
        <noscript><p>${t("Adding a passkey needs JavaScript.")}</p></noscript>`;
      return c.html(page(c, { title: t("Passkeys") }, content));
    })

    .post("/passkeys/:id/delete/", requireUser, async (c) => {
      const { numDeletedRows } = await db
        .deleteFrom("passkey")
        .where("id", "=", c.req.param("id"))
        .where("userId", "=", signedIn(c).id)
        .executeTakeFirst();
      if (numDeletedRows > 0n) {
        await audit(c, services, { action: "passkey.removed", target: signedIn(c).username });
        c.get("flash").add("success", c.get("t")("Passkey removed."));
      }
      return c.redirect("/accounts/passkeys/", 303);
    })

    .post("/passkeys/register/options/", requireUser, async (c) => {
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) => api.generatePasskeyRegistrationOptions({ ...request, query: {} }));
      return answer.ok ? c.json(answer.value) : c.json({ error: answer.code }, 400);
    })

    .post("/passkeys/register/", requireUser, async (c) => {
      const { response, name } = await c.req.json<{ response: unknown; name?: string }>();
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) =>
        api.verifyPasskeyRegistration({ ...request, body: { response, name: String(name ?? "").slice(0, 60) } }),
      );
      if (!answer.ok) return c.json({ error: answer.code }, 400);
      await audit(c, services, { action: "passkey.added", target: signedIn(c).username });
      c.get("flash").add("success", c.get("t")("Passkey added."));
      return c.json({ next: "/accounts/passkeys/" });
    })

    .post("/passkeys/login/options/", async (c) => {
      await limitVisitor(c, cache, "passwordReset");
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) => api.generatePasskeyAuthenticationOptions({ ...request }));
      return answer.ok ? c.json(answer.value) : c.json({ error: answer.code }, 400);
    })

    .post("/passkeys/login/", async (c) => {
      const { response } = await c.req.json<{ response: never }>();
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) => api.verifyPasskeyAuthentication({ ...request, body: { response } }));
      if (!answer.ok) return c.json({ error: answer.code }, 400);
      await signedInAs(c, services, answer.value.session.userId);
      return c.json({ ok: true });
    });
}
