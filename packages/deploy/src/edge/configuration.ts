import { againWhere, hold, maintenancePage, releasedServer } from "./maintenance.ts";

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
  /**
   * Everyone gets this page, with status 503, instead of the app; with `holdSeconds` only who has waited that long: a
   * request waits, its body unread, until another configuration is loaded.
   */
  readonly maintenance?: { readonly message: string; readonly holdSeconds?: number };
  /**
   * For the moment in which a hold ends: the slot that serves those whom the configuration before held. It alone, because
   * an upstream counts as healthy until it has been asked, and a form can't be sent again after it was not taken.
   */
  readonly releasedTo?: Slot;
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
          ...(settings.releasedTo
            ? { released: releasedServer(appProxy(domain, settings, [settings.releasedTo])) }
            : {}),
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
    ...siteHandlers(domain, settings),
  ],
  terminal: true,
});

function siteHandlers(domain: string, settings: EdgeSettings): readonly object[] {
  const { maintenance } = settings;
  if (maintenance && maintenance.holdSeconds === undefined) return [maintenancePage(maintenance.message)];
  const encode = { handler: "encode", encodings: { zstd: {}, gzip: {} }, prefer: ["zstd", "gzip"] };
  if (maintenance) return [encode, hold(maintenance.holdSeconds ?? 0, maintenancePage(maintenance.message))];
  return [encode, { "@id": "app", ...appProxy(domain, settings) }];
}

const appProxy = (domain: string, settings: EdgeSettings, among: readonly Slot[] = slots): object => ({
  handler: "reverse_proxy",
  upstreams: among.map((slot) => ({ dial: `${slotName(slot)}:${settings.port}` })),
  transport: {
    protocol: "http",
    dial_timeout: "2s",
    keep_alive: { enabled: true, idle_timeout: "30s", max_idle_conns_per_host: 64 },
  },
  load_balancing: {
    selection_policy: { policy: "least_conn" },
    try_duration: "5s",
    try_interval: "50ms",
    retry_match: againWhere,
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
});

const unavailable = {
  handler: "static_response",
  status_code: "{http.error.status_code}",
  headers: { "Content-Type": ["text/plain; charset=utf-8"], "Retry-After": ["5"], "Cache-Control": ["no-store"] },
  body: "The site is not available right now. Please try again in a moment.\n",
};

/** The text of the configuration file on the droplet. */
export const edgeFile = (settings: EdgeSettings): string => `${JSON.stringify(edgeConfiguration(settings), null, 2)}\n`;
