import { passkey } from "@better-auth/passkey";
import { APIError, betterAuth } from "better-auth";
import { twoFactor, username } from "better-auth/plugins";
import type { Kysely } from "kysely";
import type { Tables } from "../database/tables.ts";
import type { Log } from "../log.ts";
import type { Settings } from "../settings.ts";
import { site } from "../site.ts";
import type { PageContext } from "../web/context.ts";
import { usernamePattern } from "./create-user.ts";
import { type Keyring, keyring, signedAnew } from "./keys.ts";
import { hashPassword, verifyPassword } from "./password-hash.ts";
import { cookiePrefix } from "./session.ts";

interface Parts {
  readonly settings: Settings;
  readonly db: Kysely<Tables>;
  readonly log: Log;
}

/** Called by better-auth with the token of a new reset link. */
type OnReset = (to: { readonly id: string; readonly email: string }, token: string) => Promise<void>;

/**
 * better-auth keeps passwords, sessions, second factors and passkeys. Only its server-side API is used, never its own
 * HTTP handler: the pages of this app are the only way in, and they count attempts themselves (`web/limits.ts`).
 */
const makeAuth = ({ settings, db, log }: Parts, { keys, legacySecret }: Keyring, onReset: OnReset) =>
  betterAuth({
    appName: site.name,
    baseURL: settings.siteUrl,
    // It takes them apart, and makes the same keyring of them.
    secrets: [...keys].map(([version, value]) => ({ version, value })),
    secret: legacySecret,
    trustedOrigins: [settings.siteUrl],
    database: { db, type: "postgres" },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: { level: "error", log: (level, message) => log[level === "error" ? "error" : "info"](`accounts: ${message}`) },
    advanced: {
      cookiePrefix,
      useSecureCookies: settings.siteUrl.startsWith("https:"),
      ipAddress: { ipAddressHeaders: ["x-visitor-address"] },
    },
    session: { expiresIn: 14 * 86_400, disableSessionRefresh: true },
    emailAndPassword: {
      enabled: true,
      requireEmailVerification: true,
      autoSignIn: false,
      // The length is one of the rules in password-rules.ts.
      minPasswordLength: 1,
      maxPasswordLength: 256,
      password: { hash: hashPassword, verify: ({ hash, password }) => verifyPassword(hash, password) },
      resetPasswordTokenExpiresIn: 3 * 86_400,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, token }) => onReset(user, token),
    },
    emailVerification: { sendOnSignUp: false },
    user: { changeEmail: { enabled: false } },
    databaseHooks: {
      session: {
        create: {
          async before({ userId }) {
            const user = await db.selectFrom("user").select("isActive").where("id", "=", userId).executeTakeFirst();
            if (!user?.isActive) throw new APIError("FORBIDDEN", { code: "INACTIVE", message: "inactive" });
          },
        },
      },
    },
    plugins: [
      username({ minUsernameLength: 1, maxUsernameLength: 150, usernameValidator: (name) => usernamePattern.test(name) }),
      twoFactor({ issuer: site.name, skipVerificationOnEnable: false }),
      passkey({ rpName: site.name, rpID: new URL(settings.siteUrl).hostname, origin: settings.siteUrl }),
    ],
  });

type Auth = ReturnType<typeof makeAuth>;
type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string };

export interface Accounts {
  readonly api: Auth["api"];
  /**
   * Asks better-auth as this visitor: cookies go there, its cookies come back on the answer. A refusal is a code,
   * such as `INVALID_PASSWORD`.
   */
  as<T>(
    c: PageContext,
    ask: (api: Auth["api"], request: { readonly headers: Headers; readonly returnHeaders: true }) => Promise<{
      readonly headers: Headers | null | undefined;
      readonly response: T;
    }>,
  ): Promise<Answer<T>>;
}

export function createAccounts(parts: Parts, onReset: OnReset): Accounts {
  const { secretKeys } = parts.settings;
  const { api } = makeAuth(parts, keyring(secretKeys), onReset);
  return {
    api,
    async as(c, ask) {
      const headers = new Headers(c.req.raw.headers);
      headers.set("x-visitor-address", c.get("ipAddress"));
      headers.set("cookie", signedAnew(headers.get("cookie") ?? "", secretKeys));
      // better-auth compares it with its own; csrf() in app.ts has compared it with the browser's.
      headers.set("origin", parts.settings.siteUrl);
      try {
        const { headers: given, response } = await ask(api, { headers, returnHeaders: true });
        for (const cookie of given?.getSetCookie() ?? []) c.header("set-cookie", cookie, { append: true });
        return { ok: true, value: response };
      } catch (thrown) {
        if (!(thrown instanceof APIError)) throw thrown;
        const code = thrown.body?.code;
        return { ok: false, code: typeof code === "string" ? code : String(thrown.status) };
      }
    },
  };
}
