import { createHash, createHmac } from "node:crypto";
import type { Services } from "../services.ts";
import { type Keys, sameText } from "../web/sign.ts";

/** better-auth's name for its keys: a value that it encrypted begins with the number of the key. */
export interface Keyring {
  readonly keys: Map<number, string>;
  readonly currentVersion: number;
  readonly legacySecret: string;
}

/** A key's number comes from the key itself: nobody has to count rotations. */
const numberOf = (key: string): number => createHash("sha256").update(key).digest().readUInt32BE();

/** The first encrypts. A value without a number is of an app that knew one key: the oldest there is. */
export const keyring = (keys: Keys): Keyring => ({
  keys: new Map(keys.map((key) => [numberOf(key), key])),
  currentVersion: numberOf(keys[0]),
  legacySecret: keys.at(-1) ?? keys[0],
});

/**
 * A request's cookies as better-auth would have signed them today: it looks at the newest key alone, while a browser may
 * hold what the key before a rotation signed.
 */
export function signedAnew(cookies: string, [key, ...former]: Keys): string {
  if (former.length === 0) return cookies;
  const signature = (by: string, value: string): string => createHmac("sha256", by).update(value).digest("base64");
  return cookies.replaceAll(/(?<==)[^;]+(?=;|$)/g, (encoded) => {
    const [, value, given] = /^(.+)\.([A-Za-z0-9+/]{43}=)$/.exec(decoded(encoded)) ?? [];
    if (value === undefined || given === undefined) return encoded;
    if (!former.some((old) => sameText(signature(old, value), given))) return encoded;
    return encodeURIComponent(`${value}.${signature(key, value)}`);
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Encrypts with today's key what a former one encrypted: second factors and their backup codes. Says how many it changed,
 * and how many no key that is known reads. `doge secrets rotate` runs it once the release before is gone, which knows
 * only the former key.
 */
export async function reencrypt({ db, settings }: Pick<Services, "db" | "settings">): Promise<{ readonly changed: number; readonly lost: number }> {
  const { symmetricDecrypt, symmetricEncrypt } = await import("better-auth/crypto");
  const key = keyring(settings.secretKeys);
  const current = `$ba$${key.currentVersion}$`;
  const anew = async (data: string): Promise<string> =>
    data.startsWith(current) ? data : symmetricEncrypt({ key, data: await symmetricDecrypt({ key, data }) });
  let [changed, lost] = [0, 0];
  for (const row of await db.selectFrom("twoFactor").select(["id", "secret", "backupCodes"]).execute()) {
    const both = await Promise.all([anew(row.secret), anew(row.backupCodes)]).catch(() => undefined);
    if (!both) {
      lost += 1;
      continue;
    }
    const [secret, backupCodes] = both;
    if (secret === row.secret && backupCodes === row.backupCodes) continue;
    const { numUpdatedRows } = await db
      .updateTable("twoFactor")
      .set({ secret, backupCodes })
      .where("id", "=", row.id)
      // Somebody may use up a code meanwhile: with it the row was written anew, by today's key.
      .where("secret", "=", row.secret)
      .where("backupCodes", "=", row.backupCodes)
      .executeTakeFirst();
    changed += Number(numUpdatedRows);
  }
  return { changed, lost };
}
