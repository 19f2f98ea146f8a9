// {{#if postmark}}
import type { Transport } from "./transport.ts";

/** `postmark://TOKEN@api.postmarkapp.com`: https://postmarkapp.com/developer/api/email-api */
export function postmarkTransport(url: string, from: string): Transport {
  const { protocol, username, host } = new URL(url);
  return {
    async send({ to, subject, text, html }) {
      const response = await fetch(`${protocol === "postmark+http:" ? "http" : "https"}://${host}/email`, {
        method: "POST",
        headers: { accept: "application/json", "content-type": "application/json", "x-postmark-server-token": decodeURIComponent(username) },
        body: JSON.stringify({ From: from, To: to, Subject: subject, TextBody: text, HtmlBody: html }),
        signal: AbortSignal.timeout(15_000),
      });
      if (!response.ok) throw new Error(`Postmark answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    },
  };
}
// {{/if}}
