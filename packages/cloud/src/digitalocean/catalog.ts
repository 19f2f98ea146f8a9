/** What DigitalOcean sells, as of 2026: a part of its list, with its prices. */

export interface Region {
  readonly slug: string;
  readonly name: string;
  readonly available: boolean;
  readonly features: readonly string[];
  readonly sizes: readonly string[];
}

export interface Size {
  readonly slug: string;
  /** MiB. */
  readonly memory: number;
  readonly vcpus: number;
  /** GiB. */
  readonly disk: number;
  /** TiB a month. */
  readonly transfer: number;
  /** US dollars. */
  readonly price_monthly: number;
  readonly price_hourly: number;
  readonly regions: readonly string[];
  readonly available: boolean;
  readonly description: string;
  readonly disk_info: readonly unknown[];
}

export interface Image {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly distribution: string;
  readonly type: "base";
  /** Whether the one-click applications list it. */
  readonly application: boolean;
}

const regionNames = {
  nyc1: "New York 1",
  nyc3: "New York 3",
  sfo2: "San Francisco 2",
  sfo3: "San Francisco 3",
  ams3: "Amsterdam 3",
  fra1: "Frankfurt 1",
  lon1: "London 1",
  sgp1: "Singapore 1",
  tor1: "Toronto 1",
  blr1: "Bangalore 1",
  syd1: "Sydney 1",
} as const;

const regionSlugs = Object.keys(regionNames);

const size = (
  slug: string,
  [memory, vcpus, disk, transfer]: readonly [number, number, number, number],
  [monthly, hourly]: readonly [number, number],
  description = "Basic",
): Size => ({
  slug,
  memory,
  vcpus,
  disk,
  transfer,
  price_monthly: monthly,
  price_hourly: hourly,
  regions: regionSlugs,
  available: true,
  description,
  disk_info: [{ type: "local", size: { amount: disk, unit: "gib" } }],
});

export const sizes: readonly Size[] = [
  size("s-1vcpu-512mb-10gb", [512, 1, 10, 0.5], [4, 0.00595]),
  size("s-1vcpu-1gb", [1024, 1, 25, 1], [6, 0.00893]),
  size("s-1vcpu-1gb-amd", [1024, 1, 25, 1], [7, 0.01042], "Basic AMD"),
  size("s-1vcpu-1gb-intel", [1024, 1, 25, 1], [7, 0.01042], "Basic Intel"),
  size("s-1vcpu-2gb", [2048, 1, 50, 2], [12, 0.01786]),
  size("s-1vcpu-2gb-amd", [2048, 1, 50, 2], [14, 0.02083], "Basic AMD"),
  size("s-1vcpu-2gb-intel", [2048, 1, 50, 2], [14, 0.02083], "Basic Intel"),
  size("s-2vcpu-2gb", [2048, 2, 60, 3], [18, 0.02679]),
  size("s-2vcpu-4gb", [4096, 2, 80, 4], [24, 0.03571]),
  size("s-2vcpu-4gb-amd", [4096, 2, 80, 4], [28, 0.04167], "Basic AMD"),
  size("s-2vcpu-4gb-intel", [4096, 2, 80, 4], [28, 0.04167], "Basic Intel"),
  size("c-2", [4096, 2, 25, 4], [42, 0.0625], "CPU-Optimized"),
  size("s-4vcpu-8gb", [8192, 4, 160, 5], [48, 0.07143]),
  size("g-2vcpu-8gb", [8192, 2, 25, 4], [63, 0.09375], "General Purpose"),
  size("m-2vcpu-16gb", [16384, 2, 50, 4], [84, 0.125], "Memory-Optimized"),
  size("s-8vcpu-16gb", [16384, 8, 320, 6], [96, 0.14286]),
];

const regionFeatures = ["backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer"];

export const regions: readonly Region[] = Object.entries(regionNames).map(([slug, name]) => ({
  slug,
  name,
  available: true,
  features: regionFeatures,
  sizes: sizes.map((each) => each.slug),
}));

const image = (id: number, slug: string, distribution: string, name: string, application = false): Image => ({
  id,
  slug,
  name,
  distribution,
  type: "base",
  application,
});

const images: readonly Image[] = [
  image(155_133_621, "ubuntu-24-04-x64", "Ubuntu", "24.04 (LTS) x64"),
  image(129_211_873, "ubuntu-22-04-x64", "Ubuntu", "22.04 (LTS) x64"),
  image(195_932_981, "debian-13-x64", "Debian", "13 x64"),
  image(144_306_688, "debian-12-x64", "Debian", "12 x64"),
  image(133_895_187, "debian-11-x64", "Debian", "11 x64"),
  image(171_139_701, "docker-20-04", "Ubuntu", "Docker 27.1.1 on Ubuntu 22.04", true),
  image(192_830_541, "rockylinux-9-x64", "Rocky Linux", "9 x64"),
  image(185_412_877, "fedora-42-x64", "Fedora", "42 x64"),
];

export const findRegion = (slug: string): Region | undefined => regions.find((region) => region.slug === slug);
export const findSize = (slug: string): Size | undefined => sizes.find((each) => each.slug === slug);
export const findImage = (key: string | number): Image | undefined =>
  images.find((each) => each.slug === key || String(each.id) === String(key));

/** Filters of `GET /v2/images`. Nobody has images of their own here. */
export const listImages = (query: { readonly type?: string | undefined; readonly private?: string | undefined }) =>
  images.filter((each) => {
    if (query.private === "true") return false;
    if (query.type === "application") return each.application;
    return query.type !== "distribution" || !each.application;
  });

export const imageAnswer = (image: Image): Record<string, unknown> => ({
  id: image.id,
  name: image.name,
  type: image.type,
  distribution: image.distribution,
  slug: image.slug,
  public: true,
  regions: regionSlugs,
  created_at: "2026-01-15T12:00:00Z",
  min_disk_size: 7,
  size_gigabytes: 2.36,
  description: `${image.distribution} ${image.name}`,
  tags: [],
  status: "available",
});
