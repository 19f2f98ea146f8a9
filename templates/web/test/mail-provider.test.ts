// {{#if provider}}
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { createTransport } from "../src/mail/transport.ts";

const mail = { to: "a@example.com", subject: "Hello", text: "text", html: "<p>text</p>" };
const from = "Site <noreply@example.com>";

/** A server with the provider's interface: it takes a mail, or refuses it. */
async function provider(status: number, body: object) {
  const received: { url: string; headers: NodeJS.Dict<string | string[]>; body: unknown }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      received.push({ url: `${request.method} ${request.url}`, headers: request.headers, body: JSON.parse(text) });
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  after(() => server.close());
  const mailUrl = `{{mail}}+http://such%2Fsecret@127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { received, transport: createTransport({ mailUrl, mailFrom: from }) };
}

test("a mail is handed to the provider's API, with the token in a header", async () => {
  const { received, transport } = await provider(200, { id: "1" });
  await transport.send(mail);
  // {{#if postmark}}
  assert.equal(received[0]?.url, "POST /email");
  assert.equal(received[0]?.headers["x-postmark-server-token"], "such/secret");
  assert.deepEqual(received[0]?.body, { From: from, To: mail.to, Subject: mail.subject, TextBody: mail.text, HtmlBody: mail.html });
  // {{/if}}
  // {{#if resend}}
  assert.equal(received[0]?.url, "POST /emails");
  assert.equal(received[0]?.headers["authorization"], "Bearer such/secret");
  assert.deepEqual(received[0]?.body, { from, ...mail });
  // {{/if}}
});

test("a provider that refuses says why, and not with what it was asked", async () => {
  const { transport } = await provider(422, { message: "the sender is not verified" });
  await assert.rejects(transport.send(mail), (error: Error) => /422.*the sender is not verified/.test(error.message) && !error.message.includes("secret"));
});
// {{/if}}
