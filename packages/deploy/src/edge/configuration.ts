export const slots = ["blue", "green"] as const;
export type Slot = (typeof slots)[number];

/** The name under which the edge reaches a slot: an alias of that release alone, never shared. */
export const slotName = (slot: Slot): string => `app-${slot}`;
export const otherSlot = (slot: Slot): Slot => (slot === "blue" ? "green" : "blue");

export interface EdgeSettings {
  /** The first one serves the site, the others redirect to it. */
  readonly domains: readonly [string, ...string[]];
  /** Port of the app in its container. */
  readonly port: number;
  /** Path that answers 200 when a release may get requests. */
  readonly readyPath: string;
  /** For the certificate authority: it writes before a certificate runs out. */
  readonly email?: string;
  /** ACME directory; Let's Encrypt unless told. */
  readonly acmeDirectory?: string;
  /** Everyone gets this page, with status 503, instead of the app. */
  readonly maintenance?: { readonly message: string };
  /** Seconds of HSTS; a year unless told. */
  readonly hstsSeconds?: number;
}

/** Port of Caddy's admin API, published to the droplet's own 127.0.0.1 only. */
export const adminPort = 2019;

/**
 * Caddy's native configuration. Both slots are always there and health decides who gets requests: a
 * release is switched without a change of configuration, because every change closes idle connections.
 */
export function edgeConfiguration(settings: EdgeSettings): object {
  const [domain, ...aliases] = settings.domains;
  return {
    admin: { listen: `0.0.0.0:${adminPort}` },
    logging: {
      logs: {
        default: { level: "WARN", encoder: { format: "json" }, exclude: ["http.log.access.access"] },
        access: {
          writer: { output: "stdout" },
          encoder: { format: "json" },
          level: "INFO",
          include: ["http.log.access.access"],
        },
      },
    },
    apps: {
      http: {
        servers: {
          edge: {
            listen: [":443"],
            logs: { default_logger_name: "access" },
            routes: [...(aliases.length > 0 ? [redirectRoute(aliases, domain)] : []), siteRoute(domain, settings)],
            errors: { routes: [{ handle: [unavailable] }] },
          },
        },
      },
      tls: {
        automation: {
          policies: [
            {
              subjects: [...settings.domains],
              issuers: [
                {
                  module: "acme",
                  ...(settings.acmeDirectory ? { ca: settings.acmeDirectory } : {}),
                  ...(settings.email ? { email: settings.email } : {}),
                },
              ],
            },
          ],
        },
      },
    },
  };
}

const redirectRoute = (from: readonly string[], to: string): object => ({
  match: [{ host: [...from] }],
  handle: [
    {
      handler: "static_response",
      status_code: 308,
      headers: { Location: [`https://${to}{http.request.uri}`] },
    },
  ],
  terminal: true,
});

const siteRoute = (domain: string, settings: EdgeSettings): object => ({
  match: [{ host: [domain] }],
  handle: [
    {
      handler: "headers",
      response: {
        deferred: true,
        set: { "Strict-Transport-Security": [`max-age=${settings.hstsSeconds ?? 31_536_000}`] },
        delete: ["Server"],
      },
    },
    ...(settings.maintenance ? [maintenancePage(settings.maintenance.message)] : appHandlers(domain, settings)),
  ],
  terminal: true,
});

const appHandlers = (domain: string, settings: EdgeSettings): readonly object[] => [
  { handler: "encode", encodings: { zstd: {}, gzip: {} }, prefer: ["zstd", "gzip"] },
  {
    "@id": "app",
    handler: "reverse_proxy",
    upstreams: slots.map((slot) => ({ dial: `${slotName(slot)}:${settings.port}` })),
    transport: {
      protocol: "http",
      dial_timeout: "2s",
      keep_alive: { enabled: true, idle_timeout: "30s", max_idle_conns_per_host: 64 },
    },
    load_balancing: {
      selection_policy: { policy: "least_conn" },
      try_duration: "5s",
      try_interval: "50ms",
    },
    // Under the site's own name: an app may answer to no other, or redirect what is not over TLS.
    health_checks: {
      active: {
        uri: settings.readyPath,
        interval: "250ms",
        // A host that is far too busy must not look like one without a healthy release.
        timeout: "3s",
        headers: { Host: [domain], "X-Forwarded-Proto": ["https"], "X-Forwarded-Host": [domain] },
      },
    },
  },
];

/** No cache keeps it, and crawlers come again later. */
const maintenancePage = (message: string): object => ({
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

const unavailable = {
  handler: "static_response",
  status_code: "{http.error.status_code}",
  headers: { "Content-Type": ["text/plain; charset=utf-8"], "Retry-After": ["5"], "Cache-Control": ["no-store"] },
  body: "The site is not available right now. Please try again in a moment.\n",
};

/** The text of the configuration file on the droplet. */
export const edgeFile = (settings: EdgeSettings): string => `${JSON.stringify(edgeConfiguration(settings), null, 2)}\n`;
