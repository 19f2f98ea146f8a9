import { sql } from "kysely";
import { createTransport } from "../mail/transport.ts";
import type { Services } from "../services.ts";
import type { Jobs } from "./queue.ts";

export type Tasks = { readonly [Name in keyof Jobs]: (payload: Jobs[Name]) => Promise<void> };

/** Run at least once each: a worker that was killed leaves its job to the next. */
export function createTasks({ settings, db, storage, log }: Services): Tasks {
  const transport = createTransport(settings);
  return {
    async send_mail(mail) {
      await transport.send(mail);
      log.info("mail sent", { to: mail.to, subject: mail.subject });
    },

    async delete_picture({ key }) {
      await storage.remove(key);
    },

    /** What ran out: sessions, links, cache entries; of the audit log, what is older than a year. */
    async remove_expired() {
      const now = new Date();
      await db.deleteFrom("session").where("expiresAt", "<", now).execute();
      await db.deleteFrom("verification").where("expiresAt", "<", now).execute();
      await db.deleteFrom("cacheEntry").where("expiresAt", "<", now).execute();
      await db.deleteFrom("auditEvent").where("at", "<", sql<Date>`now() - interval '1 year'`).execute();
    },
  };
}

/** Minute, hour, day of month, month, day of week (UTC), task. */
export const schedule = "17 3 * * * remove_expired";
