import { Hono } from "hono";
import { html } from "hono/html";
import { audit } from "../audit.ts";
import { mails } from "../mail/mail.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext, signedIn } from "../web/context.ts";
import { form, isEmail, readForm } from "../web/form.ts";
import { allowed, limitVisitor } from "../web/limits.ts";
import { type Html, messagePage, page } from "../web/page.ts";
import { confirm, findConfirmation, pendingEmail, sendConfirmation } from "./links.ts";
import { requireUser } from "./session.ts";

export function emailRoutes(services: Services): Hono<Env> {
  const { db, cache, mailer } = services;

  async function emailPage(c: PageContext, value = "", error?: string): Promise<Html> {
    const t = c.get("t");
    const pending = await pendingEmail(services, signedIn(c).id);
    return page(
      c,
      { title: t("E-mail Address") },
      html`<h1>${t("E-mail Address")}</h1>
        <p>${t("Your account uses this address:")} <strong>${signedIn(c).email}</strong> <span class="badge">${t("Verified")}</span></p>
        ${
          pending
            ? html`<p>${t("Waiting for confirmation:")} <strong>${pending}</strong> <span class="badge">${t("Unverified")}</span></p>
                ${form({ action: "/accounts/email/", button: t("Re-send Verification"), name: "action_send", buttonClass: "secondary" })}`
            : ""
        }
        <h2>${t("Change E-mail Address")}</h2>
        ${form({
          button: t("Change E-mail"),
          name: "action_add",
          errors: { email: error },
          fields: [
            {
              name: "email",
              label: t("New e-mail"),
              type: "email",
              value,
              required: true,
              autocomplete: "email",
              help: t("It takes effect when you confirm it by the link that we send there."),
            },
          ],
        })}`,
    );
  }

  return new Hono<Env>()
    .get("/email/", requireUser, async (c) => c.html(await emailPage(c)))

    .post("/email/", requireUser, async (c) => {
      await limitVisitor(c, cache, "manageEmail");
      const t = c.get("t");
      const user = signedIn(c);
      const entries = await readForm(c);
      const again = entries.checked("action_send") ? await pendingEmail(services, user.id) : undefined;
      const email = again ?? entries.text("email").toLowerCase();
      if (!isEmail(email)) return c.html(await emailPage(c, email, t("Enter a valid e-mail address.")), 422);
      if (email === user.email) {
        return c.html(await emailPage(c, email, t("This e-mail address is already associated with this account.")), 422);
      }
      if (await allowed(cache, "confirmationMail", email)) {
        // An address of someone else is treated alike: its owner is told, nobody else.
        const taken = await db.selectFrom("user").select("id").where("email", "=", email).executeTakeFirst();
        if (taken) await mailer.send(mails.accountExists(t, email, mailer.link("/accounts/login/")));
        else await sendConfirmation(services, user, email, c.get("language"));
        await audit(c, services, { action: "email.change_requested", target: user.username });
      }
      c.get("flash").add("info", t("Confirmation e-mail sent to {email}.", { email }));
      return c.redirect("/accounts/email/", 303);
    })

    .get("/confirm-email/", (c) => {
      const t = c.get("t");
      return c.html(
        messagePage(
          c,
          t("Verify Your E-mail Address"),
          t("We have sent an e-mail to you for verification. Follow the link provided to finalize the signup process. Please contact us if you do not receive it within a few minutes."),
          html`<a href="/accounts/login/">${t("Sign in to have it sent again.")}</a>`,
        ),
      );
    })

    .get("/confirm-email/:key/", async (c) => {
      const t = c.get("t");
      const found = await findConfirmation(services, c.req.param("key"));
      if (!found) return c.html(expired(c), 404);
      const content = html`<h1>${t("Confirm E-mail Address")}</h1>
        <p>${t("Please confirm that {email} is an e-mail address for user {username}.", { email: found.email, username: found.username })}</p>
        ${form({ button: t("Confirm") })}`;
      return c.html(page(c, { title: t("Confirm E-mail Address") }, content));
    })

    .post("/confirm-email/:key/", async (c) => {
      const t = c.get("t");
      const found = await findConfirmation(services, c.req.param("key"));
      if (!found || !(await confirm(services, found))) return c.html(expired(c), 404);
      await audit(c, services, { action: "email.confirmed", target: found.username, actor: found.username });
      if (found.current !== found.email) await mailer.send(mails.emailChanged(t, found.current, found.email));
      c.get("flash").add("success", t("You have confirmed {email}.", { email: found.email }));
      return c.redirect(c.get("user") ? "/accounts/email/" : "/accounts/login/", 303);
    });
}

function expired(c: PageContext): Html {
  const t = c.get("t");
  return messagePage(
    c,
    t("Confirm E-mail Address"),
    t("This e-mail confirmation link expired or is invalid."),
    html`<a href="/accounts/${c.get("user") ? "email" : "login"}/">${t("Please issue a new e-mail confirmation request.")}</a>`,
  );
}
