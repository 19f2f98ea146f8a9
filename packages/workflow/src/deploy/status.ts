import type { Diagnostic } from "@doge/core";
import { type Host, type Inspection, inspectEnvironment } from "@doge/deploy";
import type { Project } from "../project.ts";
import { type EnvironmentName, hostsOf } from "../workspaces/names.ts";
import { dropletOf } from "./connect.ts";

export interface EnvironmentStatus {
  readonly environment: EnvironmentName;
  readonly url: string;
  /** For people, a line each. */
  readonly lines: readonly string[];
  readonly inspection: Inspection;
  /** What is wrong, each with its remedy. */
  readonly findings: readonly Diagnostic[];
}

/** How an environment is: what runs, since when, whose, healthy or not, certificate, disk, backups, drift. */
export async function environmentStatus(
  project: Project,
  host: Host,
  environment: EnvironmentName,
): Promise<EnvironmentStatus> {
  const { config, machine } = project;
  const { address } = await dropletOf(project, environment);
  const inspection = await inspectEnvironment({
    host,
    clock: machine.clock,
    project: config.slug,
    dns: { names: machine.names, address },
    staleHours: config.backups.staleHours,
  });
  return {
    environment,
    url: `https://${hostsOf(environment, config.domain)[0]}`,
    inspection,
    findings: inspection.findings,
    lines: describe(inspection, machine.clock.now()),
  };
}

function backupText(backup: Inspection["backup"]): string {
  if (!backup) return "no scheduled backup yet";
  const at = minuteOf(backup.at);
  return backup.ok ? `backup of ${at}, ${backup.backup?.rows ?? 0} rows, proven` : `the backup of ${at} failed`;
}

/** `2026-11-25 03:17 UTC`. */
const minuteOf = (iso: string): string => `${iso.slice(0, 16).replace("T", " ")} UTC`;

function describe(
  { status, host, certificate, backup, lease, maintenance, store }: Inspection,
  now: Date,
): readonly string[] {
  const { current, pending, slots } = status;
  if (!current) return ["nothing is deployed yet"];
  const live = slots.find(({ slot }) => slot === current.slot);
  const health = live?.container?.running ? (live.ready ? "ready" : "running, not ready") : "not running";
  const days = certificate && Math.floor((certificate.notAfter.getTime() - now.getTime()) / 86_400_000);
  const free = host.diskFreeKilobytes;
  return [
    `release ${current.number} (${current.slot}), ${health}, since ${minuteOf(current.finishedAt)}, by ${current.owner}`,
    `image ${current.image.digest.slice(0, 19)}, commit ${current.image.commit.slice(0, 7)}`,
    ...(pending
      ? [
          `release ${pending.number} is on its way since ${minuteOf(pending.startedAt)} (${pending.phase}), by ${pending.owner}`,
        ]
      : []),
    ...(store ? [`${store.images} images on the droplet, ${(store.kilobytes / 1024).toFixed(1)} MB: no registry`] : []),
    ...(maintenance
      ? [
          maintenance.holdSeconds === undefined
            ? `maintenance page since ${minuteOf(maintenance.since)}, by ${maintenance.by}: ${maintenance.message}`
            : `maintenance since ${minuteOf(maintenance.since)}, by ${maintenance.by}: requests wait ${maintenance.holdSeconds} s, then read: ${maintenance.message}`,
        ]
      : []),
    ...(lease.alive ? [`${lease.holder?.owner ?? "someone"} is at work: ${lease.holder?.purpose ?? "unknown"}`] : []),
    [
      ...(days === undefined ? [] : [`certificate for ${days} days`]),
      ...(free === undefined ? [] : [`${(free / 1024 / 1024).toFixed(1)} GB of disk free`]),
      backupText(backup),
    ].join(", "),
  ];
}
