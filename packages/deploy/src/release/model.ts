import type { Clock, Emit, Http, Names, Secret } from "@doge/core";
import type { TrafficFigures } from "../edge/traffic.ts";
import type { EdgeSettings, Slot } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";
import type { Registry } from "../registry/client.ts";

export interface DeployTarget {
  /** Slug of the project: folder and labels on the host. */
  readonly project: string;
  /** `stage`, `prod`. */
  readonly environment: string;
}

/** A process beside the web process, in the same image with the same settings. */
export interface ReleaseProcess {
  readonly command: readonly string[];
  /** `256m`. */
  readonly memory?: string;
  /** Cores. */
  readonly cpus?: number;
  /** 1 unless told. */
  readonly replicas?: number;
  /** SIGTERM unless told: it finishes its job and ends. */
  readonly stopSignal?: string;
  /** 60 unless told. */
  readonly graceSeconds?: number;
  /** Five fields of cron: runs then and ends, instead of always. */
  readonly schedule?: string;
}

/** How the app runs on a host. Kept in the release's record, so that a rollback runs it the same way. */
export interface ReleaseSettings {
  /** The first one serves the site, the others redirect to it. */
  readonly domains: EdgeSettings["domains"];
  readonly port: number;
  /** Answers 200 while the process works. */
  readonly alivePath: string;
  /** Answers 200 when requests may come, 503 after `drainSignal`. */
  readonly readyPath: string;
  /** Run once in the new image, before it starts. */
  readonly migrate?: readonly string[];
  /** Prints `{"applied": […], "pending": […]}` and changes nothing. Without it, every deploy makes a restore point. */
  readonly pending?: readonly string[];
  /** Plain variables; DOGE_ENVIRONMENT, DOGE_RELEASE, DOGE_COMMIT and PORT are added. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Paths of the app's env files, among `envFiles` of the options; later ones win. */
  readonly appEnvFiles: readonly string[];
  readonly email?: string;
  readonly acmeDirectory?: string;
  readonly healthSeconds?: number;
  readonly drainSeconds?: number;
  readonly migrateSeconds?: number;
  /** How long traffic is watched after the switch; 3 unless told. */
  readonly soakSeconds?: number;
  /** Tells the web process to answer 503 on its readiness path; SIGUSR1 unless told, null where it knows none. */
  readonly drainSignal?: string | null;
  /** Limits of the web process: `512m`, cores. */
  readonly memory?: string;
  readonly cpus?: number;
  /** Containers that write in /tmp alone, without capabilities. */
  readonly readOnly?: boolean;
  /** Times of cron for the database's backup; none unless told. */
  readonly backupSchedule?: string;
  /** Workers and scheduled jobs by name. */
  readonly processes?: Readonly<Record<string, ReleaseProcess>>;
}

export interface ReleaseImage {
  /** `ghcr.io/ada/shop@sha256:…`. */
  readonly reference: string;
  readonly digest: string;
  readonly tree: string;
  readonly commit: string;
}

export interface RegistryAccess {
  readonly host: string;
  readonly username: string;
  readonly token: Secret;
}

export interface ReleaseContext {
  readonly host: Host;
  readonly clock: Clock;
  readonly http: Http;
  readonly emit: Emit;
  readonly target: DeployTarget;
  /** Who deploys, for people. */
  readonly owner: string;
  readonly runUrl?: string;
  readonly signal?: AbortSignal;
  /** After this long without a sign of life, a deploy counts as dead; 30 unless told. */
  readonly leaseSeconds?: number;
}

/** How the commit that is to be deployed stands to the one that is live. */
export type CommitOrder = "newer" | "same" | "older" | "diverged" | "unknown";

/** A rule that someone set aside, by name. */
export interface Allowance {
  readonly what: "older-commit" | "unproven-image" | "rolled-back";
  readonly by: string;
}

export interface DeployOptions extends ReleaseContext {
  /** What to do about an image that a rollback took back: refuse it, which is usual, or leave the environment as it is. */
  readonly takenBack?: "refuse" | "stay";
  /** By the project's history. Without it, no order is kept. */
  readonly orderAfter?: (liveCommit: string) => Promise<CommitOrder>;
  /**
   * What must hold before anything of the release runs, where it is not known yet when the deploy begins: the
   * proof on staging that runs at the same time. Throws what is to be said.
   */
  readonly proof?: () => Promise<void>;
  /** To see whether the site's names lead to the host. */
  readonly dns?: { readonly names: Names; /** IPv4 of the host. */ readonly address: string };
  /** Rules that this deploy may break, and who said so. */
  readonly allowed?: readonly Allowance[];
  readonly settings: ReleaseSettings;
  readonly image: ReleaseImage;
  readonly registry?: RegistryAccess;
  /** Puts an image that no registry has into the droplet's store; only asked where the droplet lacks it. */
  readonly send?: (store: Registry) => Promise<unknown>;
  /** Names and contents, `compose.production.yaml` first; later ones lie over earlier ones. */
  readonly composeFiles: readonly { readonly name: string; readonly content: string }[];
  /** Paths as the compose files name them (`.envs/.production/.postgres`). */
  readonly envFiles: readonly { readonly path: string; readonly content: Secret }[];
}

/** What the deploy saw of its own site while it worked. */
export interface ReleaseReceipt {
  readonly requests: number;
  readonly failed: number;
  readonly p50Milliseconds?: number;
  readonly p99Milliseconds?: number;
  /** First few failures. */
  readonly failures: readonly string[];
  /** From telling the old release until it had nothing in flight. */
  readonly switchMilliseconds?: number;
  readonly sent?: SentFigures;
  /** Real traffic at the edge before and after the switch. */
  readonly traffic?: { readonly before: TrafficFigures; readonly after: TrafficFigures };
  readonly totalMilliseconds: number;
  readonly steps: readonly { readonly step: string; readonly milliseconds: number }[];
}

/** What went over the wire for an image that no registry has. */
export interface SentFigures {
  readonly bytes: number;
  /** Blobs that were sent: layers, configuration. */
  readonly blobs: number;
  /** Blobs that were on the droplet. */
  readonly present: number;
}

export interface RestorePoint {
  readonly file: string;
  readonly bytes: number;
  /** To type on the host. */
  readonly command: string;
}

export interface ReleaseRecord {
  readonly number: number;
  readonly project: string;
  readonly environment: string;
  readonly slot: Slot;
  readonly image: ReleaseImage;
  readonly settings: ReleaseSettings;
  /** Of everything that decides how the release runs; the same hash need not be started again. */
  readonly fingerprint: string;
  /** `unchanged`: it was live already. `resumed`: a deploy that was killed after its switch, completed. */
  readonly outcome: "released" | "unchanged" | "resumed" | "rolled-back";
  readonly replaces?: number;
  /** Digests of the images that rollbacks took back: they don't come again by themselves. */
  readonly takenBack?: readonly string[];
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly owner: string;
  readonly runUrl?: string;
  readonly url: string;
  /** Whether the site answered under its public name. */
  readonly reachable: boolean;
  readonly migrations: readonly string[];
  readonly restorePoint?: RestorePoint;
  /** Rules that were set aside for it, and by whom. */
  readonly allowed?: readonly Allowance[];
  readonly receipt: ReleaseReceipt;
}

/** A release on its way, on the host before each change: what a later run needs to take it from there. */
export interface PendingRelease {
  readonly number: number;
  readonly slot: Slot;
  /** `returning`: it was switched to, did worse, and the earlier release is being brought back. */
  readonly phase: "preparing" | "starting" | "switching" | "soaking" | "returning";
  readonly fingerprint: string;
  readonly image: ReleaseImage;
  readonly settings: ReleaseSettings;
  readonly startedAt: string;
  readonly owner: string;
  readonly migrations: readonly string[];
  readonly takenBack?: readonly string[];
  readonly restorePoint?: RestorePoint;
  readonly allowed?: readonly Allowance[];
  readonly sent?: SentFigures;
}
