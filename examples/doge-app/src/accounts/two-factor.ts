import { Hono } from "hono";
import { html, raw } from "hono/html";
import { audit } from "../audit.ts";
import type { Services } from "../services.ts";
import { type Env, type PageContext, safeNext, signedIn } from "../web/context.ts";
import { type Field, form, type FieldErrors, readForm } from "../web/form.ts";
import { limitVisitor } from "../web/limits.ts";
import { type Html, page } from "../web/page.ts";
import { welcome } from "./login.ts";
import { requireUser } from "./session.ts";

/** Codes of an authenticator app (TOTP), and backup codes for the day the phone is lost. */
export function twoFactorRoutes(services: Services): Hono<Env> {
  const { db, cache } = services;

  return new Hono<Env>()
    .get("/2fa/", (c) => c.html(codePage(c)))

    .post("/2fa/", async (c) => {
      await limitVisitor(c, cache, "secondFactor");
      const t = c.get("t");
      const entries = await readForm(c);
      const code = entries.text("code").replaceAll(" ", "");
      const trustDevice = entries.checked("trust");
      const accounts = await services.accounts();
      const answer = await accounts.as(c, async (api, request) => {
        const { headers, response } = /^\d{6}$/.test(code)
          ? await api.verifyTOTP({ ...request, body: { code, trustDevice } })
          : await api.verifyBackupCode({ ...request, body: { code, trustDevice } });
        return { headers, response: response as { user: { id: string } } };
      });
      if (!answer.ok) {
        const over = ["INVALID_TWO_FACTOR_COOKIE", "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE"].includes(answer.code);
        const text = over ? t("That took too long. Please sign in again.") : t("That code is not correct.");
        return c.html(codePage(c, { code: text }), 422);
      }
      return welcome(c, services, answer.value.user.id, safeNext(c.req.query("next")));
    })

    .get("/two-factor/", requireUser, (c) => c.html(managePage(c)))

    .post("/two-factor/", requireUser, async (c) => {
      const password = (await readForm(c)).text("password");
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) => api.enableTwoFactor({ ...request, body: { password } }));
      if (!answer.ok) return c.html(managePage(c, { password: c.get("t")("Please type your current password.") }), 422);
      return c.html(await setUpPage(c, (answer.value as { totpURI: string }).totpURI));
    })

    .post("/two-factor/activate/", requireUser, async (c) => {
      const t = c.get("t");
      const entries = await readForm(c);
      const accounts = await services.accounts();
      const code = entries.text("code").replaceAll(" ", "");
      const answer = await accounts.as(c, (api, request) => api.verifyTOTP({ ...request, body: { code } }));
      if (!answer.ok) return c.html(await setUpPage(c, entries.text("uri"), { code: t("That code is not correct.") }), 422);
      const user = signedIn(c);
      await audit(c, services, { action: "two_factor.enabled", target: user.username });
      c.get("flash").add("success", t("Two-factor authentication is on."));
      const { backupCodes } = await accounts.api.viewBackupCodes({ body: { userId: user.id } });
      return c.html(backupCodesPage(c, backupCodes));
    })

    .post("/two-factor/backup-codes/", requireUser, async (c) => {
      const password = (await readForm(c)).text("password");
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) => api.generateBackupCodes({ ...request, body: { password } }));
      if (!answer.ok) return c.html(managePage(c, { password: c.get("t")("Please type your current password.") }), 422);
      await audit(c, services, { action: "two_factor.backup_codes", target: signedIn(c).username });
      return c.html(backupCodesPage(c, answer.value.backupCodes));
    })

    .post("/two-factor/disable/", requireUser, async (c) => {
      const t = c.get("t");
      const password = (await readForm(c)).text("password");
      const accounts = await services.accounts();
      const answer = await accounts.as(c, (api, request) => api.disableTwoFactor({ ...request, body: { password } }));
      if (!answer.ok) return c.html(managePage(c, { password: t("Please type your current password.") }), 422);
      await db.deleteFrom("twoFactor").where("userId", "=", signedIn(c).id).execute();
      await audit(c, services, { action: "two_factor.disabled", target: signedIn(c).username });
      c.get("flash").add("success", t("Two-factor authentication is off."));
      return c.redirect("/accounts/two-factor/", 303);
    });
}

function codePage(c: PageContext, errors: FieldErrors = {}): Html {
  const t = c.get("t");
  const code: Field = {
    name: "code",
    label: t("Code"),
    required: true,
    autocomplete: "one-time-code",
    autofocus: true,
    help: t("Six digits from your authenticator app, or one of your backup codes."),
  };
  const trust: Field = { name: "trust", label: t("Don't ask again on this device for 30 days"), type: "checkbox" };
  return page(
    c,
    { title: t("Two-Factor Authentication") },
    html`<h1>${t("Two-Factor Authentication")}</h1>
      ${form({ button: t("Sign In"), errors, fields: [code, trust] })}
      <p><a href="/accounts/login/">${t("Back to the login")}</a></p>`,
  );
}

const passwordField = (c: PageContext): Field => ({
  name: "password",
  label: c.get("t")("Current Password"),
  type: "password",
  required: true,
  autocomplete: "current-password",
});

function managePage(c: PageContext, errors: FieldErrors = {}): Html {
  const t = c.get("t");
  const fields = [passwordField(c)];
  const content = signedIn(c).twoFactorEnabled
    ? html`<p>${t("It is on: signing in takes your password and a code from your phone.")}</p>
        <h2>${t("New Backup Codes")}</h2>
        ${form({ action: "/accounts/two-factor/backup-codes/", button: t("Make New Backup Codes"), buttonClass: "secondary", fields, errors })}
        <h2>${t("Turn Off")}</h2>
        ${form({ action: "/accounts/two-factor/disable/", button: t("Turn Off"), buttonClass: "danger", fields })}`
    : html`<p>${t("It is off. With it, a stolen password alone opens nothing: signing in also takes a code from an app on your phone.")}</p>
        ${form({ action: "/accounts/two-factor/", button: t("Turn On"), fields, errors })}`;
  return page(c, { title: t("Two-Factor Authentication") }, html`<h1>${t("Two-Factor Authentication")}</h1>${content}`);
}

async function setUpPage(c: PageContext, uri: string, errors: FieldErrors = {}): Promise<Html> {
  const t = c.get("t");
  const { renderSVG } = await import("uqr");
  const secret = URL.canParse(uri) ? (new URL(uri).searchParams.get("secret") ?? "") : "";
  const code: Field = { name: "code", label: t("Code"), required: true, autocomplete: "one-time-code", inputmode: "numeric", maxlength: 7, autofocus: true };
  return page(
    c,
    { title: t("Two-Factor Authentication") },
    html`<h1>${t("Two-Factor Authentication")}</h1>
      <p>${t("Scan this with an authenticator app, then enter the six digits that it shows.")}</p>
      <div class="qr" role="img" aria-label="${t("QR code for your authenticator app")}">${raw(renderSVG(uri, { border: 2 }))}</div>
      <p>${t("Or type the key in:")} <code id="totp-secret">${secret}</code></p>
      ${form({ action: "/accounts/two-factor/activate/", button: t("Turn On"), hidden: { uri }, errors, fields: [code] })}`,
  );
}

function backupCodesPage(c: PageContext, codes: readonly string[]): Html {
  const t = c.get("t");
  return page(
    c,
    { title: t("Backup Codes") },
    html`<h1>${t("Backup Codes")}</h1>
      <p>${t("Keep these somewhere safe. Each signs you in once when you don't have your phone; they are not shown again.")}</p>
      <ul class="card codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
      <p><a href="/accounts/two-factor/">${t("Done")}</a></p>`,
  );
}
