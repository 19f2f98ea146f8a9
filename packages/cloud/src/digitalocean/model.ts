import type { CloudContext, Machines, Zones } from "../ports.ts";
import type { Collection } from "../kit/store.ts";

/** What the API keeps of a droplet; `answers.ts` makes the vendor's form of it. */
export interface Droplet {
  readonly id: number;
  readonly name: string;
  readonly region: string;
  readonly size: string;
  readonly image: number;
  readonly status: "new" | "active" | "off";
  /** What its owner asked for: after a restart of the cloud, what was on is booted again. */
  readonly power: "on" | "off";
  readonly createdAt: string;
  readonly address: string;
  readonly privateAddress: string;
  readonly userData: string;
  readonly sshKeys: readonly string[];
  readonly tags: readonly string[];
  readonly features: readonly string[];
  readonly vpc: string;
}

/** One event of a droplet. */
export interface Action {
  readonly id: number;
  readonly status: "in-progress" | "completed" | "errored";
  readonly type: string;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly resource_id: number;
  readonly resource_type: "droplet";
  readonly region_slug: string;
}

export interface SshKey {
  readonly id: number;
  readonly fingerprint: string;
  readonly public_key: string;
  readonly name: string;
}

export interface Domain {
  readonly name: string;
  readonly ttl: number;
}

export interface DomainRecord {
  readonly id: number;
  readonly domain: string;
  readonly type: RecordType;
  readonly name: string;
  readonly data: string;
  readonly priority: number | null;
  readonly port: number | null;
  readonly ttl: number;
  readonly weight: number | null;
  readonly flags: number | null;
  readonly tag: string | null;
}

export const recordTypes = ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"] as const;
export type RecordType = (typeof recordTypes)[number];

export interface Project {
  readonly id: string;
  readonly owner_uuid: string;
  readonly owner_id: number;
  readonly name: string;
  readonly description: string;
  readonly purpose: string;
  readonly environment: string;
  readonly is_default: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A resource outside the default project. What stands nowhere here belongs to the default one. */
export interface Assignment {
  readonly urn: string;
  readonly project: string;
  readonly assignedAt: string;
}

export interface Tag {
  readonly name: string;
  /** Made by itself, not brought along by a droplet. */
  readonly explicit: boolean;
}

export interface Firewall {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly inbound: readonly FirewallRule[];
  readonly outbound: readonly FirewallRule[];
  readonly tags: readonly string[];
  readonly droplets: readonly number[];
}

export interface FirewallRule {
  readonly protocol: "tcp" | "udp" | "icmp";
  /** `22`, `8000-9000`; `0` for all, and for what has none. */
  readonly ports: string;
  readonly target: FirewallTarget;
}

/** Where traffic may come from, or go to. */
export interface FirewallTarget {
  readonly addresses?: readonly string[];
  readonly tags?: readonly string[];
  readonly droplet_ids?: readonly number[];
  readonly load_balancer_uids?: readonly string[];
  readonly kubernetes_ids?: readonly string[];
}

export interface Vpc {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly region: string;
  readonly ip_range: string;
  readonly default: boolean;
  readonly created_at: string;
}

export interface Account {
  readonly uuid: string;
  readonly ownerId: number;
}

/** Everything that the routes work on. */
export interface Office {
  readonly context: CloudContext;
  readonly machines: Machines;
  readonly zones: Zones;
  /** Whether a resource that another service keeps (`do:space:…`) is there. */
  readonly exists: (urn: string) => Promise<boolean>;
  readonly droplets: Collection<Droplet>;
  readonly actions: Collection<Action>;
  readonly keys: Collection<SshKey>;
  readonly domains: Collection<Domain>;
  readonly records: Collection<DomainRecord>;
  readonly projects: Collection<Project>;
  readonly assignments: Collection<Assignment>;
  readonly tags: Collection<Tag>;
  readonly firewalls: Collection<Firewall>;
  readonly vpcs: Collection<Vpc>;
  readonly account: Account;
  /** The clock as the API writes it: `2026-11-24T00:29:06Z`. */
  readonly timestamp: () => string;
}

export interface DigitalOceanOptions {
  readonly machines: Machines;
  readonly zones: Zones;
  /** Personal access tokens and what they may. */
  readonly tokens: readonly { readonly token: string; readonly scope: "read" | "write" }[];
  /** Whether a resource of another service is there, by URN: `do:space:assets`. Default: it is. */
  readonly exists?: (urn: string) => Promise<boolean>;
}

export function openOffice(context: CloudContext, options: DigitalOceanOptions): Office {
  const collection = <T extends object>(name: string): Collection<T> =>
    context.store.collection<T>(`digitalocean.${name}`);
  const accounts = collection<Account>("accounts");
  return {
    context,
    machines: options.machines,
    zones: options.zones,
    exists: options.exists ?? (() => Promise.resolve(true)),
    droplets: collection("droplets"),
    actions: collection("actions"),
    keys: collection("keys"),
    domains: collection("domains"),
    records: collection("records"),
    projects: collection("projects"),
    assignments: collection("assignments"),
    tags: collection("tags"),
    firewalls: collection("firewalls"),
    vpcs: collection("vpcs"),
    account: accounts.get("own") ?? accounts.put("own", { uuid: context.ids.uuid(), ownerId: 258_992 }),
    timestamp: () =>
      context
        .now()
        .toISOString()
        .replace(/\.\d+Z$/, "Z"),
  };
}
