// In a folder that sorts first: it takes longest, and the others run beside it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { accessibilityProblems, chromium, openBrowser, startServer, temporaryFolder } from "../support/browser.ts";
import { png, totp } from "../support/factories.ts";
import { makeSite } from "../support/site.ts";

const skip = chromium ? false : "needs Chromium: set CHROMIUM to its path";
const secret = "Wow7-such-entropy";

/** Every page that is seen is checked for accessibility, its contrast in light and dark, and for errors in its console. */
function watch(page: Page): { readonly problems: string[]; check(): Promise<void> } {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4(04|03|22)/.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
  return {
    problems,
    async check() {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const rules = colorScheme === "dark" ? ["color-contrast"] : undefined;
        for (const problem of await accessibilityProblems(page, rules)) problems.push(`${new URL(page.url()).pathname} (${colorScheme}) ${problem}`);
      }
    },
  };
}

test("sign-up, mailbox, confirm, login, two factors, picture, passkey, admin, reset, closed registration", { skip, timeout: 240_000 }, async () => {
  const site = await makeSite();
  const folder = temporaryFolder();
  const env = { DATABASE_URL: site.settings.databaseUrl, MAIL_URL: `folder:${folder}/mailbox`, STORAGE_URL: `folder:${folder}/media` };
  const server = await startServer(env);
  after(() => server.stop());
  const browser = await openBrowser();
  const context = await browser.newContext({ baseURL: server.url, locale: "en" });
  const page = await context.newPage();
  const { problems, check } = watch(page);
  const says = async (text: string): Promise<void> => {
    await page.getByText(text).first().waitFor({ timeout: 10_000 });
  };
  const button = (name: string) => page.getByRole("main").getByRole("button", { name, exact: true });

  await page.goto("/");
  await check();
  await page.click("#sign-up-link");
  await check();
  await page.fill("[name=email]", "kabosu@example.com");
  await page.fill("[name=username]", "kabosu");
  await page.fill("[name=password1]", secret);
  await page.fill("[name=password2]", secret);
  await button("Sign Up").click();
  await says("Verify Your E-mail Address");
  await says("Confirmation e-mail sent to kabosu@example.com.");

  await openNewestMail(page, "Please Confirm Your E-mail Address");
  await check();
  await page.click("pre.mail a");
  await check();
  await button("Confirm").click();
  await says("You have confirmed kabosu@example.com.");

  const signIn = async (): Promise<void> => {
    await page.goto("/accounts/login/");
    await page.fill("[name=login]", "kabosu");
    await page.fill("[name=password]", secret);
    await button("Sign In").click();
  };
  await signIn();
  await says("Successfully signed in as kabosu.");
  await check();

  await page.getByRole("button", { name: "Two-Factor" }).click();
  await page.fill("[name=password]", secret);
  await button("Turn On").click();
  const key = (await page.textContent("#totp-secret")) ?? "";
  await check();
  await page.fill("[name=code]", totp(key));
  await button("Turn On").click();
  await says("Two-factor authentication is on.");
  await page.goto("/accounts/logout/");
  await button("Sign Out").click();
  await says("You have signed out.");
  await signIn();
  await says("Six digits from your authenticator app");
  await check();
  await page.fill("[name=code]", totp(key));
  await button("Sign In").click();
  await says("Successfully signed in as kabosu.");

  await page.goto("/users/~update/");
  await check();
  await page.setInputFiles("[name=picture]", { name: "me.png", mimeType: "image/png", buffer: Buffer.from(await png(64).arrayBuffer()) });
  await page.fill("[name=name]", "Kabosu the Shibe");
  await button("Update").click();
  await says("Information successfully updated");
  const drawn = await page.$eval("img.picture", (image) => (image as unknown as { naturalWidth: number }).naturalWidth);
  assert.equal(drawn, 64);

  await passkey(context, page, button, says);

  await site.services.db.updateTable("user").set({ isStaff: true, isSuperuser: true }).where("username", "=", "kabosu").execute();
  await site.user("cheems");
  await page.goto("/admin/");
  await check();
  await page.goto("/admin/users/?q=cheems");
  await check();
  await page.getByRole("link", { name: "cheems", exact: true }).click();
  await check();
  await page.uncheck("[name=is_active]");
  await button("Save").click();
  await says("The user “cheems” was changed successfully.");
  await page.goto("/admin/audit/");
  await check();
  await page.goto("/api/docs/");
  await check();

  await context.clearCookies();
  await page.goto("/accounts/password/reset/");
  await page.fill("[name=email]", "kabosu@example.com");
  await button("Reset My Password").click();
  await says("We have sent you an e-mail.");
  await openNewestMail(page, "Password Reset E-mail");
  await page.click("pre.mail a");
  await page.waitForURL("**/accounts/password/reset/key/set/");
  await page.fill("[name=password1]", "Much2-fresh-wow");
  await page.fill("[name=password2]", "Much2-fresh-wow");
  await button("Change Password").click();
  await says("Your password is now changed.");

  const closed = await startServer({ ...env, REGISTRATION_OPEN: "false" });
  after(() => closed.stop());
  await page.goto(`${closed.url}/accounts/signup/`);
  await says("Sign Up Closed");
  assert.equal(await page.locator("#sign-up-link").count(), 0);
  assert.deepEqual(problems, []);
});

async function openNewestMail(page: Page, subject: string): Promise<void> {
  const link = page.getByRole("link", { name: subject }).first();
  // The worker sends it a moment later.
  for (let tries = 0; tries < 40; tries++) {
    await page.goto("/mailbox/");
    if ((await link.count()) > 0) return link.click();
    await page.waitForTimeout(100);
  }
  throw new Error(`no mail "${subject}" arrived`);
}

/** A passkey on a virtual authenticator of the browser: added, then used to sign in without a password. */
async function passkey(
  context: BrowserContext,
  page: Page,
  button: (name: string) => ReturnType<Page["getByRole"]>,
  says: (text: string) => Promise<void>,
): Promise<void> {
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } as const;
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  await page.goto("/accounts/passkeys/");
  await button("Add a passkey").click();
  await says("Passkey added.");
  await page.goto("/accounts/logout/");
  await button("Sign Out").click();
  await page.goto("/accounts/login/");
  await button("Sign in with a passkey").click();
  await says("Successfully signed in as kabosu.");
}
