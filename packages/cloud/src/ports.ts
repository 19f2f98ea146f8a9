/**
 * How the stand-ins of the local cloud know each other: only by these, never by each other's modules.
 * Each stand-in is a factory `(context: CloudContext) => Service`; `cloud.ts` composes them.
 */
import type { Hono } from "hono";
import type { Store } from "./kit/store.ts";

export type ServiceName =
  | "hcp"
  | "digitalocean"
  | "spaces"
  | "github"
  | "registry"
  | "dns"
  | "mail"
  | "droplet"
  | "edge";

/** One thing the local cloud holds. After `doge destroy` nothing that the project made may be left. */
export interface InventoryItem {
  readonly service: ServiceName;
  /** Vendor's noun: `droplet`, `workspace`, `repository`. */
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}

/** One row of docs/local-cloud.md. */
export interface Gap {
  readonly service: ServiceName;
  /** What of the real service is not here, or is different. */
  readonly gap: string;
}

export interface Service {
  readonly name: ServiceName;
  /** Public HTTP interface, if it has one. Mounted on a port of its own behind the kit's middleware. */
  readonly app?: Hono;
  /** Starts what is not HTTP (SSH, DNS, SMTP, droplets that were running). */
  start?(): Promise<void>;
  stop?(): Promise<void>;
  inventory(): Promise<readonly InventoryItem[]>;
  readonly gaps: readonly Gap[];
  /** What `app`'s routes don't tell: operations of one route that reads more than the path. For docs/local-cloud.md. */
  readonly operations?: readonly { readonly method: string; readonly path: string }[];
}

export interface CloudContext {
  readonly store: Store;
  /** Folder for what is not a row: git repositories, objects, logs, droplets' disks. One subfolder a service. */
  readonly folder: string;
  readonly now: () => Date;
  /** Seeded: the same seed gives the same ids. */
  readonly ids: Ids;
  readonly log: (service: ServiceName, message: string) => void;
  /** `http://127.0.0.1:7402`: where clients reach a service, known before any service starts. */
  readonly url: (service: ServiceName) => string;
  /** Port of a service that is not HTTP (`dns`, `mail`). */
  readonly port: (service: ServiceName) => number;
}

export interface Ids {
  /** `length` characters of a-zA-Z0-9. */
  token(length: number): string;
  /** HCP style: `ws-` and 16 characters. */
  prefixed(prefix: string): string;
  uuid(): string;
  /** Growing numbers, never used twice, kept over restarts. `series` apart: "droplet", "issue". */
  next(series: string): number;
  hex(length: number): string;
}

/** Who a token belongs to. GITHUB_TOKENs of Actions jobs are minted and revoked. */
export interface GitHubIdentity {
  readonly login: string;
  /** Classic scopes, or the permissions of a job's token as `contents:write`. */
  readonly scopes: readonly string[];
  /** Set for a job's token: the one repository it is good for. */
  readonly repository?: string;
}

/** The container packages in GitHub's registry, as GitHub's REST API lists and deletes them. */
export interface Packages {
  /** Names are `owner/name`, lower case; newest version first. */
  list(): readonly ContainerPackage[];
  /** False where there is no such package. */
  delete(name: string): Promise<boolean>;
  /** One manifest with its tags; false where there is none. */
  deleteVersion(name: string, digest: string): Promise<boolean>;
}

export interface ContainerPackage {
  readonly name: string;
  readonly createdAt: string;
  readonly versions: readonly {
    readonly digest: string;
    readonly tags: readonly string[];
    readonly createdAt: string;
  }[];
}

/** Zones, served by the DNS stand-in; written by DigitalOcean's domains. */
export interface Zones {
  /** Replaces the zone; undefined removes it. */
  set(domain: string, records: readonly ZoneRecord[] | undefined): void;
  /** Addresses of a name by the zones: follows CNAMEs. */
  resolve(name: string): readonly string[];
  /** Names whose registrar points elsewhere (for rehearsing `doge doctor`); all others are delegated to DigitalOcean. */
  undelegate(domain: string, undelegated: boolean): void;
}

export interface ZoneRecord {
  readonly type: "A" | "AAAA" | "CNAME" | "MX" | "TXT" | "NS" | "SOA" | "SRV" | "CAA";
  /** Relative to the zone, `@` for its apex. */
  readonly name: string;
  readonly data: string;
  readonly ttl: number;
  readonly priority?: number;
}

/** What DigitalOcean's API asks of the machines behind it. */
export interface Machines {
  /** A free public address for a new droplet: 127.77.x.y. */
  allocateAddress(): string;
  /** Boots from cloud-init; resolves when SSH answers. Booting a machine that runs is no error. */
  boot(machine: MachineSpec): Promise<void>;
  powerOff(id: string): Promise<void>;
  /** Ends every process, removes the disk. */
  destroy(id: string): Promise<void>;
}

export interface MachineSpec {
  /** DigitalOcean's droplet id. */
  readonly id: string;
  readonly name: string;
  readonly address: string;
  /** cloud-init `#cloud-config`; may be empty. */
  readonly userData: string;
  /** Public keys in authorized_keys form, for root. */
  readonly sshKeys: readonly string[];
  readonly memoryMegabytes: number;
  readonly vcpus: number;
}

/** Addresses as seen inside the local cloud: a port that could not be bound stands elsewhere. */
export interface Network {
  /** Where `address:port` really listens, or undefined where nothing does. */
  locate(address: string, port: number): { readonly host: string; readonly port: number } | undefined;
  publish(address: string, port: number, actual: { readonly host: string; readonly port: number }): void;
  unpublish(address: string, port: number): void;
}

/** The certificate authority that stands for Let's Encrypt. */
export interface CertificateAuthority {
  /** PEM of the root, for trust stores. */
  readonly rootPem: string;
  /** A leaf for these names, 90 days; checks first that each name resolves to `address`. */
  issue(
    names: readonly string[],
    address: string,
  ): Promise<{ readonly certificatePem: string; readonly keyPem: string; readonly notAfter: Date }>;
}

/** A stand-in for the `caddy` image: Caddy's JSON configuration and admin API, in this process. */
export interface EdgeOptions {
  /** Caddy's native JSON configuration. */
  readonly config: unknown;
  /** Where to really listen for a port of the container (443 may not be free to us). */
  readonly listenOn: (port: number) => { readonly host: string; readonly port: number };
  /** Address and port of an upstream `name:port` on the container's networks; undefined where it does not run. */
  readonly dial: (name: string, port: number) => { readonly host: string; readonly port: number } | undefined;
  /** The droplet's public address: certificates are issued only for names that resolve to it. */
  readonly publicAddress: string;
  readonly ca: CertificateAuthority;
  /** Kept over restarts: certificates, as Caddy's /data. */
  readonly dataFolder: string;
  /** Access and error log lines as JSON. */
  readonly log: (line: string) => void;
}

export interface RunningEdge {
  stop(graceMilliseconds: number): Promise<void>;
}

/** `edge/edge.ts` exports this as `startEdge`. Rejects with Caddy's kind of message for a wrong configuration. */
export type StartEdge = (options: EdgeOptions) => Promise<RunningEdge>;

/** What GitHub offers Actions, in process: what GitHub's own runner gets from GitHub's back end. */
export interface GitHubForActions {
  /** Bare repository on disk. */
  repositoryPath(repository: string): string;
  repositoryPayload(repository: string): Promise<Record<string, unknown>>;
  /** Decrypted. Environment secrets win over repository secrets. */
  secrets(repository: string, environment: string | undefined): Promise<Readonly<Record<string, string>>>;
  variables(repository: string, environment: string | undefined): Promise<Readonly<Record<string, string>>>;
  /** Undefined where the environment does not exist; `allowed` says whether its branch policy lets `ref` deploy. */
  environment(repository: string, name: string, ref: string): Promise<{ readonly allowed: boolean } | undefined>;
  mintToken(repository: string, permissions: Readonly<Record<string, "read" | "write" | "none">>): Promise<string>;
  revokeToken(token: string): Promise<void>;
  /** Creates or updates the check run of a job; the id is the job's id. */
  checkRun(
    repository: string,
    check: {
      readonly id: number;
      readonly name: string;
      readonly headSha: string;
      readonly status: "queued" | "in_progress" | "completed";
      readonly conclusion?: string;
      readonly detailsUrl: string;
      readonly startedAt?: string;
      readonly completedAt?: string;
    },
  ): Promise<void>;
  /** A deployment with its statuses, as GitHub makes for a job with an environment. */
  deployment(
    repository: string,
    deployment: {
      readonly id: number;
      readonly environment: string;
      readonly ref: string;
      readonly sha: string;
      readonly state: "in_progress" | "success" | "failure" | "inactive";
      readonly url?: string;
      readonly logUrl: string;
    },
  ): Promise<void>;
}

/** What happens in a repository, told to Actions in GitHub's webhook form (`@octokit/webhooks-types`). */
export interface RepositoryEvent {
  readonly repository: string;
  readonly event: "push" | "pull_request" | "workflow_dispatch" | "delete" | "create";
  /** `refs/heads/stage`; for pull requests `refs/pull/7/merge`. */
  readonly ref: string;
  readonly sha: string;
  readonly actor: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Only for workflow_dispatch: the workflow's file name and inputs. */
  readonly workflow?: string;
}

export interface Actions {
  /** Queues the runs that the repository's workflow files at `sha` ask for. Returns at once. */
  dispatch(event: RepositoryEvent): void;
  /**
   * REST under `/repos/:owner/:repo/actions/…` (runs, jobs, logs, workflows), which GitHub mounts after authentication,
   * and the runs' web pages under `/:owner/:repo/actions/…`, which need none.
   */
  readonly routes: Hono;
  cancelAll(repository: string): Promise<void>;
}

/**
 * Carries out one Terraform run in a folder with the uploaded configuration. The composition root hands
 * this in (Doge's engine), so that the stand-in shares no code with its clients.
 */
export interface TerraformRunner {
  plan(request: TerraformRunRequest): Promise<TerraformPlanResult>;
  /** `plan` is what `plan()` returned: opaque to HCP, kept as text. */
  apply(request: TerraformRunRequest & { readonly plan: string }): Promise<TerraformApplyResult>;
}

export interface TerraformRunRequest {
  /** What was uploaded, unpacked: expressions may read its files. */
  readonly root: string;
  /** The unpacked configuration's working directory. */
  readonly folder: string;
  /** Terraform variables; `hcl` values are HCL expressions. */
  readonly variables: readonly {
    readonly key: string;
    readonly value: string;
    readonly hcl: boolean;
    readonly sensitive: boolean;
  }[];
  readonly environment: Readonly<Record<string, string>>;
  /** State v4 as JSON text, undefined for none yet. */
  readonly state: string | undefined;
  readonly destroy: boolean;
  readonly refresh: boolean;
  readonly refreshOnly: boolean;
  readonly targets: readonly string[];
  readonly replace: readonly string[];
  readonly workspace: string;
  readonly log: (text: string) => void;
  /** Saves a state as it grows, during apply. */
  readonly saveState?: (state: string) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface TerraformPlanResult {
  readonly ok: boolean;
  readonly hasChanges: boolean;
  readonly additions: number;
  readonly changes: number;
  readonly destructions: number;
  readonly plan: string;
  /** `terraform show -json` of the plan, format 1.2, and `terraform providers schema -json`. */
  readonly planJson?: unknown;
  readonly schemasJson?: unknown;
}

export interface TerraformApplyResult {
  readonly ok: boolean;
  readonly additions: number;
  readonly changes: number;
  readonly destructions: number;
  readonly state: string | undefined;
}
