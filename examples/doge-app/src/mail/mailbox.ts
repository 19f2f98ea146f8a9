import { Hono } from "hono";
import { html } from "hono/html";
import type { Services } from "../services.ts";
import type { Env } from "../web/context.ts";
import { dateTime, page } from "../web/page.ts";
import { storedMails } from "./transport.ts";

/** What was "sent" in development: there with MAIL_URL=folder:… only. */
export function mailboxRoutes({ settings }: Services): Hono<Env> {
  const routes = new Hono<Env>();
  if (!settings.mailUrl.startsWith("folder:") || settings.environment !== "local") return routes;
  const folder = settings.mailUrl.slice("folder:".length);

  routes.get("/mailbox/", async (c) => {
    const mails = await storedMails(folder);
    const rows = mails.map(
      (mail) => html`<tr>
        <td><a href="/mailbox/${mail.id}/">${mail.subject}</a></td>
        <td>${mail.to}</td>
        <td>${dateTime(c, new Date(mail.at))}</td>
      </tr>`,
    );
    const content = html`<h1>Mailbox</h1>
      <p>What the app sent here, newest first. In development nothing leaves this machine.</p>
      <table>
        <thead><tr><th>Subject</th><th>To</th><th>Sent</th></tr></thead>
        <tbody>${rows.length > 0 ? rows : html`<tr><td colspan="3">Nothing yet.</td></tr>`}</tbody>
      </table>`;
    return c.html(page(c, { title: "Mailbox", wide: true }, content));
  });

  routes.get("/mailbox/:id/", async (c) => {
    const mail = (await storedMails(folder)).find(({ id }) => id === c.req.param("id"));
    if (!mail) return c.notFound();
    // The text with its link made clickable; the HTML part is for mail programs.
    const parts = mail.text.split(/(https?:\/\/\S+)/);
    const content = html`<h1>${mail.subject}</h1>
      <p>${mail.from} → ${mail.to}, ${dateTime(c, new Date(mail.at))}</p>
      <pre class="card mail">${parts.map((part) => (/^https?:/.test(part) ? html`<a href="${part}">${part}</a>` : part))}</pre>
      <p><a href="/mailbox/">← Mailbox</a></p>`;
    return c.html(page(c, { title: mail.subject }, content));
  });
  return routes;
}
