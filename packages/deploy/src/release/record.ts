import type { Deploying } from "./deploying.ts";
import type { PendingRelease, ReleaseReceipt, ReleaseRecord } from "./model.ts";
import { type ProbeFigures, waitReachable } from "./probe.ts";

/** The record of a deploy that had nothing to do. */
export async function unchanged(deploying: Deploying, current: ReleaseRecord): Promise<ReleaseRecord> {
  const { walk, options, clock, url, startedAt } = deploying;
  const seen = await walk.step("health", () => waitReachable(options.http, clock, url, 15_000));
  const receipt = {
    requests: 1,
    failed: seen.ok ? 0 : 1,
    failures: seen.problem ? [seen.problem] : [],
    totalMilliseconds: clock.now().getTime() - startedAt.getTime(),
    steps: walk.timings,
  };
  return { ...current, outcome: "unchanged", reachable: seen.ok, receipt };
}

export function recordOf(
  { options, clock, startedAt, walk, url }: Deploying,
  pending: PendingRelease,
  outcome: ReleaseRecord["outcome"],
  current: ReleaseRecord | undefined,
  probe: ProbeFigures,
  extra: { readonly reachable?: boolean } & Pick<ReleaseReceipt, "switchMilliseconds" | "traffic">,
): ReleaseRecord {
  const { number, slot, image, settings, fingerprint, migrations, takenBack, restorePoint, allowed, sent } = pending;
  const { reachable = true, ...seen } = extra;
  const finished = clock.now();
  return {
    number,
    project: options.target.project,
    environment: options.target.environment,
    slot,
    image,
    settings,
    fingerprint,
    outcome,
    ...(current ? { replaces: current.number } : {}),
    ...(takenBack ? { takenBack } : {}),
    startedAt: pending.startedAt,
    finishedAt: finished.toISOString(),
    owner: pending.owner,
    ...(options.runUrl ? { runUrl: options.runUrl } : {}),
    url,
    reachable,
    migrations,
    ...(restorePoint ? { restorePoint } : {}),
    ...(allowed && allowed.length > 0 ? { allowed } : {}),
    receipt: {
      ...probe,
      ...seen,
      ...(sent ? { sent } : {}),
      totalMilliseconds: finished.getTime() - startedAt.getTime(),
      steps: [...walk.timings],
    },
  };
}
