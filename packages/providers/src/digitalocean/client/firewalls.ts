import { ifFound } from "../../shared/errors.ts";
import { type PagedApi, segment } from "./api.ts";

/** Where traffic may come from, or go to. */
export interface FirewallTarget {
  readonly addresses?: readonly string[];
  readonly droplet_ids?: readonly number[];
  readonly load_balancer_uids?: readonly string[];
  readonly kubernetes_ids?: readonly string[];
  readonly tags?: readonly string[];
}

export interface FirewallRule {
  readonly protocol: string;
  /** `22`, `8000-9000`; in answers `0` for all ports, and for ICMP, which has none. */
  readonly ports: string;
}

export interface Firewall {
  readonly id: string;
  readonly name: string;
  readonly status: "waiting" | "succeeded" | "failed";
  readonly created_at: string;
  readonly pending_changes: readonly {
    readonly droplet_id: number;
    readonly removing: boolean;
    readonly status: string;
  }[];
  readonly droplet_ids: readonly number[] | null;
  readonly tags: readonly string[] | null;
  readonly inbound_rules: readonly (FirewallRule & { readonly sources: FirewallTarget })[] | null;
  readonly outbound_rules: readonly (FirewallRule & { readonly destinations: FirewallTarget })[] | null;
}

export type FirewallRequest = Pick<Firewall, "name" | "droplet_ids" | "tags" | "inbound_rules" | "outbound_rules">;

export interface Firewalls {
  list(): Promise<Firewall[]>;
  get(id: string): Promise<Firewall | undefined>;
  create(firewall: FirewallRequest): Promise<Firewall>;
  /** Replaces all of it. */
  update(id: string, firewall: FirewallRequest): Promise<Firewall>;
  delete(id: string): Promise<void>;
}

export function firewalls(api: PagedApi): Firewalls {
  const at = (id: string) => `/v2/firewalls/${segment(id)}`;
  type One = { firewall: Firewall };
  return {
    list: () => api.all<Firewall>("/v2/firewalls", "firewalls"),
    get: async (id) => (await ifFound(api.json<One>("GET", at(id))))?.firewall,
    create: async (firewall) => (await api.json<One>("POST", "/v2/firewalls", firewall)).firewall,
    update: async (id, firewall) => (await api.json<One>("PUT", at(id), firewall)).firewall,
    delete: async (id) => void (await ifFound(api.send("DELETE", at(id)))),
  };
}
