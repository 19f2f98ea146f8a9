import { Hono } from "hono";
import { html } from "hono/html";
import { site } from "./site.ts";
import type { Env, PageContext } from "./web/context.ts";
import { type Html, page } from "./web/page.ts";

/** The pages that anyone sees. */
export const homeRoutes = (): Hono<Env> =>
  new Hono<Env>()
    .get("/", (c) => c.html(homePage(c)))
    .get("/about/", (c) => c.html(aboutPage(c)));

function homePage(c: PageContext): Html {
  const [t, user, settings] = [c.get("t"), c.get("user"), c.get("settings")];
  const cards: readonly (readonly [string, string])[] = [
    [t("Very secure"), t("Argon2id, passkeys, two factors, a strict content security policy.")],
    [t("Such pages"), t("Rendered on the server, working without JavaScript, in dark and light.")],
    [t("Much workflow"), t("A pull request becomes staging, then production, and no request is dropped.")],
  ];
  const [href, text] = user
    ? [`/users/${user.username}/`, t("My Profile")]
    : settings.registrationOpen
      ? ["/accounts/signup/", t("Sign Up")]
      : ["/accounts/login/", t("Sign In")];
  return page(
    c,
    { title: t("Home") },
    html`<section class="hero">
        <h1>${site.name}</h1>
        <p class="lead">Doge App, deployed by Doge</p>
        <p class="actions"><a role="button" href="${href}">${text}</a> <a role="button" class="secondary" href="/about/">${t("About")}</a></p>
      </section>
      <div class="features">${cards.map(([title, line]) => html`<section class="card"><h2>${title}</h2><p>${line}</p></section>`)}</div>`,
  );
}

function aboutPage(c: PageContext): Html {
  const t = c.get("t");
  return page(
    c,
    { title: t("About") },
    html`<h1>${t("About")}</h1>
      <p>${site.description}</p>
      <p><a href="/api/docs/">${t("About the API")}</a></p>
      <p>${t("Made from the Doge template: TypeScript that Node runs as it is, Hono, Postgres, and a workflow that takes a change from a pull request to staging and production.")}</p>`,
  );
}
