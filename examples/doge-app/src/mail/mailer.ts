import type { Kysely } from "kysely";
import type { Tables } from "../database/tables.ts";
import { enqueue } from "../jobs/queue.ts";
import type { Settings } from "../settings.ts";
import type { Mail } from "./mail.ts";

export interface Mailer {
  /** Queued with the transaction that asks: a mail about something that was rolled back is never sent. */
  send(mail: Mail): Promise<void>;
  /** An absolute address for a mail; never made from the request, whose Host header anyone can set. */
  link(path: string): string;
}

export const createMailer = (settings: Pick<Settings, "siteUrl">, db: Kysely<Tables>): Mailer => ({
  send: (mail) => enqueue(db, "send_mail", mail),
  link: (path) => `${settings.siteUrl}${path}`,
});
