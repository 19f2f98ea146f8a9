import { html, raw } from "hono/html";
import { languages } from "../i18n/i18n.ts";
import { site } from "../site.ts";
import { asset } from "./assets.ts";
import type { PageContext } from "./context.ts";

export type Html = ReturnType<typeof html>;

const stylesheet = asset("style.css");
const icon = asset("favicon.svg");
const script = asset("app.js");

export interface PageOptions {
  readonly title: string;
  /** For pages with tables. */
  readonly wide?: boolean;
}

/** The frame of every page: navigation, messages, footer. */
export function page(c: PageContext, { title, wide }: PageOptions, content: Html): Html {
  const [t, user, settings] = [c.get("t"), c.get("user"), c.get("settings")];
  const nonce = c.get("secureHeadersNonce");
  const path = c.req.path;
  const link = (to: string, text: string, id = ""): Html =>
    html`<a href="${to}"${id ? html` id="${id}"` : ""}${path === to ? raw(' aria-current="page"') : ""}>${text}</a>`;
  return html`<!doctype html>
<html lang="${c.get("language")}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} - such workflow</title>
    <link rel="icon" href="${icon}" type="image/svg+xml" />
    <link rel="stylesheet" href="${stylesheet}" nonce="${nonce}" />
    <script src="${script}" nonce="${nonce}" type="module"></script>
  </head>
  <body>
    <a class="skip" href="#content">${t("Skip to content")}</a>
    <header>
      <nav aria-label="${t("Main")}">
        <a href="/" class="brand"><img src="${icon}" alt="" width="28" height="28" />${site.name}</a>
        <span class="links">
          ${link("/", t("Home"))} ${link("/about/", t("About"))}
          ${
            user
              ? html`${link(`/users/${user.username}/`, t("My Profile"))}
                ${user.isStaff ? link(settings.adminPath, t("Admin")) : ""} ${link("/accounts/logout/", t("Sign Out"))}`
              : html`${settings.registrationOpen ? link("/accounts/signup/", t("Sign Up"), "sign-up-link") : ""}
                ${link("/accounts/login/", t("Sign In"), "log-in-link")}`
          }
        </span>
      </nav>
    </header>
    <main id="content" class="${wide ? "wide" : ""}">
      ${c.get("flash").take().map(({ level, text }) => html`<p class="message ${level}" role="${level === "error" ? "alert" : "status"}">${text}</p>`)}
      ${content}
    </main>
    <footer>
      <form method="post" action="/language/" class="inline">
        <input type="hidden" name="next" value="${path}" />
        ${Object.entries(languages).map(
          ([code, name]) =>
            html`<button class="link" name="language" value="${code}" lang="${code}"${code === c.get("language") ? raw(' aria-pressed="true"') : ""}>${name}</button> `,
        )}
      </form>
      <p>
        <span id="environment">${settings.environment}</span> · release <span id="release">${settings.release}</span>${
          settings.commit ? html` · <code id="commit">${settings.commit.slice(0, 7)}</code>` : ""
        }
      </p>
    </footer>
  </body>
</html> `;
}

/** A page that says one thing. */
export const messagePage = (c: PageContext, title: string, ...paragraphs: readonly (string | Html)[]): Html =>
  page(c, { title }, html`<h1>${title}</h1>${paragraphs.map((text) => html`<p>${text}</p>`)}`);

// Making one takes as long as rendering a page.
const formatters = new Map<string, Intl.DateTimeFormat>();

/** In the reader's language and time zone. */
export function dateTime(c: PageContext, date: Date): Html {
  const [language, timeZone] = [c.get("language"), c.get("user")?.timeZone ?? "UTC"];
  const key = `${language} ${timeZone}`;
  let formatter = formatters.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone });
    formatters.set(key, formatter);
  }
  return html`<time datetime="${date.toISOString()}">${formatter.format(date)}</time>`;
}
