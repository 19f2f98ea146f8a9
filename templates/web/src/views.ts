import { html } from "hono/html";
import type { Page } from "./guestbook.ts";
import type { Settings } from "./settings.ts";

type Html = ReturnType<typeof html>;

interface Layout {
  readonly title: string;
  readonly settings: Settings;
}

const layout = ({ title, settings }: Layout, content: Html): Html => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title} - {{name}}</title>
    <link rel="stylesheet" href="/style.css" />
  </head>
  <body>
    <header>
      <nav><a href="/" class="brand">{{name}}</a> <a href="/">Home</a> <a href="/about/">About</a></nav>
    </header>
    <main>${content}</main>
    <footer>
      <span id="environment">${settings.environment}</span> · release <span id="release">${settings.release}</span>${
        settings.commit ? html` · <code id="commit">${settings.commit.slice(0, 7)}</code>` : ""
      }
    </footer>
  </body>
</html> `;

export interface Home {
  readonly settings: Settings;
  readonly page: Page;
  readonly trouble?: string;
  readonly form?: { readonly name: string; readonly message: string };
}

export const homeView = ({ settings, page, trouble, form }: Home): Html =>
  layout(
    { title: "Home", settings },
    html`<h1>{{name}}</h1>
      <p class="lead">{{description}}</p>
      <p><strong id="total">${page.total}</strong> ${page.total === 1 ? "wow" : "wows"} so far.</p>
      <form method="post" action="/" class="card">
        ${trouble ? html`<p role="alert">${trouble}</p>` : ""}
        <label>Name <input name="name" maxlength="60" required value="${form?.name ?? ""}" /></label>
        <label>Message <input name="message" maxlength="280" required value="${form?.message ?? ""}" /></label>
        <button>Such wow</button>
      </form>
      <ul id="entries">
        ${page.entries.map(
          (entry) =>
            html`<li>
              <strong>${entry.name}</strong> ${entry.message}
              <time datetime="${entry.createdAt.toISOString()}">${entry.createdAt.toISOString().slice(0, 10)}</time>
            </li>`,
        )}
      </ul>`,
  );

export const aboutView = (settings: Settings): Html =>
  layout(
    { title: "About", settings },
    html`<h1>About</h1>
      <p>{{description}}</p>
      <p>
        Made from the Doge template: Hono on Node, Postgres, and a deploy that takes a change from a pull request to
        staging and production.
      </p>`,
  );

export const messageView = (settings: Settings, title: string, message: string): Html =>
  layout(
    { title, settings },
    html`<h1>${title}</h1>
      <p>${message}</p>`,
  );
