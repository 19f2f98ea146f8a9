import { Secret } from "@doge/core";
import { createDigitalOcean, type DigitalOcean } from "../src/digitalocean/index.ts";
import { clock, http } from "./kit.ts";

/** Bodies as DigitalOcean words them. */
export const account = {
  droplet_limit: 25,
  floating_ip_limit: 5,
  email: "sammy@example.com",
  uuid: "b6fr89dbf6d9156cace5f3c78dc9851d957381ef",
  email_verified: true,
  status: "active",
  status_message: "",
};

const size = {
  slug: "s-1vcpu-1gb",
  memory: 1024,
  vcpus: 1,
  disk: 25,
  transfer: 1,
  price_monthly: 6,
  price_hourly: 0.00893,
  regions: ["fra1"],
  available: true,
  description: "Basic",
};

export const droplet = (changes: Record<string, unknown> = {}) => ({
  id: 3164494,
  name: "web",
  memory: 1024,
  vcpus: 1,
  disk: 25,
  locked: false,
  status: "active",
  created_at: "2026-01-10T10:00:00Z",
  features: ["private_networking"],
  backup_ids: [],
  next_backup_window: null,
  snapshot_ids: [],
  image: {
    id: 63663980,
    name: "24.04",
    distribution: "Ubuntu",
    slug: "ubuntu-24-04-x64",
    public: true,
    regions: ["fra1"],
    created_at: "2026-01-01T00:00:00Z",
    min_disk_size: 7,
    type: "base",
    size_gigabytes: 2,
    description: "",
    tags: [],
    status: "available",
    error_message: "",
  },
  volume_ids: [],
  size,
  size_slug: "s-1vcpu-1gb",
  networks: {
    v4: [
      { ip_address: "10.128.192.124", netmask: "255.255.0.0", gateway: "nil", type: "private" },
      { ip_address: "192.241.165.154", netmask: "255.255.255.0", gateway: "192.241.165.1", type: "public" },
    ],
    v6: [],
  },
  region: { name: "Frankfurt 1", slug: "fra1", features: [], available: true, sizes: [] },
  tags: ["doge"],
  vpc_uuid: "760e09ef-dc84-11e8-981e-3cfdfeaae000",
  ...changes,
});

export const record = (changes: Record<string, unknown> = {}) => ({
  id: 28448433,
  type: "A",
  name: "staging",
  data: "192.241.165.154",
  priority: null,
  port: null,
  ttl: 1800,
  weight: null,
  flags: null,
  tag: null,
  ...changes,
});

export const project = (changes: Record<string, unknown> = {}) => ({
  id: "4e1bfbc3-dc3e-41f2-a18f-1b4d7ba71679",
  owner_uuid: "99525febec065ca37b2ffe4f852fd2b2581895e7",
  owner_id: 258992,
  name: "doge-app",
  description: "",
  purpose: "Web Application",
  environment: "Production",
  created_at: "2026-01-10T10:00:01Z",
  updated_at: "2026-01-10T10:00:01Z",
  is_default: false,
  ...changes,
});

export const resource = (urn: string) => ({
  urn,
  assigned_at: "2026-01-10T10:00:00Z",
  links: { self: "https://api.digitalocean.com/v2/x" },
  status: "ok",
});

export const page = (key: string, items: readonly unknown[], next?: string) => ({
  body: { [key]: items, links: next ? { pages: { next } } : {}, meta: { total: items.length } },
});

/** An error body. */
export const refusal = (status: number, id: string, message: string) => ({ status, body: { id, message } });

export const token = new Secret("dop_v1_canary");

export const client = (apiUrl: string): DigitalOcean => ({
  api: createDigitalOcean({
    http,
    clock: clock(),
    token,
    apiUrl,
    retry: { attempts: 3, baseMilliseconds: 1, maximumMilliseconds: 4 },
  }),
  spaces: () => {
    throw new Error("no buckets here");
  },
});
