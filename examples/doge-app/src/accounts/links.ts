import { createHash, randomBytes, randomUUID } from "node:crypto";
import { type Language, isLanguage, translator } from "../i18n/i18n.ts";
import { mails } from "../mail/mail.ts";
import type { Services } from "../services.ts";
import { sameText } from "../web/sign.ts";

/**
 * Links that confirm an e-mail address: of a new account, or a new address of an old one. Our own, and not
 * better-auth's: those confirm on GET, and mail scanners follow links. A user has one at a time, for 3 days, once.
 */
const days = 3;
const identifierOf = (userId: string): string => `confirm-email:${userId}`;
const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url");

type Parts = Pick<Services, "db" | "mailer">;

interface Addressee {
  readonly id: string;
  readonly username: string;
  readonly language: string | null;
}

const languageOf = (language: string | null, fallback: Language): Language =>
  isLanguage(language) ? language : fallback;

export async function sendConfirmation(
  { db, mailer }: Parts,
  user: Addressee,
  email: string,
  language: Language,
): Promise<void> {
  const secret = randomBytes(24).toString("base64url");
  await db.deleteFrom("verification").where("identifier", "=", identifierOf(user.id)).execute();
  await db
    .insertInto("verification")
    .values({
      id: randomUUID(),
      identifier: identifierOf(user.id),
      value: `${hashOf(secret)} ${email}`,
      expiresAt: new Date(Date.now() + days * 86_400_000),
    })
    .execute();
  const link = mailer.link(`/accounts/confirm-email/${user.id}.${secret}/`);
  await mailer.send(mails.confirmEmail(translator(languageOf(user.language, language)), email, user.username, link));
}

export interface Confirmation {
  readonly userId: string;
  readonly username: string;
  readonly email: string;
  /** The address that the account has now. */
  readonly current: string;
}

/** What a key confirms; undefined where it is wrong, too old or used. */
export async function findConfirmation({ db }: Pick<Services, "db">, key: string): Promise<Confirmation | undefined> {
  const [userId = "", secret = ""] = key.split(".");
  const row = await db
    .selectFrom("verification")
    .select("value")
    .where("identifier", "=", identifierOf(userId))
    .where("expiresAt", ">", new Date())
    .executeTakeFirst();
  const [hash = "", email = ""] = (row?.value ?? "").split(" ");
  if (!sameText(hash, hashOf(secret))) return undefined;
  const user = await db.selectFrom("user").select(["username", "email"]).where("id", "=", userId).executeTakeFirst();
  return user && { userId, username: user.username, email, current: user.email };
}

/** False where another account took the address in the meantime. */
export async function confirm({ db }: Pick<Services, "db">, { userId, email }: Confirmation): Promise<boolean> {
  const taken = await db.selectFrom("user").select("id").where("email", "=", email).where("id", "!=", userId).executeTakeFirst();
  await db.deleteFrom("verification").where("identifier", "=", identifierOf(userId)).execute();
  if (taken) return false;
  await db.updateTable("user").set({ email, emailVerified: true, updatedAt: new Date() }).where("id", "=", userId).execute();
  return true;
}

/** The address that waits for its confirmation. */
export async function pendingEmail({ db }: Pick<Services, "db">, userId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("verification")
    .select("value")
    .where("identifier", "=", identifierOf(userId))
    .where("expiresAt", ">", new Date())
    .executeTakeFirst();
  return row?.value.split(" ")[1];
}

export async function sendResetLink({ db, mailer }: Parts, { id }: { readonly id: string }, token: string): Promise<void> {
  const user = await db
    .selectFrom("user")
    .select(["email", "username", "language", "isActive"])
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  if (!user.isActive) return;
  const link = mailer.link(`/accounts/password/reset/key/${token}/`);
  await mailer.send(mails.resetPassword(translator(languageOf(user.language, "en")), user.email, user.username, link));
}

/** Whose reset a token is; undefined where it is wrong, too old or used. */
export async function resetUser({ db }: Pick<Services, "db">, token: string): Promise<{ username: string; email: string; name: string } | undefined> {
  return db
    .selectFrom("verification as v")
    .innerJoin("user as u", "u.id", "v.value")
    .select(["u.username", "u.email", "u.name"])
    .where("v.identifier", "=", `reset-password:${token}`)
    .where("v.expiresAt", ">", new Date())
    .executeTakeFirst();
}
