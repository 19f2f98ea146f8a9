import type { Clock, Emit, Http, Secret } from "@doge/core";
import type { EdgeSettings, Slot } from "../edge/configuration.ts";
import type { Host } from "../host/host.ts";

export interface DeployTarget {
  /** Slug of the project: folder and labels on the host. */
  readonly project: string;
  /** `stage`, `prod`. */
  readonly environment: string;
}

/** How the app runs on a host. Kept in the release's record, so that a rollback runs it the same way. */
export interface ReleaseSettings {
  /** The first one serves the site, the others redirect to it. */
  readonly domains: EdgeSettings["domains"];
  readonly port: number;
  /** Answers 200 while the process works. */
  readonly alivePath: string;
  /** Answers 200 when requests may come, 503 after SIGUSR1. */
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

export interface DeployOptions extends ReleaseContext {
  readonly settings: ReleaseSettings;
  readonly image: ReleaseImage;
  readonly registry?: RegistryAccess;
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
  readonly totalMilliseconds: number;
  readonly steps: readonly { readonly step: string; readonly milliseconds: number }[];
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
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly owner: string;
  readonly runUrl?: string;
  readonly url: string;
  /** Whether the site answered under its public name. */
  readonly reachable: boolean;
  readonly migrations: readonly string[];
  readonly restorePoint?: RestorePoint;
  readonly receipt: ReleaseReceipt;
}

/** A release on its way, on the host before each change: what a later run needs to take it from there. */
export interface PendingRelease {
  readonly number: number;
  readonly slot: Slot;
  readonly phase: "preparing" | "starting" | "switching";
  readonly fingerprint: string;
  readonly image: ReleaseImage;
  readonly settings: ReleaseSettings;
  readonly startedAt: string;
  readonly owner: string;
  readonly migrations: readonly string[];
  readonly restorePoint?: RestorePoint;
}
