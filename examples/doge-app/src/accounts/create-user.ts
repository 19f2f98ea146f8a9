import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { Tables } from "../database/tables.ts";
import { hashPassword } from "./password-hash.ts";

export const usernamePattern = /^[\w.@+-]{1,150}$/;

export interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly name?: string;
  readonly emailVerified?: boolean;
  readonly isStaff?: boolean;
  readonly isSuperuser?: boolean;
}

/** Makes an account without a sign-up: by the admin, a command or a test. In better-auth's tables as it would. */
export async function createUser(db: Kysely<Tables>, user: NewUser): Promise<string> {
  const { username, email, password, name = "", emailVerified = true, isStaff = false, isSuperuser = false } = user;
  const id = randomBytes(16).toString("hex");
  await db
    .insertInto("user")
    .values({
      id,
      username: username.toLowerCase(),
      displayUsername: username,
      email: email.toLowerCase(),
      name,
      emailVerified,
      isStaff,
      isSuperuser,
    })
    .execute();
  await db
    .insertInto("account")
    .values({ id: randomBytes(16).toString("hex"), userId: id, accountId: id, providerId: "credential", password: await hashPassword(password) })
    .execute();
  return id;
}
