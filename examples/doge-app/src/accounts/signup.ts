import { Hono } from "hono";
import { html } from "hono/html";
import { audit } from "../audit.ts";
import { mails } from "../mail/mail.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext, safeNext } from "../web/context.ts";
import { form, type Form, isEmail, readForm, requiredErrors } from "../web/form.ts";
import { allowed, limitVisitor } from "../web/limits.ts";
import { type Html, messagePage, page } from "../web/page.ts";
import { usernamePattern } from "./create-user.ts";
import { sendConfirmation } from "./links.ts";
import { passwordTrouble } from "./password-rules.ts";

export function signUpRoutes(services: Services): Hono<Env> {
  const { settings, db, cache, mailer } = services;
  const closed = (c: PageContext): Html => {
    const t = c.get("t");
    return messagePage(c, t("Sign Up Closed"), t("We are sorry, but the sign up is currently closed."));
  };

  return new Hono<Env>()
    .get("/signup/", (c) => {
      if (c.get("user")) return c.redirect("/users/~redirect/");
      return c.html(settings.registrationOpen ? signUpPage(c) : closed(c));
    })

    .post("/signup/", async (c) => {
      if (!settings.registrationOpen) return c.html(closed(c), 403);
      await limitVisitor(c, cache, "signUp");
      const t = c.get("t");
      const entries = await readForm(c);
      const [email, username, password] = [entries.text("email").toLowerCase(), entries.text("username"), entries.text("password1")];
      const errors: Record<string, string | undefined> = requiredErrors(c, entries, ["email", "username"]);
      if (!errors["email"] && !isEmail(email)) errors["email"] = t("Enter a valid e-mail address.");
      if (!errors["username"] && !usernamePattern.test(username)) {
        errors["username"] = t("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.");
      }
      errors["password1"] = passwordTrouble(t, password, entries.text("password2"), { username, email });
      if (Object.values(errors).some(Boolean)) return c.html(signUpPage(c, entries, errors), 422);

      const accounts = await services.accounts();
      const made = await accounts.as(c, (api, request) =>
        api.signUpEmail({ ...request, body: { name: "", email, password, username } }),
      );
      if (!made.ok) {
        errors["username"] =
          made.code === "USERNAME_IS_ALREADY_TAKEN"
            ? t("A user with that username already exists.")
            : t("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.");
        return c.html(signUpPage(c, entries, errors), 422);
      }
      // Whether the address had an account already is told to its owner alone, by mail.
      const user = await db.selectFrom("user").selectAll().where("email", "=", email).executeTakeFirstOrThrow();
      if (user.id === made.value.user.id) {
        await sendConfirmation(services, user, email, c.get("language"));
        await audit(c, services, { action: "user.signed_up", target: user.username, actor: user.username });
      } else if (await allowed(cache, "confirmationMail", email)) {
        await mailer.send(mails.accountExists(t, email, mailer.link("/accounts/login/")));
      }
      c.get("flash").add("info", t("Confirmation e-mail sent to {email}.", { email }));
      return c.redirect("/accounts/confirm-email/", 303);
    });
}

function signUpPage(c: PageContext, entries?: Form, errors: Record<string, string | undefined> = {}): Html {
  const t = c.get("t");
  const next = safeNext(c.req.query("next"));
  const login = `/accounts/login/${next ? `?next=${encodeURIComponent(next)}` : ""}`;
  return page(
    c,
    { title: t("Sign Up") },
    html`<h1>${t("Sign Up")}</h1>
      <p>${t("Already have an account?")} <a href="${login}">${t("Then please sign in.")}</a></p>
      ${form({
        button: t("Sign Up"),
        errors,
        fields: [
          { name: "email", label: t("E-mail"), type: "email", value: entries?.text("email") ?? "", required: true, autocomplete: "email", maxlength: 254 },
          { name: "username", label: t("Username"), value: entries?.text("username") ?? "", required: true, autocomplete: "username", maxlength: 150 },
          {
            name: "password1",
            label: t("Password"),
            type: "password",
            required: true,
            autocomplete: "new-password",
            help: t("At least 8 characters, not only digits, not a common password, and not like your other personal information."),
          },
          { name: "password2", label: t("Password (again)"), type: "password", required: true, autocomplete: "new-password" },
        ],
      })}`,
  );
}
