import { familiar } from "../engine/reference.ts";
import type { Engine } from "../engine/engine.ts";
import type { ContainerRecord, ImageRecord } from "../engine/model.ts";

const nanoseconds = 1e6;
const never = "0001-01-01T00:00:00Z";

/** `docker inspect` of a container. */
export function inspectContainer(engine: Engine, record: ContainerRecord): Record<string, unknown> {
  const { spec } = record;
  const image = engine.images.find(spec.imageId);
  const published = engine.ports.of(record.id);
  const argv = [...spec.entrypoint, ...spec.command];
  const bindings: Record<string, unknown> = {};
  for (const port of spec.ports) {
    const key = `${port.containerPort}/${port.protocol}`;
    bindings[key] = [
      ...((bindings[key] as unknown[]) ?? []),
      { HostIp: port.hostIp === "0.0.0.0" ? "" : port.hostIp, HostPort: String(port.hostPort) },
    ];
  }
  const actual: Record<string, unknown> = Object.fromEntries(
    Object.keys(image?.config.ExposedPorts ?? {}).map((key) => [key, null]),
  );
  for (const port of published) {
    actual[`${port.containerPort}/tcp`] = [{ HostIp: port.hostIp, HostPort: String(port.hostPort) }];
  }
  return {
    Id: record.id,
    Created: record.created,
    Path: argv[0] ?? "",
    Args: argv.slice(1),
    State: {
      Status: record.status,
      Running: record.status === "running",
      Paused: false,
      Restarting: record.status === "restarting",
      OOMKilled: false,
      Dead: false,
      Pid: record.process?.pid ?? 0,
      ExitCode: record.exitCode,
      Error: record.error,
      StartedAt: record.startedAt ?? never,
      FinishedAt: record.finishedAt ?? never,
      ...(record.health
        ? {
            Health: {
              Status: record.health.status,
              FailingStreak: record.health.failingStreak,
              Log: record.health.log.map((entry) => ({
                Start: entry.start,
                End: entry.end,
                ExitCode: entry.exitCode,
                Output: entry.output,
              })),
            },
          }
        : {}),
    },
    Image: spec.imageId,
    Name: `/${spec.name}`,
    RestartCount: record.restarts,
    Driver: "local",
    Platform: "linux",
    HostConfig: {
      Binds: spec.mounts
        .filter((m) => m.type !== "tmpfs")
        .map((m) => `${m.source}:${m.target}${m.readOnly ? ":ro" : ""}`),
      NetworkMode: Object.keys(spec.networks)[0] ?? "none",
      PortBindings: bindings,
      RestartPolicy: { Name: spec.restart.name, MaximumRetryCount: spec.restart.maximumRetries },
      AutoRemove: spec.autoRemove,
      Memory: spec.memoryBytes ?? 0,
      NanoCpus: Math.round((spec.cpus ?? 0) * 1e9),
      CpuShares: spec.cpuShares ?? 0,
    },
    Mounts: spec.mounts.map((mount) => ({
      Type: mount.type,
      ...(mount.type === "volume" ? { Name: mount.source, Driver: "local" } : {}),
      Source: mount.source,
      Destination: mount.target,
      RW: !mount.readOnly,
    })),
    Config: {
      Hostname: spec.hostname ?? record.id.slice(0, 12),
      User: spec.user,
      Tty: spec.tty,
      OpenStdin: spec.openStdin,
      Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
      Cmd: spec.command,
      ...(spec.healthcheck
        ? {
            Healthcheck: {
              Test: spec.healthcheck.test,
              Interval: spec.healthcheck.intervalMilliseconds * nanoseconds,
              Timeout: spec.healthcheck.timeoutMilliseconds * nanoseconds,
              Retries: spec.healthcheck.retries,
            },
          }
        : {}),
      Image: spec.image,
      WorkingDir: spec.workingDir,
      Entrypoint: spec.entrypoint.length > 0 ? spec.entrypoint : null,
      Labels: spec.labels,
      StopSignal: spec.stopSignal,
      StopTimeout: spec.stopGraceSeconds,
    },
    NetworkSettings: {
      IPAddress: record.address,
      Ports: actual,
      Networks: Object.fromEntries(
        Object.entries(spec.networks).map(([name, { aliases }]) => [
          name,
          {
            NetworkID: engine.networks.find(name)?.id ?? "",
            Aliases: [...aliases, record.id.slice(0, 12)],
            IPAddress: record.status === "running" ? record.address : "",
          },
        ]),
      ),
    },
  };
}

/** `docker image inspect`. */
export function inspectImage(image: ImageRecord): Record<string, unknown> {
  return {
    Id: image.id,
    RepoTags: image.tags.map(familiar),
    RepoDigests: image.digests.map(familiar),
    Created: image.created,
    Config: image.config,
    Architecture: image.architecture,
    Os: "linux",
    Size: image.size,
    RootFS: { Type: "layers", Layers: image.layers },
  };
}

/** One row of `docker ps`, with the names that templates use. */
export function psRow(engine: Engine, record: ContainerRecord, full: boolean): Record<string, unknown> {
  const { spec } = record;
  const command = [...spec.entrypoint, ...spec.command].join(" ");
  return {
    ID: full ? record.id : record.id.slice(0, 12),
    Names: spec.name,
    Image: spec.image,
    Command: JSON.stringify(full || command.length <= 20 ? command : `${command.slice(0, 19)}…`),
    CreatedAt: record.created.replace("T", " ").replace(/\..*/, " +0000 UTC"),
    RunningFor: `${ago(record.created, engine.now())} ago`,
    State: record.status,
    Status: statusText(record, engine.now()),
    Ports: portsText(engine, record),
    Networks: Object.keys(spec.networks).join(","),
    Mounts: spec.mounts.map((mount) => mount.source).join(","),
    Labels: Object.entries(spec.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    LocalVolumes: String(spec.mounts.filter((mount) => mount.type === "volume").length),
    Size: "0B",
    Label: (name: string) => spec.labels[name] ?? "",
  };
}

/** `0.0.0.0:80->80/tcp, 2019/tcp`. */
function portsText(engine: Engine, record: ContainerRecord): string {
  if (record.status !== "running") return "";
  const published = engine.ports.of(record.id);
  const exposed = Object.keys(engine.images.find(record.spec.imageId)?.config.ExposedPorts ?? {});
  return [
    ...published.map((port) => `${port.hostIp}:${port.hostPort}->${port.containerPort}/tcp`),
    ...exposed.filter((key) => !published.some((port) => key === `${port.containerPort}/tcp`)),
  ].join(", ");
}

/** `Up 3 minutes (healthy)`, `Exited (1) 2 seconds ago`. */
export function statusText(record: ContainerRecord, now: Date): string {
  const health = record.health
    ? ` (${record.health.status === "starting" ? "health: starting" : record.health.status})`
    : "";
  switch (record.status) {
    case "created":
      return "Created";
    case "running":
      return `Up ${ago(record.startedAt ?? record.created, now)}${health}`;
    case "restarting":
      return `Restarting (${record.exitCode}) ${ago(record.finishedAt ?? record.created, now)} ago`;
    case "exited":
      return `Exited (${record.exitCode}) ${ago(record.finishedAt ?? record.created, now)} ago`;
  }
}

/** Docker's way to tell time: `Less than a second`, `About a minute`, `3 hours`. */
export function ago(since: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(since)) / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(hours / 24);
  return days < 14 ? `${days} days` : `${Math.floor(days / 7)} weeks`;
}
