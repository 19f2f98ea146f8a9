import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { DockerError, type Healthcheck, type Mount, type PortMapping } from "../engine/model.ts";
import { parsePort, parseVolume } from "../engine/spec.ts";
import { bytes, milliseconds, signalName } from "../docker/flags.ts";
import { parseDotenv } from "./dotenv.ts";
import type { Condition, Service } from "./model.ts";

type Raw = Readonly<Record<string, unknown>>;

/** Known, and of no effect on a plain process. */
const withoutEffect = new Set(
  [
    "logging init read_only security_opt cap_add cap_drop ulimits sysctls shm_size dns extra_hosts domainname",
    "stdin_open tty platform expose secrets configs develop attach oom_score_adj pids_limit privileged annotations",
  ].flatMap((line) => line.split(" ")),
);

const keys = new Set(
  [
    "image command entrypoint environment env_file labels volumes ports networks depends_on healthcheck profiles",
    "container_name hostname restart stop_signal stop_grace_period user working_dir pull_policy deploy tmpfs",
    "mem_limit cpus cpu_shares scale network_mode",
  ].flatMap((line) => line.split(" ")),
);

export interface Place {
  readonly service: string;
  /** Relative paths are resolved by it. */
  readonly absolute: (path: string) => string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Reads one service of one file. Throws for keys that compose doesn't know, and for what we can't do. */
export function readService(raw: Raw, place: Place): Service {
  for (const key of Object.keys(raw)) {
    if (keys.has(key) || withoutEffect.has(key) || key.startsWith("x-")) continue;
    if (key === "build")
      throw new DockerError("the local droplet's docker builds no images: give the service an image", 1);
    throw new DockerError(
      `validating compose file: services.${place.service} additional properties '${key}' not allowed`,
      15,
    );
  }
  const deploy = object(raw["deploy"]);
  const limits = object(object(deploy["resources"])["limits"]);
  const memory = limits["memory"] ?? raw["mem_limit"];
  const cpus = limits["cpus"] ?? raw["cpus"];
  const replicas = deploy["replicas"] ?? raw["scale"];
  const optional = (key: keyof Service, value: unknown): object =>
    value === undefined || value === null ? {} : { [key]: value };
  const text = (key: string): string | undefined =>
    raw[key] === undefined || raw[key] === null ? undefined : scalar(raw[key]);
  const grace = text("stop_grace_period");
  const signal = text("stop_signal");
  return {
    environment: { ...environmentFiles(raw["env_file"], place), ...pairs(raw["environment"], place.variables) },
    labels: pairs(raw["labels"], {}),
    mounts: [...list(raw["volumes"]).map((entry) => mount(entry, place)), ...tmpfs(raw["tmpfs"])],
    ports: list(raw["ports"]).flatMap(ports),
    networks: networks(raw["networks"]),
    dependsOn: dependencies(raw["depends_on"]),
    profiles: list(raw["profiles"]).map(scalar),
    ...optional("image", text("image")),
    ...optional("command", words(raw["command"])),
    ...optional("entrypoint", words(raw["entrypoint"])),
    ...optional("healthcheck", healthcheck(raw["healthcheck"])),
    ...optional("containerName", text("container_name")),
    ...optional("hostname", text("hostname")),
    ...optional("restart", restart(raw, deploy)),
    ...optional("stopSignal", signal === undefined ? undefined : signalName(signal, constants.signals)),
    ...optional("stopGraceSeconds", grace === undefined ? undefined : milliseconds(grace, 1000) / 1000),
    ...optional("user", text("user")),
    ...optional("workingDir", text("working_dir")),
    ...optional("pullPolicy", text("pull_policy")),
    ...optional("memoryBytes", memory === undefined ? undefined : bytes(scalar(memory))),
    ...optional("cpus", cpus === undefined ? undefined : Number(cpus)),
    ...optional("cpuShares", text("cpu_shares") === undefined ? undefined : Number(text("cpu_shares"))),
    ...optional("replicas", replicas === undefined ? undefined : Number(replicas)),
  };
}

/** Lays a service of a later file over one of an earlier: maps by key, mounts by target, commands as a whole. */
export function mergeServices(lower: Service, upper: Service): Service {
  const targets = new Set(upper.mounts.map((entry) => entry.target));
  const portKey = (port: PortMapping): string => JSON.stringify(port);
  return {
    ...lower,
    ...upper,
    environment: { ...lower.environment, ...upper.environment },
    labels: { ...lower.labels, ...upper.labels },
    mounts: [...lower.mounts.filter((entry) => !targets.has(entry.target)), ...upper.mounts],
    ports: [...new Map([...lower.ports, ...upper.ports].map((port) => [portKey(port), port])).values()],
    networks: { ...lower.networks, ...upper.networks },
    dependsOn: { ...lower.dependsOn, ...upper.dependsOn },
    profiles: [...new Set([...lower.profiles, ...upper.profiles])],
    ...(typeof lower.healthcheck === "object" && typeof upper.healthcheck === "object"
      ? { healthcheck: { ...lower.healthcheck, ...upper.healthcheck } }
      : {}),
  };
}

const object = (value: unknown): Raw => (typeof value === "object" && value !== null ? (value as Raw) : {});
const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
const scalar = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A map or a list of `NAME=value`; a name without a value takes the variable's, if there is one. */
function pairs(value: unknown, variables: Place["variables"]): Record<string, string> {
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((entry) => {
        const [name = "", text] = scalar(entry).split(/=(.*)/s);
        return [name, text];
      })
    : Object.entries(object(value));
  return Object.fromEntries(
    entries.flatMap(([name, text]): [string, string][] => {
      const found = text === undefined || text === null ? variables[name] : scalar(text);
      return found === undefined ? [] : [[name, found]];
    }),
  );
}

function environmentFiles(value: unknown, place: Place): Record<string, string> {
  return Object.assign(
    {},
    ...list(value).map((entry) => {
      const { path, required = true, format } = typeof entry === "object" ? object(entry) : { path: entry };
      const file = place.absolute(scalar(path));
      if (!existsSync(file)) {
        if (required === false) return {};
        throw new DockerError(`env file ${file} not found: stat ${file}: no such file or directory`, 1);
      }
      return parseDotenv(readFileSync(file, "utf8"), { raw: format === "raw", variables: place.variables });
    }),
  ) as Record<string, string>;
}

function mount(entry: unknown, place: Place): Mount {
  if (typeof entry === "string") return parseVolume(entry, place.absolute);
  const { type = "volume", source = "", target, read_only: readOnly = false } = object(entry);
  if (type !== "bind" && type !== "volume" && type !== "tmpfs") {
    throw new DockerError(
      `the local droplet's docker doesn't know volumes of type ${scalar(type)} (service ${place.service})`,
      15,
    );
  }
  return {
    type,
    source: type === "bind" ? place.absolute(scalar(source)) : scalar(source),
    target: scalar(target),
    readOnly: readOnly === true,
  };
}

const tmpfs = (value: unknown): Mount[] =>
  list(value).map((entry) => ({
    type: "tmpfs",
    source: "",
    target: scalar(entry).split(":")[0] ?? "",
    readOnly: false,
  }));

function ports(entry: unknown): PortMapping[] {
  if (typeof entry !== "object") return [parsePort(scalar(entry))];
  const { target, published = 0, host_ip: hostIp = "0.0.0.0", protocol = "tcp" } = object(entry);
  return [
    {
      hostIp: scalar(hostIp),
      hostPort: Number(published),
      containerPort: Number(target),
      protocol: protocol === "udp" ? "udp" : "tcp",
    },
  ];
}

function networks(value: unknown): Service["networks"] {
  if (Array.isArray(value)) return Object.fromEntries(value.map((name) => [scalar(name), { aliases: [] }]));
  return Object.fromEntries(
    Object.entries(object(value)).map(([name, options]) => [
      name,
      { aliases: list(object(options)["aliases"]).map(scalar) },
    ]),
  );
}

function dependencies(value: unknown): Service["dependsOn"] {
  if (Array.isArray(value)) {
    return Object.fromEntries(value.map((name) => [scalar(name), { condition: "service_started", required: true }]));
  }
  return Object.fromEntries(
    Object.entries(object(value)).map(([name, options]) => {
      const { condition = "service_started", required = true } = object(options);
      return [name, { condition: condition as Condition, required: required !== false }];
    }),
  );
}

function healthcheck(value: unknown): Service["healthcheck"] {
  if (value === undefined || value === null) return undefined;
  const raw = object(value);
  if (raw["disable"] === true) return "none";
  const test = raw["test"];
  const times: readonly [keyof Healthcheck, string][] = [
    ["intervalMilliseconds", "interval"],
    ["timeoutMilliseconds", "timeout"],
    ["startPeriodMilliseconds", "start_period"],
    ["startIntervalMilliseconds", "start_interval"],
  ];
  const given = times
    .filter(([, key]) => raw[key] !== undefined)
    .map(([name, key]) => [name, milliseconds(scalar(raw[key]), 1000)]);
  return {
    ...(Object.fromEntries(given) as Partial<Healthcheck>),
    ...(test === undefined ? {} : { test: typeof test === "string" ? ["CMD-SHELL", test] : list(test).map(scalar) }),
    ...(raw["retries"] === undefined ? {} : { retries: Number(raw["retries"]) }),
  };
}

function restart(raw: Raw, deploy: Raw): string | undefined {
  if (raw["restart"] !== undefined) return scalar(raw["restart"] === false ? "no" : raw["restart"]);
  const condition = object(deploy["restart_policy"])["condition"];
  return condition === undefined ? undefined : ({ none: "no", any: "always" }[scalar(condition)] ?? scalar(condition));
}

/** A list as it is, a string as a shell would cut it into words. */
function words(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map(scalar);
  return [...scalar(value).matchAll(/(?:'([^']*)'|"((?:\\.|[^"\\])*)"|((?:\\.|[^\s'"\\])+))+/g)].map(([word]) =>
    word.replace(
      /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g,
      (_, single?: string, double?: string, escaped?: string) =>
        single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? "",
    ),
  );
}
