import { Hono } from "hono";
import { html } from "hono/html";
import { audit } from "../audit.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext, safeNext } from "../web/context.ts";
import { form, type Form, readForm, requiredErrors } from "../web/form.ts";
import { allowed, exhausted, forgive } from "../web/limits.ts";
import { type Html, page } from "../web/page.ts";
import { sendConfirmation } from "./links.ts";

export function loginRoutes(services: Services): Hono<Env> {
  const { db, cache } = services;

  /** The same answer for every reason that a stranger must not learn. */
  async function failed(c: PageContext, entries: Form, login: string): Promise<Response> {
    const t = c.get("t");
    await allowed(cache, "failedLogin", login);
    await audit(c, services, { action: "login.failed", target: login.slice(0, 254), actor: "" });
    const text = t("The username and/or password you specified are not correct.");
    return c.html(loginPage(c, entries, { form: text }), 422);
  }

  return new Hono<Env>()
    .get("/login/", (c) => (c.get("user") ? c.redirect(safeNext(c.req.query("next")) ?? "/users/~redirect/") : c.html(loginPage(c))))

    .post("/login/", async (c) => {
      const t = c.get("t");
      const entries = await readForm(c);
      const [login, password] = [entries.text("login"), entries.text("password")];
      const errors = requiredErrors(c, entries, ["login", "password"]);
      if (Object.keys(errors).length > 0) return c.html(loginPage(c, entries, errors), 422);
      if (await exhausted(cache, "failedLogin", login)) {
        return c.html(loginPage(c, entries, { form: t("Too many failed login attempts. Try again later.") }), 429);
      }

      const accounts = await services.accounts();
      const rememberMe = entries.checked("remember");
      const answer = await accounts.as(c, async (api, request) => {
        const given = login.includes("@") && (await isAddress(login))
          ? await api.signInEmail({ ...request, body: { email: login.toLowerCase(), password, rememberMe } })
          : await api.signInUsername({ ...request, body: { username: login, password, rememberMe } });
        return { headers: given.headers, response: given.response as { twoFactorRedirect?: boolean } };
      });
      if (!answer.ok && answer.code === "INACTIVE") return c.redirect("/accounts/inactive/", 303);
      if (!answer.ok && answer.code === "EMAIL_NOT_VERIFIED") {
        const user = await findByLogin(login);
        if (user && (await allowed(cache, "confirmationMail", user.email))) {
          await sendConfirmation(services, user, user.email, c.get("language"));
          c.get("flash").add("info", t("Confirmation e-mail sent to {email}.", { email: user.email }));
        }
        return c.redirect("/accounts/confirm-email/", 303);
      }
      if (!answer.ok) return failed(c, entries, login);

      await forgive(cache, "failedLogin", login);
      const next = safeNext(entries.text("next"));
      if (answer.value.twoFactorRedirect) {
        return c.redirect(`/accounts/2fa/${next ? `?next=${encodeURIComponent(next)}` : ""}`, 303);
      }
      return welcome(c, services, login, next);
    })

    .get("/logout/", (c) => {
      if (!c.get("user")) return c.redirect("/");
      const t = c.get("t");
      const content = html`<h1>${t("Sign Out")}</h1>
        <p>${t("Are you sure you want to sign out?")}</p>
        ${form({ button: t("Sign Out") })}`;
      return c.html(page(c, { title: t("Sign Out") }, content));
    })

    .post("/logout/", async (c) => {
      const accounts = await services.accounts();
      await accounts.as(c, (api, request) => api.signOut({ ...request }));
      c.get("flash").add("success", c.get("t")("You have signed out."));
      return c.redirect("/", 303);
    });

  async function isAddress(login: string): Promise<boolean> {
    // "@" may stand in a user name, too.
    return !(await db.selectFrom("user").select("id").where("username", "=", login.toLowerCase()).executeTakeFirst());
  }

  async function findByLogin(login: string) {
    const value = login.toLowerCase();
    return db
      .selectFrom("user")
      .select(["id", "username", "email", "language"])
      .where((eb) => eb.or([eb("username", "=", value), eb("email", "=", value)]))
      .executeTakeFirst();
  }
}

/** After every kind of login: the session before it ends, the next page is shown. */
export async function welcome(c: PageContext, services: Services, login: string, next: string | undefined): Promise<Response> {
  await signedInAs(c, services, login);
  return c.redirect(next ?? "/users/~redirect/", 303);
}

export async function signedInAs(c: PageContext, services: Services, login: string): Promise<void> {
  const before = c.get("user");
  if (before) await services.db.deleteFrom("session").where("id", "=", before.sessionId).execute();
  const value = login.toLowerCase();
  const { username } = await services.db
    .selectFrom("user")
    .select("username")
    .where((eb) => eb.or([eb("username", "=", value), eb("email", "=", value), eb("id", "=", login)]))
    .executeTakeFirstOrThrow();
  await audit(c, services, { action: "login", target: username, actor: username });
  c.get("flash").add("success", c.get("t")("Successfully signed in as {username}.", { username }));
}

function loginPage(c: PageContext, entries?: Form, errors: Record<string, string> = {}): Html {
  const [t, settings] = [c.get("t"), c.get("settings")];
  const next = safeNext(entries?.text("next") ?? c.req.query("next"));
  return page(
    c,
    { title: t("Sign In") },
    html`<h1>${t("Sign In")}</h1>
      ${settings.registrationOpen ? html`<p>${t("No account yet?")} <a href="/accounts/signup/">${t("Sign up first.")}</a></p>` : ""}
      ${form({
        button: t("Sign In"),
        errors,
        hidden: { next },
        fields: [
          { name: "login", label: t("Username or e-mail"), value: entries?.text("login") ?? "", required: true, autocomplete: "username webauthn" },
          { name: "password", label: t("Password"), type: "password", required: true, autocomplete: "current-password" },
          { name: "remember", label: t("Remember Me"), type: "checkbox", checked: entries?.checked("remember") ?? false },
        ],
      })}
      <p class="actions">
        <button type="button" class="secondary" data-passkey="login" data-next="${next ?? "/users/~redirect/"}" hidden>${t("Sign in with a passkey")}</button>
        <a href="/accounts/password/reset/">${t("Forgot Password?")}</a>
      </p>
      <p class="message error" role="alert" data-passkey-error hidden>${t("That did not work. Please try again.")}</p>`,
  );
}
