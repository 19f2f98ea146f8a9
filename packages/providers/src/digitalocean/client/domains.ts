import { ifFound } from "../../shared/errors.ts";
import { type PagedApi, segment } from "./api.ts";

export interface Domain {
  readonly name: string;
  /** Seconds. */
  readonly ttl: number | null;
  readonly zone_file: string | null;
}

export interface DomainRecord {
  readonly id: number;
  readonly type: string;
  /** Relative to the domain; `@` is the domain itself. */
  readonly name: string;
  /** Without the final dot of a host name. */
  readonly data: string;
  readonly priority: number | null;
  readonly port: number | null;
  readonly ttl: number;
  readonly weight: number | null;
  readonly flags: number | null;
  readonly tag: string | null;
}

export type RecordRequest = Pick<DomainRecord, "type" | "name" | "data"> &
  Partial<Pick<DomainRecord, "priority" | "port" | "ttl" | "weight" | "flags" | "tag">>;

export interface Domains {
  list(): Promise<Domain[]>;
  get(name: string): Promise<Domain | undefined>;
  create(domain: { readonly name: string; readonly ip_address?: string }): Promise<Domain>;
  delete(name: string): Promise<void>;
}

export function domains(api: PagedApi): Domains {
  const at = (name: string) => `/v2/domains/${segment(name)}`;
  type One = { domain: Domain };
  return {
    list: () => api.all<Domain>("/v2/domains", "domains"),
    get: async (name) => (await ifFound(api.json<One>("GET", at(name))))?.domain,
    create: async (domain) => (await api.json<One>("POST", "/v2/domains", domain)).domain,
    delete: async (name) => void (await ifFound(api.send("DELETE", at(name)))),
  };
}

export interface Records {
  /** `name` here is the whole one, `www.example.com`: so the vendor filters. Empty where the domain is gone. */
  list(domain: string, filter?: { readonly type?: string; readonly name?: string }): Promise<DomainRecord[]>;
  get(domain: string, id: string): Promise<DomainRecord | undefined>;
  create(domain: string, record: RecordRequest): Promise<DomainRecord>;
  update(domain: string, id: string, record: RecordRequest): Promise<DomainRecord>;
  delete(domain: string, id: string): Promise<void>;
}

export function records(api: PagedApi): Records {
  const all = (domain: string) => `/v2/domains/${segment(domain)}/records`;
  const at = (domain: string, id: string) => `${all(domain)}/${segment(id)}`;
  type One = { domain_record: DomainRecord };
  return {
    list: async (domain, filter = {}) => {
      const query = new URLSearchParams(filter).toString();
      return (await ifFound(api.all<DomainRecord>(all(domain) + (query ? `?${query}` : ""), "domain_records"))) ?? [];
    },
    get: async (domain, id) => (await ifFound(api.json<One>("GET", at(domain, id))))?.domain_record,
    create: async (domain, record) => (await api.json<One>("POST", all(domain), record)).domain_record,
    update: async (domain, id, record) => (await api.json<One>("PUT", at(domain, id), record)).domain_record,
    delete: async (domain, id) => void (await ifFound(api.send("DELETE", at(domain, id)))),
  };
}
