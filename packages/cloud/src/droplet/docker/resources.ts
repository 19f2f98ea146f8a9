import { cpus, totalmem } from "node:os";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DockerError } from "../engine/model.ts";
import type { Engine } from "../engine/engine.ts";
import { volumeFolder } from "../runtimes/mounts.ts";
import type { Command } from "./commands.ts";
import { prune as pruneContainers, required } from "./containers.ts";
import { parseFlags } from "./flags.ts";
import { prune as pruneImages } from "./images.ts";
import { renderList, renderTemplate, table } from "./template.ts";

/** The version whose interface we follow. */
export const dockerVersion = "29.0.0";

export const version: Command = async (_, session, args) => {
  const format = parseFlags("docker version", args, { format: "string:f" }).one("format");
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const about = {
    Client: { Version: dockerVersion, ApiVersion: "1.52", Os: "linux", Arch: arch, Context: "default" },
    Server: {
      Platform: { Name: "The local droplet's stand-in for Docker" },
      Version: dockerVersion,
      ApiVersion: "1.52",
      MinAPIVersion: "1.44",
      Os: "linux",
      Arch: arch,
    },
  };
  if (format === "json") session.out(`${JSON.stringify(about)}\n`);
  else if (format !== undefined) session.out(`${renderTemplate(format, about)}\n`);
  else {
    session.out(
      `Client:\n Version:           ${dockerVersion}\n OS/Arch:           linux/${arch}\n\nServer: ${about.Server.Platform.Name}\n Version:          ${dockerVersion}\n`,
    );
  }
  return 0;
};

export const info: Command = async (engine, session, args) => {
  const format = parseFlags("docker info", args, { format: "string:f" }).one("format");
  const containers = engine.containers.list();
  const running = containers.filter((record) => record.status === "running").length;
  const about = {
    ID: engine.name,
    Name: engine.name,
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: 0,
    ContainersStopped: containers.length - running,
    Images: engine.images.list().length,
    Driver: "local",
    LoggingDriver: "json-file",
    ServerVersion: dockerVersion,
    OperatingSystem: "the local cloud's droplet",
    OSType: "linux",
    Architecture: process.arch === "x64" ? "x86_64" : "aarch64",
    NCPU: cpus().length,
    MemTotal: totalmem(),
    DockerRootDir: "/var/lib/docker",
  };
  if (format === "json") session.out(`${JSON.stringify(about)}\n`);
  else if (format !== undefined) session.out(`${renderTemplate(format, about)}\n`);
  else
    session.out(
      `Server:\n${Object.entries(about)
        .map(([key, value]) => ` ${key}: ${value}\n`)
        .join("")}`,
    );
  return 0;
};

const pairs = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.map((pair) => [pair.split("=")[0] ?? "", pair.split(/=(.*)/s)[1] ?? ""]));

const labelled = (labels: Readonly<Record<string, string>>, filters: readonly string[]): boolean =>
  filters
    .filter((filter) => filter.startsWith("label="))
    .every((filter) => {
      const [name = "", value] = filter.slice(6).split(/=(.*)/s);
      return value === undefined ? name in labels : labels[name] === value;
    });

export const network: Readonly<Record<string, Command>> = {
  async create(engine, session, args) {
    const flags = parseFlags("docker network create", args, {
      driver: "string:d",
      internal: "boolean",
      attachable: "boolean",
      label: "list",
      subnet: "list",
      opt: "list:o",
      ipv6: "boolean",
    });
    const [name = ""] = required("network create", flags.rest);
    const made = engine.networks.create(name, {
      driver: flags.one("driver") ?? "bridge",
      internal: flags.has("internal"),
      labels: pairs(flags.all("label")),
    });
    session.out(`${made.id}\n`);
    return 0;
  },
  async ls(engine, session, args) {
    const flags = parseFlags("docker network ls", args, {
      filter: "list:f",
      format: "string",
      quiet: "boolean:q",
      "no-trunc": "boolean",
    });
    const names = flags
      .all("filter")
      .filter((filter) => filter.startsWith("name="))
      .map((filter) => filter.slice(5));
    const rows = engine.networks
      .list()
      .filter((n) => labelled(n.labels, flags.all("filter")) && names.every((name) => new RegExp(name).test(n.name)))
      .map((n) => ({
        ID: n.id.slice(0, 12),
        Name: n.name,
        Driver: n.driver,
        Scope: "local",
        Internal: String(n.internal),
      }));
    if (flags.has("quiet")) session.out(rows.map((row) => `${row.ID}\n`).join(""));
    else
      session.out(
        renderList(rows, flags.one("format"), { ID: "NETWORK ID", Name: "NAME", Driver: "DRIVER", Scope: "SCOPE" }),
      );
    return 0;
  },
  async rm(engine, session, args) {
    const flags = parseFlags("docker network rm", args, { force: "boolean:f" });
    for (const name of required("network rm", flags.rest)) {
      if (flags.has("force") && !engine.networks.find(name)) continue;
      engine.networks.remove(name);
      session.out(`${name}\n`);
    }
    return 0;
  },
  async inspect(engine, session, args) {
    const flags = parseFlags("docker network inspect", args, { format: "string:f", verbose: "boolean:v" });
    const found = required("network inspect", flags.rest).map((name) => {
      const n = engine.networks.require(name);
      const members = engine.networks.members(n.name).filter((record) => record.status === "running");
      return {
        Name: n.name,
        Id: n.id,
        Created: n.created,
        Scope: "local",
        Driver: n.driver,
        Internal: n.internal,
        Labels: n.labels,
        Containers: Object.fromEntries(
          members.map((m) => [m.id, { Name: m.spec.name, IPv4Address: `${m.address}/8` }]),
        ),
      };
    });
    const format = flags.one("format");
    if (format === undefined) session.out(`${JSON.stringify(found, null, 4)}\n`);
    else
      for (const item of found)
        session.out(`${format === "json" ? JSON.stringify(item) : renderTemplate(format, item)}\n`);
    return 0;
  },
};

export const volume: Readonly<Record<string, Command>> = {
  async create(engine, session, args) {
    const flags = parseFlags("docker volume create", args, {
      driver: "string:d",
      label: "list",
      name: "string",
      opt: "list:o",
    });
    const name = flags.rest[0] ?? flags.one("name");
    if (name === undefined) throw new DockerError("the local droplet's docker wants a name for a volume", 125);
    engine.networks.volume(name, pairs(flags.all("label")));
    session.out(`${name}\n`);
    return 0;
  },
  async ls(engine, session, args) {
    const flags = parseFlags("docker volume ls", args, { filter: "list:f", format: "string", quiet: "boolean:q" });
    const rows = engine.networks
      .volumes()
      .filter((v) => labelled(v.labels, flags.all("filter")))
      .map((v) => ({ Driver: "local", Name: v.name, Scope: "local", Mountpoint: volumeFolder(engine.disk, v.name) }));
    if (flags.has("quiet")) session.out(rows.map((row) => `${row.Name}\n`).join(""));
    else session.out(renderList(rows, flags.one("format"), { Driver: "DRIVER", Name: "VOLUME NAME" }));
    return 0;
  },
  async rm(engine, session, args) {
    const flags = parseFlags("docker volume rm", args, { force: "boolean:f" });
    for (const name of required("volume rm", flags.rest)) {
      if (flags.has("force") && !engine.networks.volumes().some((v) => v.name === name)) continue;
      await removeVolume(engine, name);
      session.out(`${name}\n`);
    }
    return 0;
  },
  async inspect(engine, session, args) {
    const flags = parseFlags("docker volume inspect", args, { format: "string:f" });
    const found = required("volume inspect", flags.rest).map((name) => {
      const v = engine.networks.volumes().find((entry) => entry.name === name);
      if (!v) throw new DockerError(`[]\nError response from daemon: get ${name}: no such volume`);
      return {
        Name: v.name,
        Driver: "local",
        Labels: v.labels,
        CreatedAt: v.created,
        Scope: "local",
        Mountpoint: volumeFolder(engine.disk, v.name),
      };
    });
    const format = flags.one("format");
    if (format === undefined) session.out(`${JSON.stringify(found, null, 4)}\n`);
    else for (const item of found) session.out(`${renderTemplate(format, item)}\n`);
    return 0;
  },
};

/** Removes a volume with what is in it. */
export async function removeVolume(engine: Engine, name: string): Promise<void> {
  engine.networks.removeVolume(name);
  await rm(dirname(volumeFolder(engine.disk, name)), { recursive: true, force: true });
}

export const diskUsage: Command = async (engine, session, args) => {
  const format = parseFlags("docker system df", args, { format: "string", verbose: "boolean:v" }).one("format");
  const images = engine.images.list();
  const containers = engine.containers.list();
  const used = images.filter((image) => containers.some((record) => record.spec.imageId === image.id));
  const size = images.reduce((sum, image) => sum + image.size, 0);
  const row = (Type: string, total: number, active: number, Size: string) => ({
    Type,
    TotalCount: String(total),
    Active: String(active),
    Size,
    Reclaimable: "0B",
  });
  const rows = [
    row("Images", images.length, used.length, `${(size / 1e6).toPrecision(3)}MB`),
    row("Containers", containers.length, containers.filter((record) => record.status === "running").length, "0B"),
    row("Local Volumes", engine.networks.volumes().length, engine.networks.volumes().length, "0B"),
    row("Build Cache", 0, 0, "0B"),
  ];
  if (format !== undefined) session.out(renderList(rows, format, {}));
  else
    session.out(
      table([["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"], ...rows.map((entry) => Object.values(entry))]),
    );
  return 0;
};

export const prune: Command = async (engine, session, args) => {
  const flags = parseFlags("docker system prune", args, {
    all: "boolean:a",
    force: "boolean:f",
    filter: "list",
    volumes: "boolean",
  });
  const filters = flags.all("filter").flatMap((filter) => ["--filter", filter]);
  await pruneContainers(engine, session, ["--force", ...filters]);
  return pruneImages(engine, session, ["--force", ...(flags.has("all") ? ["--all"] : []), ...filters]);
};
