import { type Clock, type Diagnostic, error, warning } from "@doge/core";
import { backupStatus, type BackupStatus } from "../database/backup.ts";
import { certificateOf, type EdgeCertificate } from "../edge/certificate.ts";
import { slotName } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import { leaseStatus, type LeaseStatus } from "../lease/lease.ts";
import { storeSize, type StoreSize } from "../registry/prune.ts";
import { engineName, isSent } from "../registry/sent.ts";
import { checkPublic, type HostFacts, hostFactsArgv, judgeHost, readFacts } from "./check-host.ts";
import { layoutOn } from "./layout.ts";
import { type Maintenance, maintenanceOn } from "./maintenance.ts";
import type { DeployOptions } from "./model.ts";
import { releaseStatus, type ReleaseStatus } from "./operate.ts";

/** Everything that is to be seen of an environment, and what is wrong with it. */
export interface Inspection {
  readonly status: ReleaseStatus;
  readonly host: HostFacts;
  readonly certificate: EdgeCertificate | undefined;
  readonly backup: BackupStatus | undefined;
  readonly lease: LeaseStatus;
  readonly maintenance: Maintenance | undefined;
  /** What is kept of images that were sent to the droplet; undefined where a registry has them. */
  readonly store: StoreSize | undefined;
  readonly findings: readonly Diagnostic[];
}

/** Looks at an environment from its own host. Changes nothing, needs no lease. */
export async function inspectEnvironment(options: {
  readonly host: Host;
  readonly clock: Clock;
  readonly project: string;
  readonly dns?: DeployOptions["dns"];
  /** Older backups are stale. */
  readonly staleHours: number;
}): Promise<Inspection> {
  const { host, clock, project, dns, staleHours } = options;
  const layout = await layoutOn(host, project);
  const asked = clock.now();
  const [status, facts, backup, lease, maintenance] = await Promise.all([
    releaseStatus(host, project),
    host.run({ argv: hostFactsArgv(layout.root) }).then(({ stdout }) => readFacts(stdout)),
    backupStatus(host, layout),
    leaseStatus(host, layout.lease),
    maintenanceOn(host, layout),
  ]);
  const domains = status.current?.settings.domains ?? [];
  const isWithoutRegistry = isSent(status.current?.image.reference ?? "");
  const [publicly, certificate, store] = await Promise.all([
    domains.length > 0 ? checkPublic(host, clock, domains, dns) : [],
    domains[0] === undefined ? undefined : certificateOf(host, domains[0]),
    isWithoutRegistry ? storeSize(host, layout.images) : undefined,
  ]);
  const findings = [
    ...judgeHost(facts, host.name, asked.getTime() / 1_000),
    ...publicly,
    ...judgeRelease(status, host.name),
    ...judgeBackup({ backup, status, now: asked, staleHours, address: host.name }),
  ];
  return { status, host: facts, certificate, backup, lease, maintenance, store, findings };
}

/** Whether what runs is what the record says, and serves. Pure. */
export function judgeRelease({ current, pending, slots }: ReleaseStatus, address: string): readonly Diagnostic[] {
  if (!current) return [];
  const live = slots.find(({ slot }) => slot === current.slot);
  const name = slotName(current.slot);
  const found: Diagnostic[] = [];
  if (!live?.container?.running || !live.ready) {
    found.push(
      error({
        code: "release-down",
        summary: "The live release does not serve",
        detail: `${name} of release ${current.number} ${live?.container?.running ? "runs, but is not ready" : "does not run"}`,
        address,
        remedy: "See `doge logs`; deploy again, which brings it back, or `doge rollback`.",
      }),
    );
  }
  const image = live?.container?.image;
  if (image && image !== engineName(current.image.reference)) {
    found.push(
      warning({
        code: "release-drift",
        summary: "What runs is not what the record says",
        detail: `${name} runs ${image}, release ${current.number} is ${current.image.reference}`,
        address,
        remedy: "Somebody changed it by hand: deploy again to go back to what is recorded.",
      }),
    );
  }
  const others = slots.filter(({ slot, container }) => slot !== current.slot && container?.running);
  if (others.length > 0 && !pending) {
    found.push(
      warning({
        code: "release-leftover",
        summary: "Another release runs beside the live one",
        detail: others.map(({ slot }) => slotName(slot)).join(", "),
        address,
        remedy: "Started by hand, or left by a deploy: the next deploy stops it.",
      }),
    );
  }
  return found;
}

/** Whether the scheduled backups do what they are for. Pure. */
export function judgeBackup(seen: {
  readonly backup: BackupStatus | undefined;
  readonly status: Pick<ReleaseStatus, "current">;
  readonly now: Date;
  readonly staleHours: number;
  readonly address: string;
}): readonly Diagnostic[] {
  const { backup, status, now, staleHours, address } = seen;
  const { current } = status;
  if (!current?.settings.backupSchedule) return [];
  const age = (at: string): number => (now.getTime() - Date.parse(at)) / 3_600_000;
  const hours = age(backup?.at ?? current.finishedAt);
  if (backup && !backup.ok) {
    return [
      error({
        code: "backup-failing",
        summary: "The last scheduled backup failed",
        detail: `${backup.at}: ${backup.detail}`,
        address,
        remedy: "See jobs/backup.log with `doge ssh`, mend it, and prove it with `doge db backup`.",
      }),
    ];
  }
  if (hours > staleHours) {
    return [
      error({
        code: "backup-stale",
        summary: "There is no recent backup",
        detail: backup ? `the last one is of ${backup.at}` : "the scheduled backup has never run",
        address,
        remedy: "See `crontab -l` and jobs/backup.log with `doge ssh`: cron must run on the droplet.",
      }),
    ];
  }
  if (backup && !backup.offsite) {
    return [
      warning({
        code: "backup-onsite",
        summary: "Backups stay on the droplet that they are to protect from",
        detail: backup.detail,
        address,
        remedy: "Set SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY, then `doge env push`.",
      }),
    ];
  }
  return [];
}
