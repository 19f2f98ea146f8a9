import { ifFound } from "../../shared/errors.ts";
import { type PagedApi, segment } from "./api.ts";

export interface Droplet {
  readonly id: number;
  readonly name: string;
  readonly status: "new" | "active" | "off" | "archive";
  readonly locked: boolean;
  /** MiB. */
  readonly memory: number;
  readonly vcpus: number;
  /** GiB. */
  readonly disk: number;
  readonly created_at: string;
  readonly features: readonly string[];
  readonly tags: readonly string[];
  readonly volume_ids: readonly string[];
  readonly vpc_uuid?: string;
  readonly region: { readonly slug: string };
  readonly image: { readonly id: number; readonly slug: string | null };
  readonly size_slug: string;
  readonly size: { readonly slug: string; readonly price_hourly: number; readonly price_monthly: number };
  readonly networks: {
    readonly v4?: readonly { readonly ip_address: string; readonly type: "public" | "private" }[];
    readonly v6?: readonly { readonly ip_address: string; readonly type: "public" | "private" }[];
  };
}

export interface DropletRequest {
  readonly name: string;
  readonly region?: string;
  readonly size: string;
  readonly image: string | number;
  readonly ssh_keys?: readonly (string | number)[];
  readonly backups?: boolean;
  readonly backup_policy?: BackupPolicy;
  readonly ipv6?: boolean;
  readonly monitoring?: boolean;
  readonly tags?: readonly string[];
  readonly user_data?: string;
  readonly volumes?: readonly string[];
  readonly vpc_uuid?: string;
  readonly with_droplet_agent?: boolean;
  readonly public_networking?: boolean;
}

export interface BackupPolicy {
  readonly plan?: string;
  readonly weekday?: string;
  readonly hour?: number;
}

export interface Action {
  readonly id: number;
  readonly status: "in-progress" | "completed" | "errored";
  readonly type: string;
}

export type DropletAction =
  | { readonly type: "power_on" | "power_off" | "shutdown" | "disable_backups" | "enable_ipv6" }
  | { readonly type: "rename"; readonly name: string }
  | { readonly type: "resize"; readonly size: string; readonly disk: boolean }
  | { readonly type: "enable_backups" | "change_backup_policy"; readonly backup_policy?: BackupPolicy };

export interface Droplets {
  list(filter?: { readonly name?: string; readonly tag_name?: string }): Promise<Droplet[]>;
  get(id: string): Promise<Droplet | undefined>;
  /** Answers before the droplet has booted: `status` is `new`. */
  create(droplet: DropletRequest): Promise<Droplet>;
  delete(id: string): Promise<void>;
  act(id: string, action: DropletAction): Promise<Action>;
  action(id: string, action: number): Promise<Action | undefined>;
}

export function droplets(api: PagedApi): Droplets {
  const at = (id: string) => `/v2/droplets/${segment(id)}`;
  type One = { droplet: Droplet };
  type OneAction = { action: Action };
  return {
    list: (filter = {}) => {
      const query = new URLSearchParams(filter).toString();
      return api.all<Droplet>(`/v2/droplets${query ? `?${query}` : ""}`, "droplets");
    },
    get: async (id) => (await ifFound(api.json<One>("GET", at(id))))?.droplet,
    create: async (droplet) => (await api.json<One>("POST", "/v2/droplets", droplet)).droplet,
    delete: async (id) => void (await ifFound(api.send("DELETE", at(id)))),
    act: async (id, action) => (await api.json<OneAction>("POST", `${at(id)}/actions`, action)).action,
    action: async (id, action) => (await ifFound(api.json<OneAction>("GET", `${at(id)}/actions/${action}`)))?.action,
  };
}

export interface Tag {
  readonly name: string;
  readonly resources: Readonly<Record<TaggedKind, { readonly count: number }>> & { readonly count: number };
}

export type TaggedKind = "droplets" | "images" | "volumes" | "volume_snapshots" | "databases";

export interface Tags {
  get(name: string): Promise<Tag | undefined>;
  create(name: string): Promise<void>;
  delete(name: string): Promise<void>;
  /** Tags are made by the first tagging of a new droplet only: `create` first for an old one. */
  add(name: string, droplet: string): Promise<void>;
  remove(name: string, droplet: string): Promise<void>;
}

export function tags(api: PagedApi): Tags {
  const resources = (name: string) => `/v2/tags/${segment(name)}/resources`;
  const of = (droplet: string) => ({ resources: [{ resource_id: droplet, resource_type: "droplet" }] });
  const at = (name: string) => `/v2/tags/${segment(name)}`;
  return {
    get: async (name) => (await ifFound(api.json<{ tag: Tag }>("GET", at(name))))?.tag,
    create: async (name) => void (await api.send("POST", "/v2/tags", { body: { name } })),
    delete: async (name) => void (await ifFound(api.send("DELETE", at(name)))),
    add: async (name, droplet) =>
      void (await api.send("POST", resources(name), { body: of(droplet), repeatable: true })),
    remove: async (name, droplet) => void (await ifFound(api.send("DELETE", resources(name), { body: of(droplet) }))),
  };
}
