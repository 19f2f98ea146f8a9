import { simpleParser, type AddressObject } from "mailparser";
import type { CloudContext } from "../ports.ts";

/** A message as it arrived, and as a person reads it. */
export interface Message {
  readonly id: string;
  readonly receivedAt: string;
  /** The envelope: what the server was told, whatever the headers say. */
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  /** Who logged in, if anyone did. Never the password. */
  readonly user?: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly attachments: readonly { readonly name: string; readonly contentType: string; readonly bytes: number }[];
  /** RFC 5322, Base64: it may hold any bytes. */
  readonly raw: string;
}

export type Summary = Pick<Message, "id" | "receivedAt" | "from" | "to" | "subject">;

export interface Mailbox {
  deliver(raw: Buffer, envelope: Message["envelope"], user?: string): Promise<Message>;
  /** Newest first; `to` narrows to one recipient of the envelope. */
  list(to?: string): readonly Summary[];
  get(id: string): Message | undefined;
  delete(id: string): boolean;
  clear(): void;
}

export function openMailbox(context: CloudContext): Mailbox {
  const messages = context.store.collection<Message>("mail.messages");
  return {
    async deliver(raw, envelope, user) {
      const parsed = await simpleParser(raw);
      const id = String(context.ids.next("mail.message"));
      return messages.put(id, {
        id,
        receivedAt: context.now().toISOString(),
        envelope,
        ...(user && { user }),
        from: addressText(parsed.from) || envelope.from,
        to: addressText(parsed.to) || envelope.to.join(", "),
        subject: parsed.subject ?? "",
        text: parsed.text ?? "",
        ...(parsed.html && { html: parsed.html }),
        attachments: parsed.attachments.map(({ filename, contentType, size }) => ({
          name: filename ?? "unnamed",
          contentType,
          bytes: size,
        })),
        raw: raw.toString("base64"),
      });
    },
    list: (to) =>
      messages
        .list((message) => !to || message.envelope.to.some((each) => each.toLowerCase() === to.toLowerCase()))
        .map(({ id, receivedAt, from, to, subject }) => ({ id, receivedAt, from, to, subject }))
        .toReversed(),
    get: (id) => messages.get(id),
    delete: (id) => messages.delete(id),
    clear() {
      for (const [id] of messages.entries()) messages.delete(id);
    },
  };
}

const addressText = (address: AddressObject | AddressObject[] | undefined): string =>
  [address ?? []]
    .flat()
    .map((each) => each.text)
    .join(", ");
