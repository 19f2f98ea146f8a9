/** The part of Caddy's native configuration that the stand-in serves. Anything else is refused, as Caddy refuses what it does not know. */

export interface Handler {
  readonly handler: string;
  readonly [setting: string]: unknown;
}

export interface Route {
  /** Any of them must match; none means always. */
  readonly match: readonly { readonly host?: readonly string[]; readonly path?: readonly string[] }[];
  readonly handle: readonly Handler[];
  readonly terminal: boolean;
}

export interface EdgeServer {
  readonly name: string;
  readonly ports: readonly number[];
  readonly routes: readonly Route[];
  readonly errorRoutes: readonly Route[];
  readonly accessLog: boolean;
  /** `automatic_https` is not disabled. */
  readonly automaticHttps: boolean;
}

export interface EdgeConfiguration {
  readonly adminPort: number;
  readonly servers: readonly EdgeServer[];
  /** Names that need a certificate. */
  readonly subjects: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;
const handlers = new Set(["reverse_proxy", "static_response", "headers", "encode", "subroute"]);

const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Throws an Error in Caddy's manner for what it does not know. */
export function readConfiguration(raw: unknown): EdgeConfiguration {
  const apps = object(object(raw)["apps"]);
  for (const app of Object.keys(apps)) if (app !== "http" && app !== "tls") refuse(`unknown app: ${app}`);
  const servers = Object.entries(object(object(apps["http"])["servers"])).map(([name, server]) =>
    readServer(name, object(server)),
  );
  const policies = list(object(object(apps["tls"])["automation"])["policies"]);
  const named = policies.flatMap((policy) => list(object(policy)["subjects"]).map(String));
  // As Caddy's automatic HTTPS: every host of a route on a TLS port gets a certificate.
  const matched = servers
    .filter((server) => server.automaticHttps && server.ports.some((port) => port !== 80))
    .flatMap((server) => server.routes.flatMap((route) => route.match.flatMap((m) => m.host ?? [])));
  const { listen = "localhost:2019" } = object(object(raw)["admin"]) as { readonly listen?: string };
  return { adminPort: portOf(listen), servers, subjects: [...new Set([...named, ...matched])] };
}

function readServer(name: string, server: Json): EdgeServer {
  return {
    name,
    ports: list(server["listen"]).map((address) => portOf(String(address))),
    routes: list(server["routes"]).map((route) => readRoute(object(route))),
    errorRoutes: list(object(server["errors"])["routes"]).map((route) => readRoute(object(route))),
    accessLog: server["logs"] !== undefined,
    automaticHttps: object(server["automatic_https"])["disable"] !== true,
  };
}

function readRoute(route: Json): Route {
  const match = list(route["match"]).map((m) => {
    const matcher = object(m);
    for (const key of Object.keys(matcher))
      if (key !== "host" && key !== "path") refuse(`module not registered: http.matchers.${key}`);
    return {
      ...(matcher["host"] ? { host: list(matcher["host"]).map(String) } : {}),
      ...(matcher["path"] ? { path: list(matcher["path"]).map(String) } : {}),
    };
  });
  const handle = list(route["handle"]).map((h) => {
    const handler = object(h) as Handler;
    if (!handlers.has(handler.handler)) refuse(`module not registered: http.handlers.${handler.handler}`);
    return handler;
  });
  return { match, handle, terminal: route["terminal"] === true };
}

function portOf(address: string): number {
  const port = Number(/:(\d+)$/.exec(address)?.[1]);
  return Number.isInteger(port) ? port : refuse(`parsing listener address '${address}': missing port`);
}

/** Every handler of some routes, those of their subroutes too. */
export const handlersOf = (routes: readonly Route[]): readonly Handler[] =>
  routes.flatMap(({ handle }) =>
    handle.flatMap((handler) =>
      handler.handler === "subroute"
        ? [handler, ...handlersOf([...subroutesOf(handler), ...subroutesOf(object(handler["errors"]))])]
        : [handler],
    ),
  );

/** What a `subroute`, or its `errors`, leads to. */
export const subroutesOf = (handler: Json): readonly Route[] =>
  list(handler["routes"]).map((route) => readRoute(object(route)));

/** Routes that answer a request, in order; a terminal one is the last. */
export function matchingRoutes(routes: readonly Route[], host: string, path: string): readonly Route[] {
  const found: Route[] = [];
  for (const route of routes) {
    const matches =
      route.match.length === 0 ||
      route.match.some(
        (m) => (!m.host || m.host.some((h) => sameHost(h, host))) && (!m.path || m.path.some((p) => samePath(p, path))),
      );
    if (!matches) continue;
    found.push(route);
    if (route.terminal) break;
  }
  return found;
}

const sameHost = (pattern: string, host: string): boolean =>
  pattern.startsWith("*.")
    ? host.slice(host.indexOf(".")) === pattern.slice(1)
    : pattern.toLowerCase() === host.toLowerCase();

const samePath = (pattern: string, path: string): boolean =>
  pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;

const refuse = (message: string): never => {
  throw new Error(`loading config: ${message}`);
};

/** Caddy's durations: `250ms`, `5s`, `1m30s`; nanoseconds where it is a number. In milliseconds. */
export function milliseconds(value: unknown, fallback: number): number {
  if (typeof value === "number") return value / 1e6;
  if (typeof value !== "string") return fallback;
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/([\d.]+)(ms|s|m|h)/g))
    total += Number(amount) * (units[unit as string] ?? 0);
  return total;
}
