// {{#if resend}}
import type { Transport } from "./transport.ts";

/** `resend://KEY@api.resend.com`: https://resend.com/docs/api-reference/emails/send-email */
export function resendTransport(url: string, from: string): Transport {
  const { protocol, username, host } = new URL(url);
  return {
    async send({ to, subject, text, html }) {
      const response = await fetch(`${protocol === "resend+http:" ? "http" : "https"}://${host}/emails`, {
        method: "POST",
        headers: { authorization: `Bearer ${decodeURIComponent(username)}`, "content-type": "application/json" },
        body: JSON.stringify({ from, to, subject, text, html }),
        signal: AbortSignal.timeout(15_000),
      });
      if (!response.ok) throw new Error(`Resend answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    },
  };
}
// {{/if}}
