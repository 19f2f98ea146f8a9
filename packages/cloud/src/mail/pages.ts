import { html, raw } from "hono/html";
import type { Message, Summary } from "./messages.ts";

type Page = ReturnType<typeof html>;

const layout = (title: string, body: Page): Page =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`;

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { margin: 0 } main { max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
  table { width: 100%; border-collapse: collapse } th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884 }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dd { margin: 0 }
  pre { white-space: pre-wrap; overflow-wrap: anywhere } iframe { width: 100%; min-height: 24rem; border: 1px solid #8884; background: #fff }
  .none { opacity: .7 }
`;

export const mailboxPage = (messages: readonly Summary[]): Page =>
  layout(
    "Mailbox",
    html`<h1>Mailbox</h1>
      ${
        messages.length === 0
          ? html`<p class="none">No mail yet.</p>`
          : html`<table>
              <thead>
                <tr>
                  <th>Subject</th>
                  <th>From</th>
                  <th>To</th>
                  <th>Received</th>
                </tr>
              </thead>
              <tbody>
                ${messages.map(
                  (message) =>
                    html`<tr>
                      <td><a href="/messages/${message.id}">${message.subject || "(no subject)"}</a></td>
                      <td>${message.from}</td>
                      <td>${message.to}</td>
                      <td><time>${message.receivedAt}</time></td>
                    </tr>`,
                )}
              </tbody>
            </table>`
      }`,
  );

/** HTML mail is shown in a frame that may run nothing and reach nothing. */
export const messagePage = (message: Message): Page =>
  layout(
    message.subject || "(no subject)",
    html`<p><a href="/">Mailbox</a></p>
      <h1>${message.subject || "(no subject)"}</h1>
      <dl>
        <dt>From</dt>
        <dd>${message.from}</dd>
        <dt>To</dt>
        <dd>${message.to}</dd>
        <dt>Envelope</dt>
        <dd>${message.envelope.from} → ${message.envelope.to.join(", ")}</dd>
        <dt>Received</dt>
        <dd><time>${message.receivedAt}</time></dd>
        ${message.attachments.map(
          (file) =>
            html`<dt>Attached</dt>
              <dd>${file.name} (${file.contentType}, ${file.bytes} bytes)</dd>`,
        )}
      </dl>
      ${message.html ? html`<iframe sandbox title="Message" srcdoc="${message.html}"></iframe>` : html`<pre>${message.text}</pre>`}
      <p><a href="/api/messages/${message.id}/raw">Source</a></p>
      <form method="post" action="/messages/${message.id}/delete"><button>Delete</button></form>`,
  );
