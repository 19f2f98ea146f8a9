import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Services } from "../services.ts";
import type { Env, PageContext } from "./context.ts";
import { messagePage } from "./page.ts";

function texts(c: PageContext, status: number): readonly [title: string, text: string] {
  const t = c.get("t");
  switch (status) {
    case 400:
      return [t("Bad Request"), t("The request was not understood.")];
    case 403:
      return [t("Forbidden (403)"), t("You're not allowed to access this page.")];
    case 404:
      return [t("Page not found"), t("This is not the page you were looking for.")];
    case 413:
      return [t("Too large"), t("What you sent is too large.")];
    case 429:
      return [t("Too Many Requests"), t("Too many requests. Please try again later.")];
    default:
      return [t("Ooops!!! 500"), t("Looks like something went wrong! We track these errors automatically, but if the problem persists feel free to contact us.")];
  }
}

// {{#if api}}
/** A page for people; JSON below `/api/`. */
// {{/if}}
export function errorAnswer(c: PageContext, status: 400 | 403 | 404 | 413 | 429 | 500): Response | Promise<Response> {
  const [title, text] = texts(c, status);
  // {{#if api}}
  if (c.req.path.startsWith("/api/")) return c.json({ error: text }, status);
  // {{/if}}
  return c.html(messagePage(c, title, text), status);
}

export const onError =
  ({ errors }: Services) =>
  (thrown: Error, c: PageContext): Response | Promise<Response> => {
    if (thrown instanceof HTTPException && thrown.status < 500) {
      const known = ([400, 403, 404, 413, 429] as const).find((status) => status === thrown.status);
      return errorAnswer(c, known ?? 400);
    }
    errors.report("request failed", thrown, { requestId: c.get("requestId"), method: c.req.method, path: c.req.path });
    return errorAnswer(c, 500);
  };

/** In development: each error page by its number. */
export const errorPages = (): Hono<Env> =>
  new Hono<Env>().get("/:status{400|403|404|500}/", (c) => errorAnswer(c, Number(c.req.param("status")) as 400 | 403 | 404 | 500));
