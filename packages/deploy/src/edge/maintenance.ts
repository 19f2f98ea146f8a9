/** Where, in the edge's own container, those are served whom a hold let go. */
const releasedPort = 4300;

/**
 * What may be tried again: a GET, and any request for which no upstream has been chosen yet, so that nothing of it was
 * sent. (Caddy 2.6 would answer a POST at once where no release is healthy for an instant; later ones wait by themselves.)
 */
export const againWhere: readonly object[] = [
  { method: ["GET"] },
  { not: [{ vars_regexp: { "{http.reverse_proxy.upstream.hostport}": { pattern: ":" } } }] },
];

/**
 * Lets a request wait, its body unread at the visitor, so that it may have any size: there is no upstream to choose. When
 * another configuration is loaded, Caddy ends the wait, and the request goes to the server of those who were released,
 * which only that configuration has; where there is none, because the time is over, the visitor gets `page`.
 */
export const hold = (seconds: number, page: object): object => ({
  handler: "subroute",
  routes: [
    {
      handle: [
        {
          handler: "reverse_proxy",
          upstreams: [],
          load_balancing: { try_duration: `${seconds}s`, try_interval: "250ms", retry_match: againWhere },
        },
      ],
    },
  ],
  errors: {
    routes: [
      {
        handle: [
          {
            handler: "subroute",
            routes: [{ handle: [{ handler: "reverse_proxy", upstreams: [{ dial: `127.0.0.1:${releasedPort}` }] }] }],
            errors: { routes: [{ handle: [page] }] },
          },
        ],
      },
    ],
  },
});

/** Passes on what the visitor's own connection told, not this one's. */
export const releasedServer = (app: object): object => ({
  listen: [`127.0.0.1:${releasedPort}`],
  automatic_https: { disable: true },
  routes: [{ handle: [{ ...app, headers: { request: { set: asReceived } } }] }],
});

const asReceived = Object.fromEntries(
  ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"].map((name) => [name, [`{http.request.header.${name}}`]]),
);

/** No cache keeps it, and crawlers come again later. */
export const maintenancePage = (message: string): object => ({
  handler: "static_response",
  status_code: 503,
  headers: {
    "Content-Type": ["text/html; charset=utf-8"],
    "Retry-After": ["120"],
    "Cache-Control": ["no-store"],
  },
  body: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Maintenance</title>
<style>body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 32rem; padding: 0 1rem }</style>
<h1>Back soon</h1>
<p>${escapeHtml(message)}</p>
`,
});

/** Braces too: to Caddy they are placeholders. */
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"'{}]/g, (character) => `&#${character.codePointAt(0)};`);
