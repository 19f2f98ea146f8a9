import { Agent, request } from "node:http";
import type { EdgeOptions } from "../ports.ts";
import { type Handler, milliseconds } from "./configuration.ts";

export interface Upstream {
  /** `app-blue:3000` */
  readonly dial: string;
  readonly name: string;
  readonly port: number;
  healthy: boolean;
  inFlight: number;
}

/** The upstreams of one `reverse_proxy`: who is healthy, who has the fewest requests. */
export interface Pool {
  readonly upstreams: readonly Upstream[];
  readonly agent: Agent;
  readonly tryMilliseconds: number;
  readonly tryEveryMilliseconds: number;
  readonly dialMilliseconds: number;
  /** Request headers that are set anew; values may be placeholders of request headers. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** Aborted when another configuration takes over: nobody waits for an upstream any more. */
  readonly ended: AbortSignal;
  /** A healthy upstream with the fewest requests in flight, not one of `tried` if there is another. */
  choose(tried: ReadonlySet<Upstream>): Upstream | undefined;
  /** Ends health checks and waiting; what was sent goes on. */
  end(): void;
  stop(): void;
}

interface Settings {
  readonly upstreams?: readonly { readonly dial: string }[];
  readonly transport?: {
    readonly dial_timeout?: string;
    readonly keep_alive?: { readonly idle_timeout?: string; readonly max_idle_conns_per_host?: number };
  };
  readonly load_balancing?: { readonly try_duration?: string; readonly try_interval?: string };
  readonly headers?: { readonly request?: { readonly set?: Readonly<Record<string, readonly string[]>> } };
  readonly health_checks?: {
    readonly active?: {
      readonly uri?: string;
      readonly path?: string;
      readonly interval?: string;
      readonly timeout?: string;
      readonly headers?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

export function createPool(handler: Handler, dial: EdgeOptions["dial"], log: (entry: object) => void): Pool {
  const settings = handler as unknown as Settings;
  const active = settings.health_checks?.active;
  const upstreams: Upstream[] = (settings.upstreams ?? []).map((u) => {
    const [name, port] = u.dial.split(":") as [string, string];
    // As in Caddy: healthy until a check says otherwise, and the first check runs at once.
    return { dial: u.dial, name, port: Number(port), healthy: true, inFlight: 0 };
  });
  const agent = new Agent({
    keepAlive: true,
    maxFreeSockets: settings.transport?.keep_alive?.max_idle_conns_per_host ?? 32,
    timeout: milliseconds(settings.transport?.keep_alive?.idle_timeout, 120_000),
  });

  async function check(upstream: Upstream): Promise<void> {
    const timeout = milliseconds(active?.timeout, 5_000);
    const healthy = await probe(dial(upstream.name, upstream.port), active?.uri ?? active?.path ?? "/", {
      timeout,
      headers: Object.fromEntries(Object.entries(active?.headers ?? {}).map(([name, [value = ""]]) => [name, value])),
    });
    if (healthy !== upstream.healthy) {
      log({
        level: healthy ? "info" : "warn",
        logger: "http.handlers.reverse_proxy.health_checker.active",
        msg: healthy ? "host is up" : "host is down",
        host: upstream.dial,
      });
    }
    upstream.healthy = healthy;
  }

  const ending = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  if (active) {
    const interval = milliseconds(active.interval, 30_000);
    for (const upstream of upstreams) {
      let busy = false;
      const turn = async (): Promise<void> => {
        if (busy) return;
        busy = true;
        await check(upstream);
        busy = false;
      };
      void turn();
      timers.push(setInterval(() => void turn(), interval));
    }
  }

  return {
    upstreams,
    agent,
    tryMilliseconds: milliseconds(settings.load_balancing?.try_duration, 0),
    tryEveryMilliseconds: milliseconds(settings.load_balancing?.try_interval, 250),
    dialMilliseconds: milliseconds(settings.transport?.dial_timeout, 3_000),
    requestHeaders: Object.fromEntries(
      Object.entries(settings.headers?.request?.set ?? {}).map(([name, [value = ""]]) => [name.toLowerCase(), value]),
    ),
    ended: ending.signal,
    choose(tried) {
      const healthy = upstreams.filter((u) => u.healthy);
      const fresh = healthy.filter((u) => !tried.has(u));
      return (fresh.length > 0 ? fresh : healthy).reduce<Upstream | undefined>(
        (best, u) => (best && best.inFlight <= u.inFlight ? best : u),
        undefined,
      );
    },
    end() {
      for (const timer of timers.splice(0)) clearInterval(timer);
      ending.abort();
    },
    stop() {
      this.end();
      agent.destroy();
    },
  };
}

function probe(
  target: { readonly host: string; readonly port: number } | undefined,
  path: string,
  { timeout, headers }: { readonly timeout: number; readonly headers: Readonly<Record<string, string>> },
): Promise<boolean> {
  if (!target) return Promise.resolve(false);
  return new Promise((resolve) => {
    const check = request({ ...target, path, headers, agent: false, timeout }, (answer) => {
      answer.resume();
      resolve((answer.statusCode ?? 0) >= 200 && (answer.statusCode ?? 0) < 300);
    });
    check.on("timeout", () => check.destroy(new Error("timeout")));
    check.on("error", () => resolve(false));
    check.end();
  });
}
