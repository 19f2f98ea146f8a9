import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { audit } from "../audit.ts";
import { mails } from "../mail/mail.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext, signedIn } from "../web/context.ts";
import { type Field, form, isEmail, readForm, requiredErrors } from "../web/form.ts";
import { allowed, limitVisitor } from "../web/limits.ts";
import { type Html, messagePage, page } from "../web/page.ts";
import { sign, unsign } from "../web/sign.ts";
import { resetUser } from "./links.ts";
import { passwordTrouble } from "./password-rules.ts";
import { endSessions, requireUser } from "./session.ts";

const keyCookie = "reset_key";
const resetPath = "/accounts/password/reset/key/";

export function passwordRoutes(services: Services): Hono<Env> {
  const { settings, db, cache, mailer } = services;
  const hasPassword = async (userId: string): Promise<boolean> =>
    Boolean(
      await db
        .selectFrom("account")
        .select("id")
        .where("userId", "=", userId)
        .where("providerId", "=", "credential")
        .where("password", "is not", null)
        .executeTakeFirst(),
    );

  async function changed(c: PageContext, to: string, username: string): Promise<void> {
    await mailer.send(mails.passwordChanged(c.get("t"), to));
    await audit(c, services, { action: "password.changed", target: username, actor: username });
  }

  return new Hono<Env>()
    .get("/password/change/", requireUser, async (c) =>
      (await hasPassword(signedIn(c).id)) ? c.html(changePage(c)) : c.redirect("/accounts/password/set/"),
    )

    .post("/password/change/", requireUser, async (c) => {
      await limitVisitor(c, cache, "passwordChange");
      const t = c.get("t");
      const user = signedIn(c);
      const entries = await readForm(c);
      const errors: Record<string, string | undefined> = requiredErrors(c, entries, ["oldpassword"]);
      const newPassword = entries.text("password1");
      errors["password1"] = passwordTrouble(t, newPassword, entries.text("password2"), user);
      if (Object.values(errors).some(Boolean)) return c.html(changePage(c, errors), 422);
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) =>
        api.changePassword({ ...request, body: { currentPassword: entries.text("oldpassword"), newPassword, revokeOtherSessions: true } }),
      );
      if (!answer.ok) return c.html(changePage(c, { oldpassword: t("Please type your current password.") }), 422);
      await changed(c, user.email, user.username);
      c.get("flash").add("success", t("Password successfully changed."));
      return c.redirect(`/users/${user.username}/`, 303);
    })

    .get("/password/set/", requireUser, async (c) =>
      (await hasPassword(signedIn(c).id)) ? c.redirect("/accounts/password/change/") : c.html(setPage(c, c.get("t")("Set Password"))),
    )

    .post("/password/set/", requireUser, async (c) => {
      const t = c.get("t");
      const user = signedIn(c);
      if (await hasPassword(user.id)) return c.redirect("/accounts/password/change/", 303);
      const entries = await readForm(c);
      const newPassword = entries.text("password1");
      const trouble = passwordTrouble(t, newPassword, entries.text("password2"), user);
      if (trouble) return c.html(setPage(c, t("Set Password"), { password1: trouble }), 422);
      const accounts = await services.accounts();
      await accounts.as(c, async (api, request) => ({ headers: null, response: await api.setPassword({ headers: request.headers, body: { newPassword } }) }));
      await changed(c, user.email, user.username);
      c.get("flash").add("success", t("Password successfully set."));
      return c.redirect(`/users/${user.username}/`, 303);
    })

    .get("/password/reset/", (c) => c.html(resetPage(c)))

    .post("/password/reset/", async (c) => {
      await limitVisitor(c, cache, "passwordReset");
      const email = (await readForm(c)).text("email").toLowerCase();
      if (!isEmail(email)) return c.html(resetPage(c, email, c.get("t")("Enter a valid e-mail address.")), 422);
      // An unknown address, or one that has had enough mails, gets the same page.
      if (await allowed(cache, "passwordResetAddress", email)) {
        const accounts = await services.accounts();
        await accounts.as(c, (api, request) => api.requestPasswordReset({ ...request, body: { email } }));
      }
      return c.redirect("/accounts/password/reset/done/", 303);
    })

    .get("/password/reset/done/", (c) => {
      const t = c.get("t");
      return c.html(
        messagePage(c, t("Password Reset"), t("We have sent you an e-mail. Please contact us if you do not receive it within a few minutes.")),
      );
    })

    .get("/password/reset/key/done/", (c) => {
      const t = c.get("t");
      return c.html(
        messagePage(c, t("Change Password"), t("Your password is now changed."), html`<a href="/accounts/login/">${t("Sign In")}</a>`),
      );
    })

    .get("/password/reset/key/:key/", async (c) => {
      const key = c.req.param("key");
      if (key !== "set") {
        if (!(await resetUser(services, key))) return c.html(badToken(c), 404);
        // Out of the address: not in the history, not in a referrer.
        setCookie(c, keyCookie, sign(settings.secretKeys, keyCookie, key), {
          path: resetPath,
          httpOnly: true,
          sameSite: "Lax",
          secure: settings.siteUrl.startsWith("https:"),
          maxAge: 3_600,
        });
        return c.redirect(`${resetPath}set/`, 302);
      }
      const token = unsign(settings.secretKeys, keyCookie, getCookie(c, keyCookie));
      const user = token ? await resetUser(services, token) : undefined;
      return user ? c.html(setPage(c, c.get("t")("Change Password"))) : c.html(badToken(c), 404);
    })

    .post("/password/reset/key/set/", async (c) => {
      const t = c.get("t");
      const token = unsign(settings.secretKeys, keyCookie, getCookie(c, keyCookie));
      const user = token ? await resetUser(services, token) : undefined;
      if (!token || !user) return c.html(badToken(c), 404);
      const entries = await readForm(c);
      const newPassword = entries.text("password1");
      const trouble = passwordTrouble(t, newPassword, entries.text("password2"), user);
      if (trouble) return c.html(setPage(c, t("Change Password"), { password1: trouble }), 422);
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) => api.resetPassword({ ...request, body: { newPassword, token } }));
      if (!answer.ok) return c.html(badToken(c), 404);
      const { id } = await db.selectFrom("user").select("id").where("username", "=", user.username).executeTakeFirstOrThrow();
      await endSessions(db, id);
      // Who got the mail owns the address.
      await db.updateTable("user").set({ emailVerified: true }).where("id", "=", id).execute();
      await changed(c, user.email, user.username);
      deleteCookie(c, keyCookie, { path: resetPath });
      c.get("flash").add("success", t("Password successfully changed."));
      return c.redirect("/accounts/password/reset/key/done/", 303);
    });
}

const newPasswordFields = (c: PageContext): readonly Field[] => {
  const t = c.get("t");
  return [
    { name: "password1", label: t("New Password"), type: "password", required: true, autocomplete: "new-password" },
    { name: "password2", label: t("New Password (again)"), type: "password", required: true, autocomplete: "new-password" },
  ];
};

function changePage(c: PageContext, errors: Record<string, string | undefined> = {}): Html {
  const t = c.get("t");
  const current: Field = { name: "oldpassword", label: t("Current Password"), type: "password", required: true, autocomplete: "current-password" };
  return page(
    c,
    { title: t("Change Password") },
    html`<h1>${t("Change Password")}</h1>
      ${form({ button: t("Change Password"), errors, fields: [current, ...newPasswordFields(c)] })}
      <p><a href="/accounts/password/reset/">${t("Forgot Password?")}</a></p>`,
  );
}

const setPage = (c: PageContext, title: string, errors: Record<string, string | undefined> = {}): Html =>
  page(c, { title }, html`<h1>${title}</h1>${form({ button: title, errors, fields: newPasswordFields(c) })}`);

function resetPage(c: PageContext, value = "", error?: string): Html {
  const t = c.get("t");
  return page(
    c,
    { title: t("Password Reset") },
    html`<h1>${t("Password Reset")}</h1>
      <p>${t("Forgotten your password? Enter your e-mail address below, and we'll send you an e-mail allowing you to reset it.")}</p>
      ${form({
        button: t("Reset My Password"),
        errors: { email: error },
        fields: [{ name: "email", label: t("E-mail"), type: "email", value, required: true, autocomplete: "email" }],
      })}`,
  );
}

function badToken(c: PageContext): Html {
  const t = c.get("t");
  return messagePage(
    c,
    t("Bad Token"),
    t("The password reset link was invalid, possibly because it has already been used."),
    html`<a href="/accounts/password/reset/">${t("Please request a new password reset.")}</a>`,
  );
}
