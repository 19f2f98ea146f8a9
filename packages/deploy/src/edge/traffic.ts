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

// Summed up on the host: a busy minute of access log is more than a connection should carry.
const fields = `/"logger":"http.log.access/ {
  status = ""; seconds = ""
  if (match($0, /"status":[0-9]+/)) status = substr($0, RSTART + 9, RLENGTH - 9)
  if (match($0, /"duration":[0-9.e+-]+/)) seconds = substr($0, RSTART + 11, RLENGTH - 11)
  if (status != "") printf "%.3f %d\\n", seconds * 1000, (status >= 500)
}`;
const sums = `{ n++; took[n] = $1; failed += $2 }
  END { printf "%d %d %s %s\\n", n, failed, took[int((n - 1) * 0.5) + 1] + 0, took[int((n - 1) * 0.99) + 1] + 0 }`;

/** To find where a span of time begins, the engine would read all of the log, up to 50 MB: half a second of a core. */
const mostLines = 2_000;

/** Argv that prints requests, failed ones, p50 and p99 in milliseconds of the last `seconds`, by the newest 2,000 at most. */
export const trafficArgv = (seconds: number): readonly string[] =>
  shellScript(
    `${commandLine(docker.logs(edgeContainer, { sinceSeconds: seconds, tail: mostLines }))} 2>&1 | awk "$1" | sort -n | awk "$2"`,
    fields,
    sums,
  );

/** Traffic of the last `seconds`, by its newest 2,000 requests at most; none where the edge has no log. */
export async function trafficOf(host: Host, seconds: number): Promise<TrafficFigures> {
  const { stdout } = await host.run({ argv: trafficArgv(seconds) });
  const [requests, failed, p50, p99] = stdout.trim().split(/\s+/).map(Number);
  if (!Number.isFinite(requests)) return noTraffic;
  return { requests: requests ?? 0, failed: failed ?? 0, p50Milliseconds: p50 ?? 0, p99Milliseconds: p99 ?? 0 };
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
