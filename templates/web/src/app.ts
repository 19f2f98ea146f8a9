import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie, setCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import { NONCE, secureHeaders } from "hono/secure-headers";
import { accountRoutes } from "./accounts/routes.ts";
import { sessionReader } from "./accounts/session.ts";
import { adminRoutes } from "./admin/routes.ts";
// {{#if api}}
import { apiRoutes } from "./api/routes.ts";
// {{/if}}
import { homeRoutes } from "./home.ts";
import { acceptedLanguage, isLanguage, type Language, translator } from "./i18n/i18n.ts";
import { mailboxRoutes } from "./mail/mailbox.ts";
import type { Services } from "./services.ts";
import { largestPicture, pictureRoutes } from "./users/pictures.ts";
import { userRoutes } from "./users/routes.ts";
import { assetRoutes } from "./web/assets.ts";
import { type Env, type PageContext, safeNext } from "./web/context.ts";
import { errorAnswer, errorPages, onError } from "./web/errors.ts";
import { flashOf } from "./web/flash.ts";
import { sameText } from "./web/sign.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** The whole site as `Request → Response`: tests call `app.request(…)` without a server. */
export function createApp(services: Services): Hono<Env> {
  const { settings, readiness, metrics, database, db } = services;
  const local = settings.environment === "local";
  const secure = settings.siteUrl.startsWith("https:");
  const app = new Hono<Env>();
  const sections = new Set<string>();

  // Asked several times a second by the edge: answered before logging and everything else.
  app.get("/healthz", (c) => c.json({ status: "ok", release: settings.release }));
  app.get("/readyz", async (c) => {
    const state = await readiness.check();
    return c.json(state, state.ready ? 200 : 503);
  });
  app.get("/metrics", (c) => {
    const given = c.req.header("authorization") ?? "";
    const open = settings.metricsToken ? sameText(given, `Bearer ${settings.metricsToken}`) : local;
    return open ? c.text(metrics.text()) : c.text("A bearer token is needed: METRICS_TOKEN.\n", 401);
  });
  app.route("/", assetRoutes as unknown as Hono<Env>);

  app.use(visitor(services), observe(services, sections));
  app.route("/", pictureRoutes(services));
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: [NONCE],
        styleSrc: [NONCE],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      strictTransportSecurity: secure ? "max-age=31536000" : false,
      xFrameOptions: "DENY",
      // Pages are forms with secrets: other sites learn nothing, this one keeps what csrf() compares.
      referrerPolicy: "same-origin",
      permissionsPolicy: { camera: [], microphone: [], geolocation: [], payment: [], usb: [] },
    }),
  );
  const tooLarge = (): never => {
    throw new HTTPException(413);
  };
  const [small, upload] = [64 * 1024, largestPicture + 64 * 1024].map((maxSize) => bodyLimit({ maxSize, onError: tooLarge }));
  app.use((c, next) => {
    // Asking a request for its body makes node-server build a whole one: not for those that have none.
    if (safeMethods.has(c.req.method)) return next();
    return ((c.req.path === "/users/~update/" ? upload : small) as MiddlewareHandler<Env>)(c, next);
  });
  // TLS ends at the edge, so the scheme seen here is not the browser's: the origin is compared with the setting.
  // {{#if api}}
  const forged = csrf({ origin: settings.siteUrl });
  app.use((c, next) => (c.req.path.startsWith("/api/") ? next() : forged(c, next)));
  // {{/if}}
  // {{#unless api}}
  app.use(csrf({ origin: settings.siteUrl }));
  // {{/unless}}
  // One transaction for each request that changes something. What failed changed nothing.
  app.use(async (c, next) => {
    if (safeMethods.has(c.req.method)) return next();
    await database.transaction(next, () => c.res.status < 500 && !c.error);
  });
  const currentUser = sessionReader(db, settings);
  app.use(async (c, next) => {
    const user = await currentUser(c);
    c.set("user", user);
    if (user && isLanguage(user.language)) speak(c, user.language);
    await next();
    // What a signed-in user sees is nobody else's.
    if (user && !c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  });

  app.route("/", homeRoutes());
  app.post("/language/", async (c) => {
    const { language, next } = await c.req.parseBody();
    const to = safeNext(typeof next === "string" ? next : undefined) ?? "/";
    if (!isLanguage(language)) return c.redirect(to, 303);
    setCookie(c, "language", language, { path: "/", sameSite: "Lax", httpOnly: true, secure, maxAge: 31_536_000 });
    const user = c.get("user");
    if (user) await db.updateTable("user").set({ language }).where("id", "=", user.id).execute();
    return c.redirect(to, 303);
  });
  app.route("/accounts", accountRoutes(services));
  app.route("/users", userRoutes(services));
  app.route(settings.adminPath, adminRoutes(services));
  // {{#if api}}
  app.route("/api", apiRoutes(services) as unknown as Hono<Env>);
  // {{/if}}
  if (local) app.route("/", errorPages());
  app.route("/", mailboxRoutes(services));

  app.notFound((c) => {
    const { pathname, search } = new URL(c.req.url);
    // {{#if api}}
    if (pathname.startsWith("/api/")) return errorAnswer(c, 404);
    // {{/if}}
    if (safeMethods.has(c.req.method) && !pathname.endsWith("/") && !/\.\w+$/.test(pathname)) {
      return c.redirect(`${pathname.replace(/^\/+/, "/")}/${search}`, 301);
    }
    return errorAnswer(c, 404);
  });
  app.onError(onError(services));
  for (const { path } of app.routes) sections.add(sectionOf(path));
  return app;
}

/** `/users` of `/users/kabosu/`. */
const sectionOf = (path: string): string => `/${path.split("/", 2)[1] ?? ""}`;

function speak(c: PageContext, language: Language): void {
  c.set("language", language);
  c.set("t", translator(language));
}

/** Who asks, in which language, before anything can fail: error pages need it, too. */
function visitor({ settings }: Services): MiddlewareHandler<Env> {
  const secure = settings.siteUrl.startsWith("https:");
  return async (c, next) => {
    const given = c.req.header("x-request-id") ?? "";
    c.set("requestId", /^[\w.-]{8,64}$/.test(given) ? given : randomUUID());
    // The last entry is the edge's own; those before it are what the visitor claims.
    const forwarded = c.req.header("x-forwarded-for")?.split(",").at(-1)?.trim();
    c.set("ipAddress", forwarded ?? c.env?.incoming?.socket.remoteAddress ?? "");
    c.set("settings", settings);
    const chosen = getCookie(c, "language");
    speak(c, isLanguage(chosen) ? chosen : acceptedLanguage(c.req.header("accept-language")));
    c.set("flash", flashOf(c, settings.secretKeys, secure));
    await next();
  };
}

/** One line in the log, one observation, one span. */
function observe({ log, metrics, tracing }: Services, sections: ReadonlySet<string>): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now();
    if (tracing) {
      await tracing.request(`${c.req.method} ${c.req.path}`, c.req.header("traceparent"), next, () => c.res.status);
    } else await next();
    const milliseconds = performance.now() - started;
    const { method, path } = c.req;
    const { status } = c.res;
    // Not by c.header(): on an answer that is there already it makes another.
    c.res.headers.set("x-request-id", c.get("requestId"));
    // By section, not by address: addresses are without number, and so are sections that the site hasn't.
    const section = sectionOf(path);
    metrics.request(method, sections.has(section) ? section : "other", status, milliseconds);
    log.info("request", {
      requestId: c.get("requestId"),
      method,
      // A key in an address opens an account.
      path: path.replace(/(\/(?:key|confirm-email)\/)[^/]+/, "$1…"),
      status,
      milliseconds: Math.round(milliseconds * 10) / 10,
      ...(c.get("user") ? { user: c.get("user")?.username } : {}),
    });
  };
}
