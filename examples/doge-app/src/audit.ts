import type { Services } from "./services.ts";
import type { PageContext } from "./web/context.ts";

export interface AuditEvent {
  /** Such as `user.changed` or `login.failed`. */
  readonly action: string;
  readonly target?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  /** The signed-in user unless told. */
  readonly actor?: string;
}

/** Writes down who did what: shown in the admin's audit log. Goes with the request's transaction. */
export async function audit(c: PageContext, { db }: Pick<Services, "db">, event: AuditEvent): Promise<void> {
  const { action, target = "", detail = {}, actor = c.get("user")?.username ?? "" } = event;
  await db
    .insertInto("auditEvent")
    .values({ actor, action, target, detail: JSON.stringify(detail), ipAddress: c.get("ipAddress") })
    .execute();
}
