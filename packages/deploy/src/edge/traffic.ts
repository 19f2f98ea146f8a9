import { commandLine, shellScript } from "../host/quote.ts";
import type { Host } from "../host/host.ts";
import { docker } from "../containers/docker.ts";

/** Requests as the edge's access log tells of them. */
export interface TrafficFigures {
  readonly requests: number;
  /** Answered with 500 or above. */
  readonly failed: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
}

export const noTraffic: TrafficFigures = { requests: 0, failed: 0, p50Milliseconds: 0, p99Milliseconds: 0 };

/** The edge's container, as compose names it. */
export const edgeContainer = "services-caddy-1";

/** Where a look begins: a span before now by the host's clock, or the newest line of the look before. */
export type Since = { readonly seconds: number } | { readonly line: string };

interface Request {
  readonly milliseconds: number;
  readonly failed: boolean;
}

/** To find where a span of time begins, the engine would read all of the log, up to 50 MB: half a second of a core. */
const mostLines = 2_000;

// Two numbers for each request, and the time of the newest line: a busy log is more than a connection should carry.
const fields = `/^[0-9]+-[0-9]+-[0-9]+T/ { newest = $1 }
/"logger":"http.log.access/ && $1 > since {
  status = ""; seconds = ""
  if (match($0, /"status":[0-9]+/)) status = substr($0, RSTART + 9, RLENGTH - 9)
  if (match($0, /"duration":[0-9.e+-]+/)) seconds = substr($0, RSTART + 11, RLENGTH - 11)
  if (status != "") printf "%.3f %d\\n", seconds * 1000, (status >= 500)
}
END { if (newest != "") print "newest " newest }`;

/** Argv that prints milliseconds and failure (0 or 1) of each request, of the newest 2,000 lines at most, and the newest line's time. */
export function trafficArgv(since: Since): readonly string[] {
  const from = "line" in since ? { since: since.line } : { sinceSeconds: since.seconds };
  const logs = commandLine(docker.logs(edgeContainer, { ...from, tail: mostLines, timestamps: true }));
  return shellScript(`${logs} 2>&1 | awk -v since="$2" "$1"`, fields, "line" in since ? since.line : "");
}

/**
 * Traffic from a moment on, by its newest 2,000 requests at most: a soak may last an hour. A look reads only what is new;
 * no traffic where the edge has no log. `secondsAgo` tells how long ago the moment is by now.
 */
export function watchTraffic(host: Pick<Host, "run">, secondsAgo: () => number): { look(): Promise<TrafficFigures> } {
  let since: Since | undefined;
  const requests: Request[] = [];
  return {
    async look() {
      const { stdout } = await host.run({ argv: trafficArgv(since ?? { seconds: secondsAgo() }) });
      for (const line of stdout.split("\n")) {
        const [first = "", second] = line.split(" ");
        if (first === "newest" && second !== undefined) since = { line: second };
        else if (second !== undefined) requests.push({ milliseconds: Number(first), failed: second === "1" });
      }
      requests.splice(0, requests.length - mostLines);
      return figuresOf(requests);
    },
  };
}

/** Traffic of the last `seconds`, by its newest 2,000 requests at most; none where the edge has no log. */
export const trafficOf = (host: Host, seconds: number): Promise<TrafficFigures> =>
  watchTraffic(host, () => seconds).look();

function figuresOf(requests: readonly Request[]): TrafficFigures {
  const times = requests.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const quantile = (part: number): number => times[Math.floor((times.length - 1) * part)] ?? 0;
  return {
    requests: requests.length,
    failed: requests.filter(({ failed }) => failed).length,
    p50Milliseconds: quantile(0.5),
    p99Milliseconds: quantile(0.99),
  };
}

/**
 * Why traffic is worse than it was, or undefined. Pure. Single failures happen; a release is worse where
 * several requests fail and twice the share of before, or where the typical request takes three times as long.
 */
export function worsened(before: TrafficFigures, after: TrafficFigures): string | undefined {
  const share = ({ requests, failed }: TrafficFigures): number => (requests === 0 ? 0 : failed / requests);
  if (after.failed >= 3 && share(after) > 2 * share(before) && share(after) - share(before) > 0.01) {
    const then = before.requests > 0 ? `, ${before.failed} of ${before.requests} before` : "";
    return `${after.failed} of ${after.requests} requests failed${then}`;
  }
  const measured = before.requests >= 20 && after.requests >= 20;
  const slower = (key: "p50Milliseconds" | "p99Milliseconds", times: number, atLeast: number): boolean =>
    after[key] > times * before[key] && after[key] - before[key] > atLeast;
  if (measured && slower("p50Milliseconds", 3, 300)) {
    return `half of the requests took over ${Math.round(after.p50Milliseconds)} ms, ${Math.round(before.p50Milliseconds)} ms before`;
  }
  if (measured && slower("p99Milliseconds", 5, 3_000)) {
    return `the slowest of a hundred requests took ${Math.round(after.p99Milliseconds)} ms, ${Math.round(before.p99Milliseconds)} ms before`;
  }
  return undefined;
}
