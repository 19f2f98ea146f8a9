import { html } from "hono/html";
import type { PageContext } from "../web/context.ts";
import { type Html, page } from "../web/page.ts";

/** A page of the administration, with its own navigation. */
export function adminPage(c: PageContext, title: string, content: Html | string): Html {
  const [t, base] = [c.get("t"), c.get("settings").adminPath];
  return page(
    c,
    { title: `${title} | ${t("Site administration")}`, wide: true },
    html`<nav class="crumbs" aria-label="${t("Site administration")}">
        <a href="${base}">${t("Site administration")}</a> · <a href="${base}users/">${t("Users")}</a> ·
        <a href="${base}groups/">${t("Groups")}</a> · <a href="${base}permissions/">${t("Permissions")}</a> ·
        <a href="${base}audit/">${t("Audit Log")}</a>
      </nav>
      <h1>${title}</h1>
      ${content}`,
  );
}

/** A search box: GET, so that a result has an address. */
export const searchBox = (c: PageContext, value: string): Html => html`<form class="search" role="search">
  <input type="search" name="q" value="${value}" aria-label="${c.get("t")("Search")}" />
  <button class="secondary">${c.get("t")("Search")}</button>
</form>`;

/** Links to the pages before and after. */
export function pager(c: PageContext, number: number, more: boolean): Html {
  const [t, q] = [c.get("t"), c.req.query("q")];
  const to = (n: number): string => `?${new URLSearchParams({ ...(q ? { q } : {}), page: String(n) }).toString()}`;
  return html`<p class="actions">
    ${number > 1 ? html`<a href="${to(number - 1)}" rel="prev">← ${t("Previous")}</a>` : ""}
    ${more ? html`<a href="${to(number + 1)}" rel="next">${t("Next")} →</a>` : ""}
  </p>`;
}

export const pageNumber = (c: PageContext): number => Math.max(1, Math.min(100_000, Number(c.req.query("page")) || 1));

/** For LIKE: the characters that mean something there, quoted. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, "\\$&")}%`;
