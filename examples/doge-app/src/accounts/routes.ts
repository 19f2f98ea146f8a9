import { Hono } from "hono";
import type { Services } from "../services.ts";
import type { Env } from "../web/context.ts";
import { messagePage } from "../web/page.ts";
import { emailRoutes } from "./email.ts";
import { loginRoutes } from "./login.ts";
import { passkeyRoutes } from "./passkeys.ts";
import { passwordRoutes } from "./password.ts";
import { sessionRoutes } from "./sessions.ts";
import { signUpRoutes } from "./signup.ts";
import { tokenRoutes } from "./tokens.ts";
import { twoFactorRoutes } from "./two-factor.ts";

/** Everything below `/accounts/`. */
export const accountRoutes = (services: Services): Hono<Env> =>
  new Hono<Env>()
    .use(async (c, next) => {
      await next();
      // Forms with secrets, links with keys: nothing of it in a shared cache, nothing in a referrer.
      c.res.headers.set("cache-control", "no-store");
    })
    .route("/", signUpRoutes(services))
    .route("/", loginRoutes(services))
    .route("/", emailRoutes(services))
    .route("/", passwordRoutes(services))
    .route("/", twoFactorRoutes(services))
    .route("/", passkeyRoutes(services))
    .route("/", sessionRoutes(services))
    .route("/", tokenRoutes(services))
    .get("/inactive/", (c) => {
      const t = c.get("t");
      return c.html(messagePage(c, t("Account Inactive"), t("This account is inactive.")));
    });
