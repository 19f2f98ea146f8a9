import { type Clock, type Http, TransportError } from "@doge/core";
import type { TrafficFigures } from "../edge/traffic.ts";

export interface ProbeFigures {
  readonly requests: number;
  readonly failed: number;
  readonly p50Milliseconds?: number;
  readonly p99Milliseconds?: number;
  readonly failures: readonly string[];
}

export const noProbe: ProbeFigures = { requests: 0, failed: 0, failures: [] };

/** Asks the site for a page again and again, as visitors do, without retries, until `stop`. */
export interface Prober {
  /** All so far. */
  visits(): readonly Visit[];
  stop(): Promise<ProbeFigures>;
}

export interface Visit {
  /** When it began. */
  readonly at: Date;
  readonly ok: boolean;
  readonly milliseconds: number;
  readonly problem?: string;
  readonly reason?: TransportError["reason"];
}

/** One visit. An answer below 500 counts as served. */
export async function visit(http: Http, clock: Clock, url: string): Promise<Visit> {
  const at = clock.now();
  const took = (): number => clock.now().getTime() - at.getTime();
  try {
    const { status } = await http.send({ method: "GET", url, redirect: "manual", timeoutMilliseconds: 10_000 });
    return status < 500
      ? { at, ok: true, milliseconds: took() }
      : { at, ok: false, milliseconds: took(), problem: `HTTP ${status}` };
  } catch (thrown) {
    if (!(thrown instanceof TransportError)) throw thrown;
    return { at, ok: false, milliseconds: took(), problem: thrown.message, reason: thrown.reason };
  }
}

export function startProber(http: Http, clock: Clock, url: string, pauseMilliseconds = 100): Prober {
  const visits: Visit[] = [];
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      visits.push(await visit(http, clock, url));
      await clock.sleep(pauseMilliseconds);
    }
  };
  const running = run();
  return {
    visits: () => visits,
    async stop() {
      stopping.abort();
      await running;
      return figures(visits);
    },
  };
}

export function figures(visits: readonly Visit[]): ProbeFigures {
  const times = visits.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const quantile = (part: number): number | undefined =>
    times[Math.min(times.length - 1, Math.floor(times.length * part))];
  const failures = visits.filter(({ ok }) => !ok);
  const p50 = quantile(0.5);
  const p99 = quantile(0.99);
  return {
    requests: visits.length,
    failed: failures.length,
    ...(p50 === undefined ? {} : { p50Milliseconds: p50 }),
    ...(p99 === undefined ? {} : { p99Milliseconds: p99 }),
    failures: failures.slice(0, 5).map(({ problem = "" }) => problem),
  };
}

/** Visits since a moment, in the terms in which the edge counts its requests. */
export function figuresSince(visits: readonly Visit[], moment: Date): TrafficFigures {
  const {
    requests,
    failed,
    p50Milliseconds = 0,
    p99Milliseconds = 0,
  } = figures(visits.filter(({ at }) => at >= moment));
  return { requests, failed, p50Milliseconds, p99Milliseconds };
}

/** Waits until the site answers under its public name. The last visit tells why it does not. */
export async function waitReachable(
  http: Http,
  clock: Clock,
  url: string,
  deadlineMilliseconds: number,
): Promise<Visit> {
  const end = clock.now().getTime() + deadlineMilliseconds;
  for (;;) {
    const last = await visit(http, clock, url);
    if (last.ok || clock.now().getTime() > end) return last;
    await clock.sleep(500);
  }
}
