import { ifFound } from "../../shared/errors.ts";
import { type PagedApi, segment } from "./api.ts";

export interface Account {
  readonly uuid: string;
  readonly email: string;
  readonly status: "active" | "warning" | "locked";
  readonly status_message: string;
  readonly droplet_limit: number;
  readonly email_verified: boolean;
  readonly team?: { readonly uuid: string; readonly name: string };
}

export interface SshKey {
  readonly id: number;
  readonly name: string;
  readonly public_key: string;
  readonly fingerprint: string;
}

export interface Region {
  readonly slug: string;
  readonly name: string;
  readonly available: boolean;
  readonly sizes: readonly string[];
  readonly features: readonly string[];
}

export interface Size {
  readonly slug: string;
  readonly memory: number;
  readonly vcpus: number;
  readonly disk: number;
  readonly transfer: number;
  /** Dollars. */
  readonly price_monthly: number;
  readonly price_hourly: number;
  readonly regions: readonly string[];
  readonly available: boolean;
}

export interface Accounts {
  get(): Promise<Account>;
}

export const accounts = (api: PagedApi): Accounts => ({
  get: async () => (await api.json<{ account: Account }>("GET", "/v2/account")).account,
});

export interface SshKeys {
  list(): Promise<SshKey[]>;
  /** By id or fingerprint. */
  get(idOrFingerprint: string): Promise<SshKey | undefined>;
  create(key: { readonly name: string; readonly public_key: string }): Promise<SshKey>;
  rename(id: string, name: string): Promise<SshKey>;
  delete(id: string): Promise<void>;
}

export function sshKeys(api: PagedApi): SshKeys {
  const at = (id: string) => `/v2/account/keys/${segment(id)}`;
  type One = { ssh_key: SshKey };
  return {
    list: () => api.all<SshKey>("/v2/account/keys", "ssh_keys"),
    get: async (id) => (await ifFound(api.json<One>("GET", at(id))))?.ssh_key,
    create: async (key) => (await api.json<One>("POST", "/v2/account/keys", key)).ssh_key,
    rename: async (id, name) => (await api.json<One>("PUT", at(id), { name })).ssh_key,
    delete: async (id) => void (await ifFound(api.send("DELETE", at(id)))),
  };
}

export interface Catalogue {
  regions(): Promise<Region[]>;
  sizes(): Promise<Size[]>;
}

export const catalogue = (api: PagedApi): Catalogue => ({
  regions: () => api.all<Region>("/v2/regions", "regions"),
  sizes: () => api.all<Size>("/v2/sizes", "sizes"),
});
