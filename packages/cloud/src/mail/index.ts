import { Hono } from "hono";
import { SMTPServer } from "smtp-server";
import { portTrouble } from "../kit/http.ts";
import type { CloudContext, Service } from "../ports.ts";
import { openMailbox, type Mailbox } from "./messages.ts";
import { mailboxPage, messagePage } from "./pages.ts";

const largestMessage = 25 * 1024 * 1024;

/** A mail provider that delivers everything to one mailbox: SMTP in, HTTP API and pages out. */
export function createMail(context: CloudContext, host = "127.0.0.1"): Service {
  const mailbox = openMailbox(context);
  let server: SMTPServer | undefined;
  return {
    name: "mail",
    app: mailApp(mailbox),
    async start() {
      server = await serveSmtp(context, mailbox, host);
    },
    async stop() {
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
      server = undefined;
    },
    // Mail is what was sent, nothing that the project made: it is no leftover.
    inventory: () => Promise.resolve([]),
    gaps: [
      { service: "mail", gap: "accepts any sender, recipient and login; nothing leaves the machine, nothing bounces" },
      { service: "mail", gap: "no STARTTLS, no DKIM or SPF checks; 25 MiB a message" },
    ],
  };
}

function mailApp(mailbox: Mailbox): Hono {
  const missing = { error: "no such message" };
  return new Hono()
    .get("/", (c) => c.html(mailboxPage(mailbox.list())))
    .get("/messages/:id", (c) => {
      const message = mailbox.get(c.req.param("id"));
      return message ? c.html(messagePage(message)) : c.notFound();
    })
    .post("/messages/:id/delete", (c) => {
      mailbox.delete(c.req.param("id"));
      return c.redirect("/", 303);
    })
    .get("/api/messages", (c) => c.json({ messages: mailbox.list(c.req.query("to")) }))
    .delete("/api/messages", (c) => {
      mailbox.clear();
      return c.body(null, 204);
    })
    .get("/api/messages/:id", (c) => {
      const message = mailbox.get(c.req.param("id"));
      if (!message) return c.json(missing, 404);
      const { raw: _raw, ...rest } = message;
      return c.json(rest);
    })
    .get("/api/messages/:id/raw", (c) => {
      const message = mailbox.get(c.req.param("id"));
      if (!message) return c.json(missing, 404);
      return c.body(Buffer.from(message.raw, "base64"), 200, { "content-type": "text/plain; charset=utf-8" });
    })
    .delete("/api/messages/:id", (c) => (mailbox.delete(c.req.param("id")) ? c.body(null, 204) : c.json(missing, 404)));
}

async function serveSmtp(context: CloudContext, mailbox: Mailbox, host: string): Promise<SMTPServer> {
  const server = new SMTPServer({
    name: "mail.localhost",
    banner: "Doge's local cloud",
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    size: largestMessage,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? "unknown" }),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        if (stream.sizeExceeded) {
          done(Object.assign(new Error("Message exceeds fixed maximum message size"), { responseCode: 552 }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        const envelope = {
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map((recipient) => recipient.address),
        };
        mailbox.deliver(Buffer.concat(chunks), envelope, session.user).then(
          (message) => done(null, `Queued as ${message.id}`),
          (thrown: Error) => done(thrown),
        );
      });
    },
  });
  const port = context.port("mail");
  await new Promise<void>((resolve, reject) => {
    const onError = (thrown: Error): void => reject(portTrouble(thrown, host, port));
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve();
    });
  });
  server.on("error", (thrown) => context.log("mail", thrown.message));
  return server;
}
