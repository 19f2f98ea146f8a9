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
  /** A healthy upstream with the fewest requests in flight, not one of `tried` if there is another. */
  choose(tried: ReadonlySet<Upstream>): Upstream | undefined;
  stop(): void;
}

interface Settings {
  readonly upstreams?: readonly { readonly dial: string }[];
  readonly transport?: {
    readonly dial_timeout?: string;
    readonly keep_alive?: { readonly idle_timeout?: string; readonly max_idle_conns_per_host?: number };
  };
  readonly load_balancing?: { readonly try_duration?: string; readonly try_interval?: string };
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
    choose(tried) {
      const healthy = upstreams.filter((u) => u.healthy);
      const fresh = healthy.filter((u) => !tried.has(u));
      return (fresh.length > 0 ? fresh : healthy).reduce<Upstream | undefined>(
        (best, u) => (best && best.inFlight <= u.inFlight ? best : u),
        undefined,
      );
    },
    stop() {
      for (const timer of timers) clearInterval(timer);
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
