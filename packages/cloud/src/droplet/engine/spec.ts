import { randomBytes } from "node:crypto";
import type { ContainerSpec, Healthcheck, ImageRecord, Mount, PortMapping } from "./model.ts";
import { DockerError } from "./model.ts";

/** What was asked for; the image fills in the rest. */
export interface Wanted extends Partial<Omit<ContainerSpec, "image" | "imageId" | "healthcheck">> {
  readonly image: string;
  /** `none` switches the image's check off. */
  readonly healthcheck?: Partial<Healthcheck> | "none";
}

const adjectives = ["bold", "calm", "eager", "fond", "keen", "quiet", "swift", "vivid"];
const names = ["curie", "euler", "hopper", "knuth", "lovelace", "noether", "turing", "wilson"];

/** A container by what is wanted and what its image says, by Docker's rules. */
export function containerSpec(wanted: Wanted, image: ImageRecord): ContainerSpec {
  const { config } = image;
  const imageEnv = Object.fromEntries(
    (config.Env ?? []).map((entry) => [entry.split("=")[0] ?? "", entry.split(/=(.*)/s)[1] ?? ""]),
  );
  // Another entry point makes the image's command meaningless.
  const command = wanted.command ?? (wanted.entrypoint ? [] : (config.Cmd ?? []));
  const healthcheck = checkOf(wanted, image);
  const [a = 0, b = 0, c = 0] = randomBytes(3);
  return {
    name: wanted.name ?? `${adjectives[a % adjectives.length]}_${names[b % names.length]}${c}`,
    image: wanted.image,
    imageId: image.id,
    entrypoint: wanted.entrypoint ?? config.Entrypoint ?? [],
    command,
    env: { ...imageEnv, ...wanted.env },
    workingDir: wanted.workingDir ?? config.WorkingDir ?? "",
    user: wanted.user ?? config.User ?? "",
    ...(wanted.hostname === undefined ? {} : { hostname: wanted.hostname }),
    labels: { ...config.Labels, ...wanted.labels },
    mounts: [...(wanted.mounts ?? []), ...declaredVolumes(image, wanted.mounts ?? [])].map(named),
    ports: wanted.ports ?? [],
    networks: wanted.networks ?? { bridge: { aliases: [] } },
    restart: wanted.restart ?? { name: "no", maximumRetries: 0 },
    ...(healthcheck ? { healthcheck } : {}),
    stopSignal: wanted.stopSignal ?? config.StopSignal ?? "SIGTERM",
    stopGraceSeconds: wanted.stopGraceSeconds ?? 10,
    autoRemove: wanted.autoRemove ?? false,
    openStdin: wanted.openStdin ?? false,
    tty: wanted.tty ?? false,
    ...(wanted.memoryBytes === undefined ? {} : { memoryBytes: wanted.memoryBytes }),
    ...(wanted.cpus === undefined ? {} : { cpus: wanted.cpus }),
    ...(wanted.cpuShares === undefined ? {} : { cpuShares: wanted.cpuShares }),
  };
}

/** An anonymous volume gets a name that nobody else has. */
const named = (mount: Mount): Mount =>
  mount.type === "volume" && mount.source === "" ? { ...mount, source: randomBytes(32).toString("hex") } : mount;

/** Volumes that the image declares and nobody mounted. */
function declaredVolumes(image: ImageRecord, mounts: readonly Mount[]): Mount[] {
  return Object.keys(image.config.Volumes ?? {})
    .filter((target) => !mounts.some((mount) => mount.target === target))
    .map((target) => ({ type: "volume", source: "", target, readOnly: false }));
}

function checkOf(wanted: Wanted, image: ImageRecord): Healthcheck | undefined {
  if (wanted.healthcheck === "none") return undefined;
  const own = image.config.Healthcheck;
  const test = wanted.healthcheck?.test ?? own?.Test;
  if (!test || test.length === 0 || test[0] === "NONE") return undefined;
  // Docker counts in nanoseconds; 0 stands for the default.
  const from = (value: number | undefined, fallback: number): number => (value ? value / 1e6 : fallback);
  return {
    intervalMilliseconds: from(own?.Interval, 30_000),
    timeoutMilliseconds: from(own?.Timeout, 30_000),
    startPeriodMilliseconds: from(own?.StartPeriod, 0),
    startIntervalMilliseconds: 5_000,
    retries: own?.Retries || 3,
    ...wanted.healthcheck,
    test,
  };
}

/** `127.0.0.1:8080:80/tcp`, `8080:80`, `80`. */
export function parsePort(text: string): PortMapping {
  const match = /^(?:(\[[^\]]+\]|\d+\.\d+\.\d+\.\d+):)?(?:(\d*):)?(\d+)(?:\/(tcp|udp))?$/.exec(text);
  if (!match)
    throw new DockerError(`invalid containerPort: ${text} (the local droplet's docker knows no port ranges)`, 125);
  const [, host, published, target, protocol] = match;
  const hostIp = host === undefined || host === "[::]" ? "0.0.0.0" : host === "[::1]" ? "127.0.0.1" : host;
  return {
    hostIp,
    hostPort: Number(published || 0),
    containerPort: Number(target),
    protocol: protocol === "udp" ? "udp" : "tcp",
  };
}

/** `data:/var/lib/data`, `./file:/etc/file:ro`, `/anonymous`. Relative sources are resolved by `absolute`. */
export function parseVolume(text: string, absolute: (path: string) => string): Mount {
  const parts = text.split(":");
  const [first = "", target, mode = ""] = parts;
  if (target === undefined) return { type: "volume", source: "", target: first, readOnly: false };
  const readOnly = mode.split(",").includes("ro");
  const isPath = /^(\/|\.|~)/.test(first);
  return { type: isPath ? "bind" : "volume", source: isPath ? absolute(first) : first, target, readOnly };
}

/** `no`, `always`, `on-failure:3`, `unless-stopped`. */
export function parseRestart(text: string): ContainerSpec["restart"] {
  const [name = "no", retries] = text.split(":");
  if (name !== "no" && name !== "always" && name !== "on-failure" && name !== "unless-stopped") {
    throw new DockerError(`invalid restart policy: ${text}`, 125);
  }
  return { name, maximumRetries: Number(retries ?? 0) };
}
