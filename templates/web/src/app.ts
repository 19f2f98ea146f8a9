import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { type Guestbook, readEntry } from "./guestbook.ts";
import { describe, type Log } from "./log.ts";
import type { Readiness } from "./readiness.ts";
import type { Settings } from "./settings.ts";
import { aboutView, homeView, messageView } from "./views.ts";

export interface Parts {
  readonly settings: Settings;
  readonly guestbook: Guestbook;
  readonly readiness: Readiness;
  readonly log: Log;
}

interface Env {
  Variables: { requestId: string };
}

const style = readFileSync(new URL("../public/style.css", import.meta.url), "utf8");

/** The whole site as `Request → Response`: tests call `app.request(…)` without a server. */
export function createApp({ settings, guestbook, readiness, log }: Parts): Hono<Env> {
  const app = new Hono<Env>();

  // Asked several times a second by the edge: answered before logging and everything else.
  app.get("/healthz", (c) => c.json({ status: "ok", release: settings.release }));
  app.get("/readyz", async (c) => {
    const state = await readiness.check();
    return c.json(state, state.ready ? 200 : 503);
  });

  app.use(async (c, next) => {
    const given = c.req.header("x-request-id") ?? "";
    const requestId = /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
    c.set("requestId", requestId);
    const started = performance.now();
    await next();
    c.header("x-request-id", requestId);
    log.info("request", {
      requestId,
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      milliseconds: Math.round(performance.now() - started),
    });
  });

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
      // The edge sets it: it knows whether the site is served over HTTPS.
      strictTransportSecurity: false,
    }),
  );

  app.use(bodyLimit({ maxSize: 16 * 1024 }));
  // TLS ends at the edge, so the scheme seen here is not the browser's: hosts are compared.
  app.use(csrf({ origin: (origin, c) => hostOf(origin) === c.req.header("host") }));

  app.get("/", async (c) => c.html(homeView({ settings, page: await guestbook.page() })));

  app.post("/", async (c) => {
    const form = await c.req.parseBody();
    const { entry, trouble } = readEntry(form);
    if (entry) {
      await guestbook.sign(entry);
      return c.redirect("/", 303);
    }
    const text = (value: unknown): string => (typeof value === "string" ? value : "");
    const view = homeView({
      settings,
      page: await guestbook.page(),
      trouble: trouble ?? "That did not work.",
      form: { name: text(form["name"]), message: text(form["message"]) },
    });
    return c.html(view, 422);
  });

  app.get("/about/", (c) => c.html(aboutView(settings)));
  app.get("/about", (c) => c.redirect("/about/", 308));

  app.get("/style.css", (c) => {
    c.header("content-type", "text/css; charset=utf-8");
    c.header("cache-control", "public, max-age=300");
    return c.body(style);
  });

  app.notFound((c) =>
    c.html(messageView(settings, "Not found", "This is not the page you were looking for."), 404),
  );

  app.onError((thrown, c) => {
    if (thrown instanceof HTTPException) {
      const title = thrown.status === 403 ? "Forbidden" : "That did not work";
      return c.html(messageView(settings, title, thrown.message || "The request was refused."), thrown.status);
    }
    log.error("request failed", { requestId: c.get("requestId"), error: describe(thrown) });
    return c.html(messageView(settings, "Something went wrong", "It was not you. Please try again."), 500);
  });

  return app;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
