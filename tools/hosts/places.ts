/** Where the real hosts keep their things, and what they are called. One set of hosts a machine, whichever clone asks. */
import { homedir } from "node:os";
import { join } from "node:path";

const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "doge-hosts");

export const places = {
  folder,
  /** What takes long to make and stays: root file systems, images. */
  cache: join(folder, "cache"),
  /** Of the hosts that are up; gone when they are down. */
  state: join(folder, "state"),
  /** Holds the pid of who makes, starts or ends hosts. */
  lock: join(folder, "lock"),
  authority: join(folder, "authority"),
  hosts: join(folder, "state/hosts.json"),
  roots: join(folder, "state/roots.pem"),
} as const;

/** The network between the hosts: a bridge in a namespace of its own, with no way out of this machine. */
export const network = {
  namespace: "doge-wan",
  address: "198.18.0.1",
  prefix: 24,
} as const;

export const droplets = [
  { name: "stage", address: "198.18.0.11", domain: "staging.such.test" },
  { name: "prod", address: "198.18.0.12", domain: "such.test" },
] as const;

export type DropletName = (typeof droplets)[number]["name"];

export const registry = { host: "registry.test", username: "doge", token: "registry-of-the-hosts" } as const;

/** Docker's own registry, as Debian packages it: that ours and this one are alike is what a suite checks. */
export const distribution = {
  host: "distribution.test",
  url: "https://distribution.test:5443",
  username: "doge",
  token: "registry-of-the-hosts",
  /** bcrypt of the token, as htpasswd has it. */
  hash: "$2b$05$aBcDeFgHiJkLmNoPqRsTu.wssT7Fz/./3jzCBbmgpbU0mq/OW7fz2",
} as const;

/** Object storage for backups: the local cloud's Spaces. */
export const spaces = {
  host: "spaces.test",
  url: "https://spaces.test:9443",
  accessKeyId: "SPACESOFTHEHOSTS",
  secretAccessKey: "spaces-of-the-hosts",
} as const;

/** Two directories of one kind: certificates of the second run out so soon that they are renewed while one watches. */
export const acme = {
  directory: "https://pebble.test:14000/dir",
  shortDirectory: "https://pebble.test:14100/dir",
  shortSeconds: 45,
} as const;

/** Above every process of the hosts, in each cgroup hierarchy: ending them needs no list of pids. */
export const cgroup = "doge-hosts";

/** The group of those who visit the hosts: their machines are others, so that nothing here keeps them waiting. */
export const visitors = "visitors";

/** What `up` leaves for whoever uses the hosts. */
export interface HostsRecord {
  readonly droplets: readonly {
    readonly name: DropletName;
    readonly address: string;
    readonly domain: string;
    readonly port: number;
    readonly user: string;
    /** OpenSSH line: pinned from birth. */
    readonly hostKey: string;
  }[];
  readonly privateKey: string;
  /** Root file system below the droplets' own disks. */
  readonly rootfs: string;
  /** Folder of the base images. */
  readonly images: string;
  /** Tree with Docker's client and builder. */
  readonly docker: string;
}
