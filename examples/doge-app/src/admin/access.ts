import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Kysely } from "kysely";
import type { Tables } from "../database/tables.ts";
import { type Env, type PageContext, signedIn } from "../web/context.ts";

/** Codenames that a user has, by itself or by a group. A superuser has all, whatever stands here. */
export async function permissionsOf(db: Kysely<Tables>, userId: string): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom("userPermission")
    .select("codename")
    .where("userId", "=", userId)
    .union(
      db
        .selectFrom("groupPermission as p")
        .innerJoin("userGroup as g", "g.groupId", "p.groupId")
        .select("p.codename")
        .where("g.userId", "=", userId),
    )
    .execute();
  return new Set(rows.map(({ codename }) => codename));
}

export async function may(c: PageContext, db: Kysely<Tables>, codename: string): Promise<boolean> {
  const user = signedIn(c);
  return user.isSuperuser || (user.isStaff && (await permissionsOf(db, user.id)).has(codename));
}

/** Throws 403 unless the user has the permission. */
export async function demandPermission(c: PageContext, db: Kysely<Tables>, codename: string): Promise<void> {
  if (!(await may(c, db, codename))) throw new HTTPException(403);
}

export const requireStaff: MiddlewareHandler<Env> = async (c, next) => {
  if (!signedIn(c).isStaff) throw new HTTPException(403);
  await next();
};
