import type { ReleaseRecord } from "@doge/deploy";
import { duration } from "../duration.ts";
import type { EnvironmentName } from "../workspaces/names.ts";

export interface DeployResult {
  readonly environment: EnvironmentName;
  readonly url: string;
  readonly release: number;
  readonly digest: string;
  readonly unchanged: boolean;
  /** Receipt and restore point, a line each, for people. */
  readonly lines: readonly string[];
  readonly record: ReleaseRecord;
}

/** What a deploy did and saw, as a terminal, a pull request and `--json` show it. */
export function deployResult(environment: EnvironmentName, record: ReleaseRecord): DeployResult {
  return {
    environment,
    url: record.url,
    release: record.number,
    digest: record.image.digest,
    unchanged: record.outcome === "unchanged",
    lines: receiptLines(record),
    record,
  };
}

export function receiptLines({
  image,
  receipt,
  migrations,
  restorePoint,
  reachable,
  allowed,
  takenBack,
}: ReleaseRecord): string[] {
  const { traffic, sent } = receipt;
  const visitors = traffic && traffic.after.requests > 0 ? traffic.after : undefined;
  return [
    ...(takenBack?.length ? ["rolled back: it stays until another commit is deployed"] : []),
    `image ${image.digest.slice(0, 19)}, commit ${image.commit.slice(0, 7)}, took ${duration(receipt.totalMilliseconds)}`,
    ...(sent ? [sentText(sent)] : []),
    ...(receipt.requests > 0
      ? [`the site meanwhile: ${receipt.requests} requests, ${receipt.failed} failed${latency(receipt)}`]
      : []),
    ...(receipt.switchMilliseconds === undefined ? [] : [`switched in ${duration(receipt.switchMilliseconds)}`]),
    ...(visitors
      ? [`real traffic since the switch: ${visitors.requests} requests, ${visitors.failed} failed${latency(visitors)}`]
      : []),
    ...(migrations.length > 0 ? [`migrated: ${migrations.join(", ")}`] : []),
    ...(restorePoint ? [`restore point: ${restorePoint.command}`] : []),
    ...(allowed ?? []).map(({ what, by }) => `${what} allowed by ${by}`),
    ...(reachable ? [] : ["not reachable under its public name yet: DNS may still point elsewhere"]),
    ...(receipt.steps.length > 0 ? [`steps: ${stepsText(receipt.steps)}`] : []),
  ];
}

const sentText = ({ bytes, blobs, present }: NonNullable<ReleaseRecord["receipt"]["sent"]>): string =>
  blobs === 0
    ? "sent over SSH: nothing, the droplet had it"
    : `sent over SSH: ${blobs} of ${blobs + present} parts, ${size(bytes)}`;

const size = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

const latency = (seen: { readonly p50Milliseconds?: number; readonly p99Milliseconds?: number }): string =>
  seen.p99Milliseconds === undefined
    ? ""
    : `, p50 ${Math.round(seen.p50Milliseconds ?? 0)} ms, p99 ${Math.round(seen.p99Milliseconds)} ms`;

const stepsText = (steps: ReleaseRecord["receipt"]["steps"]): string =>
  steps.map(({ step, milliseconds }) => `${step} ${duration(milliseconds)}`).join(", ");
