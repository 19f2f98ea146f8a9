import type { Context } from "hono";
import type { HttpBindings } from "@hono/node-server";
import type { CurrentUser } from "../accounts/session.ts";
import type { Language, Translate } from "../i18n/i18n.ts";
import type { Settings } from "../settings.ts";
import type { Flash } from "./flash.ts";

/** What the middleware of `app.ts` puts beside a request. */
export interface Env {
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    ipAddress: string;
    user: CurrentUser | undefined;
    language: Language;
    t: Translate;
    settings: Settings;
    flash: Flash;
    secureHeadersNonce?: string;
  };
}

export type PageContext = Context<Env>;

/** The signed-in user, where a middleware has made sure that there is one. */
export function signedIn(c: PageContext): CurrentUser {
  const user = c.get("user");
  if (!user) throw new Error("a page behind `requireUser` was reached without a user");
  return user;
}

/** Only paths of this site are followed after a login: `//evil.example` and the like are not. */
export function safeNext(value: string | undefined): string | undefined {
  return value && /^\/(?![/\\])[^\s\\]*$/.test(value) ? value : undefined;
}
