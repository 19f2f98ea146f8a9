import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { anyBlock } from "../../src/control/ports.ts";
import { createContext } from "../../src/kit/context.ts";
import { serveApp, type HttpServer } from "../../src/kit/http.ts";
import { createMail } from "../../src/mail/index.ts";
import type { CloudContext, Service } from "../../src/ports.ts";

let folder: string;
let context: CloudContext;
let mail: Service;
let port: number;
let web: HttpServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "doge-mail-"));
  port = (await anyBlock("127.0.0.1")).smtp;
  context = createContext({ folder, port: () => port });
  mail = createMail(context);
  await mail.start?.();
  web = await serveApp(mail.app!, { host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await web.stop(0);
  await mail.stop?.();
  context.store.close();
  await rm(folder, { recursive: true });
});

/** Says the lines one by one, each after the answer to the one before; gives all that was answered. */
async function smtp(lines: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  const socket: Socket = connect(port, "127.0.0.1");
  socket.setEncoding("utf8");
  let text = "";
  let wake = (): void => {};
  socket.on("data", (chunk: string) => {
    text += chunk;
    wake();
  });
  const answer = async (): Promise<string> => {
    for (;;) {
      // A reply ends with a line whose code is followed by a space.
      const match = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(text);
      if (match) {
        text = text.slice(match[0].length);
        return match[0].trim();
      }
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  answers.push(await answer());
  for (const line of lines) {
    socket.write(`${line}\r\n`);
    answers.push(await answer());
  }
  socket.destroy();
  return answers;
}

const letter = (subject: string, body: string): string =>
  [`From: Shop <shop@example.com>`, `To: Ada <ada@example.com>`, `Subject: ${subject}`, "", body, "."].join("\r\n");

const envelope = [
  "EHLO test",
  "MAIL FROM:<shop@example.com>",
  "RCPT TO:<ada@example.com>",
  "RCPT TO:<bcc@example.com>",
];
const json = async (path: string): Promise<unknown> => (await fetch(`${web.url}${path}`)).json();

test("a message is accepted, parsed, listed, shown and deleted", async () => {
  const answers = await smtp([...envelope, "DATA", letter("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Hello <b>Ada</b>"), "QUIT"]);
  expect(answers.at(-2)).toMatch(/^250 Queued as 1$/);
  expect(answers[1]).not.toContain("STARTTLS");

  expect(await json("/api/messages")).toMatchObject({ messages: [{ id: "1", subject: "Grüße" }] });
  expect(await json("/api/messages?to=bcc@example.com")).toMatchObject({ messages: [{ id: "1" }] });
  expect(await json("/api/messages?to=nobody@example.com")).toEqual({ messages: [] });
  const message = await json("/api/messages/1");
  expect(message).toMatchObject({
    from: '"Shop" <shop@example.com>',
    envelope: { from: "shop@example.com", to: ["ada@example.com", "bcc@example.com"] },
    text: "Hello <b>Ada</b>\n",
    attachments: [],
  });
  expect(message).not.toHaveProperty("raw");
  expect(await (await fetch(`${web.url}/api/messages/1/raw`)).text()).toContain("Subject: =?utf-8?q?");

  const page = await (await fetch(`${web.url}/messages/1`)).text();
  expect(page).toContain("Grüße");
  expect(page).toContain("Hello &lt;b&gt;Ada&lt;/b&gt;");
  const deleted = await fetch(`${web.url}/messages/1/delete`, { method: "POST" });
  expect(await deleted.text()).toContain("No mail yet.");
  expect((await fetch(`${web.url}/api/messages/1`)).status).toBe(404);
});

test("a login is taken, its password is kept nowhere", async () => {
  const login = Buffer.from("\0app\0canary-password").toString("base64");
  const answers = await smtp([envelope[0]!, `AUTH PLAIN ${login}`, ...envelope.slice(1), "DATA", letter("Hi", "x")]);
  expect(answers[2]).toMatch(/^235/);
  const [kept] = context.store.collection<{ user: string }>("mail.messages").list();
  expect(kept?.user).toBe("app");
  expect(JSON.stringify(kept)).not.toContain("canary");
  await fetch(`${web.url}/api/messages`, { method: "DELETE" });
  expect(await json("/api/messages")).toEqual({ messages: [] });
});

test("HTML mail may run nothing", async () => {
  const html = ["Subject: Hi", "Content-Type: text/html", "", '<script>alert("x")</script>', "."].join("\r\n");
  await smtp([...envelope, "DATA", html]);
  const { messages } = (await json("/api/messages")) as { messages: { id: string }[] };
  const page = await (await fetch(`${web.url}/messages/${messages[0]?.id}`)).text();
  expect(page).toContain("<iframe sandbox ");
  expect(page).not.toContain("<script>");
});

test("a port in use is a diagnostic that names it", async () => {
  await expect(createMail(context).start?.()).rejects.toMatchObject({ diagnostics: [{ code: "port-in-use" }] });
});
