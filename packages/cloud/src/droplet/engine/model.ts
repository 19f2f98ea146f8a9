/** What a droplet's container engine keeps. Records are JSON in the cloud's store; ids are Docker's: 64 hex digits. */

export interface ImageConfig {
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Env?: readonly string[] | null;
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly ExposedPorts?: Readonly<Record<string, object>> | null;
  readonly StopSignal?: string;
  readonly Healthcheck?: {
    readonly Test?: readonly string[];
    /** Nanoseconds, as everywhere in Docker's API. */
    readonly Interval?: number;
    readonly Timeout?: number;
    readonly StartPeriod?: number;
    readonly Retries?: number;
  };
  readonly Volumes?: Readonly<Record<string, object>> | null;
}

/** Which stand-in runs the image; `node` for everything with a Node entry, `none` for what we can't run. */
export type RuntimeName = "node" | "postgres" | "caddy" | "redis" | "none";

export interface ImageRecord {
  /** `sha256:…` of the configuration, Docker's image id. */
  readonly id: string;
  /** Normalized: `docker.io/library/postgres:17`. */
  readonly tags: readonly string[];
  /** `ghcr.io/ada/shop@sha256:…`. */
  readonly digests: readonly string[];
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly created: string;
  readonly size: number;
  /** Digests of the layers' blobs, lowest first. Empty for images that a program of the machine stands for. */
  readonly layers: readonly string[];
  readonly runtime: RuntimeName;
}

export interface Mount {
  readonly type: "bind" | "volume" | "tmpfs";
  /** Volume name, or a path of the droplet. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface PortMapping {
  /** `0.0.0.0` or `127.0.0.1`, as the droplet sees it. */
  readonly hostIp: string;
  /** 0: any free port. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

export interface Healthcheck {
  /** `["CMD", …]` or `["CMD-SHELL", line]`. */
  readonly test: readonly string[];
  readonly intervalMilliseconds: number;
  readonly timeoutMilliseconds: number;
  readonly startPeriodMilliseconds: number;
  readonly startIntervalMilliseconds: number;
  readonly retries: number;
}

export interface RestartPolicy {
  readonly name: "no" | "always" | "on-failure" | "unless-stopped";
  readonly maximumRetries: number;
}

/** Everything that `docker run` or compose decides; but for what `docker update` changes, fixed for the life of the container. */
export interface ContainerSpec {
  readonly name: string;
  /** As it was asked for. */
  readonly image: string;
  readonly imageId: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user: string;
  readonly hostname?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly ports: readonly PortMapping[];
  /** By network name. */
  readonly networks: Readonly<Record<string, { readonly aliases: readonly string[] }>>;
  readonly restart: RestartPolicy;
  readonly healthcheck?: Healthcheck;
  readonly stopSignal: string;
  readonly stopGraceSeconds: number;
  readonly autoRemove: boolean;
  readonly openStdin: boolean;
  readonly tty: boolean;
  readonly memoryBytes?: number;
  readonly cpus?: number;
  /** Weight against other containers: kept and shown; a plain process has none. */
  readonly cpuShares?: number;
}

export type ContainerStatus = "created" | "running" | "restarting" | "exited";

/** A process that outlives our memory of it is known by its id and when it began: ids come round again. */
export interface ProcessMark {
  readonly pid: number;
  readonly started: string;
}

export interface ContainerRecord {
  readonly id: string;
  readonly droplet: string;
  readonly created: string;
  readonly spec: ContainerSpec;
  /** Where its listeners on all interfaces stand: 127.78.x.y. */
  readonly address: string;
  /** What 127.0.0.1 is inside: 127.79.x.y, told to nobody outside. */
  readonly loopback: string;
  readonly status: ContainerStatus;
  readonly exitCode: number;
  readonly error: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly restarts: number;
  /** `docker stop` by hand: `unless-stopped` stays down after a reboot. */
  readonly stoppedByHand: boolean;
  readonly process?: ProcessMark;
  readonly health?: {
    readonly status: "starting" | "healthy" | "unhealthy";
    readonly failingStreak: number;
    readonly log: readonly HealthResult[];
  };
}

export interface HealthResult {
  readonly start: string;
  readonly end: string;
  readonly exitCode: number;
  readonly output: string;
}

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: string;
}

export interface VolumeRecord {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: string;
}

/** Trouble in Docker's words: the message goes to stderr, the code is the command's exit code. */
export class DockerError extends Error {
  override readonly name = "DockerError";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const daemonError = (message: string, exitCode = 1): DockerError =>
  new DockerError(`Error response from daemon: ${message}`, exitCode);
