import { constants } from "node:os";
import { type ContainerRecord, daemonError, DockerError } from "../engine/model.ts";
import type { Engine } from "../engine/engine.ts";
import type { LogLine } from "../engine/logs.ts";
import type { Session } from "./daemon.ts";
import { type FlagTable, milliseconds, parseFlags, signalName } from "./flags.ts";
import { inspectContainer, inspectImage, psRow } from "./present.ts";
import { renderList, renderTemplate } from "./template.ts";
import type { Command } from "./commands.ts";

/** Whether a container passes `--filter key=value`; values of one key are alternatives. */
export function passes(record: ContainerRecord, filters: readonly string[]): boolean {
  const byKey = Object.groupBy(filters, (filter) => filter.split("=")[0] ?? "");
  return Object.entries(byKey).every(([key, wanted = []]) => {
    const values = wanted.map((filter) => filter.slice(key.length + 1));
    const test = (value: string): boolean => {
      const [name = "", expected] = value.split(/=(.*)/s);
      switch (key) {
        case "label":
          return expected === undefined ? name in record.spec.labels : record.spec.labels[name] === expected;
        case "name":
          return new RegExp(value).test(`/${record.spec.name}`) || new RegExp(value).test(record.spec.name);
        case "id":
          return record.id.startsWith(value);
        case "status":
          return record.status === value;
        case "health":
          return (record.health?.status ?? "none") === value;
        case "ancestor":
          return record.spec.image === value || record.spec.imageId.includes(value);
        case "network":
          return value in record.spec.networks;
        case "volume":
          return record.spec.mounts.some((mount) => mount.source === value || mount.target === value);
        case "exited":
          return record.status === "exited" && record.exitCode === Number(value);
        default:
          throw new DockerError(`Error response from daemon: invalid filter '${key}'`, 1);
      }
    };
    // Labels must all be there; of the others one is enough.
    return key === "label" ? values.every(test) : values.some(test);
  });
}

const columns = {
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Command: "COMMAND",
  RunningFor: "CREATED",
  Status: "STATUS",
  Ports: "PORTS",
  Names: "NAMES",
};

export const ps: Command = async (engine, session, args) => {
  const flags = parseFlags("docker ps", args, {
    all: "boolean:a",
    filter: "list:f",
    format: "string",
    quiet: "boolean:q",
    "no-trunc": "boolean",
    latest: "boolean:l",
    last: "string:n",
  });
  const filters = flags.all("filter");
  const everything =
    flags.has("all") ||
    flags.has("latest") ||
    flags.one("last") !== undefined ||
    filters.some((f) => f.startsWith("status=") || f.startsWith("exited="));
  const last = flags.has("latest") ? 1 : Number(flags.one("last") ?? Number.POSITIVE_INFINITY);
  const records = engine.containers
    .list()
    .filter((record) => everything || record.status === "running" || record.status === "restarting")
    .filter((record) => passes(record, filters))
    .toReversed()
    .slice(0, last);
  const rows = records.map((record) => psRow(engine, record, flags.has("no-trunc")));
  if (flags.has("quiet")) session.out(rows.map((row) => `${row["ID"] as string}\n`).join(""));
  else session.out(renderList(rows, flags.one("format"), columns));
  return 0;
};

/** `docker inspect`: what is not found is said after what was. */
export const inspect =
  (kind: "container" | "image" | "any"): Command =>
  async (engine, session, args) => {
    const flags = parseFlags("docker inspect", args, { format: "string:f", size: "boolean:s", type: "string" });
    const only = flags.one("type") ?? kind;
    const found: Record<string, unknown>[] = [];
    const missing: string[] = [];
    for (const name of flags.rest) {
      const container = only === "image" ? undefined : engine.containers.find(name);
      const image = container || only === "container" ? undefined : engine.images.find(name);
      const network = only === "any" && !container && !image ? engine.networks.find(name) : undefined;
      if (container) found.push(inspectContainer(engine, container));
      else if (image) found.push(inspectImage(image));
      else if (network) found.push({ Name: network.name, Id: network.id, Labels: network.labels });
      else missing.push(name);
    }
    const format = flags.one("format");
    if (format === undefined) session.out(`${JSON.stringify(found, null, 4)}\n`);
    else
      for (const item of found)
        session.out(`${format === "json" ? JSON.stringify(item) : renderTemplate(format, item)}\n`);
    for (const name of missing) {
      session.err(
        only === "any" ? `Error: No such object: ${name}\n` : `Error response from daemon: No such ${only}: ${name}\n`,
      );
    }
    return missing.length > 0 ? 1 : 0;
  };

const logFlags = {
  follow: "boolean:f",
  tail: "string:n",
  since: "string",
  until: "string",
  timestamps: "boolean:t",
  details: "boolean",
} satisfies FlagTable;

export const logs: Command = async (engine, session, args) => {
  const flags = parseFlags("docker logs", args, logFlags);
  const record = engine.containers.require(required("logs", flags.rest)[0] ?? "");
  const show = (line: LogLine): void => {
    const text = `${flags.has("timestamps") ? `${line.time} ` : ""}${line.text}\n`;
    if (line.stream === "stdout") session.out(text);
    else session.err(text);
  };
  await followLogs(engine, session, [record], flags, (_, line) => show(line));
  return 0;
};

/** Shows what is logged, in order of time, and with `--follow` what comes, until the containers end. */
export async function followLogs(
  engine: Engine,
  session: Session,
  records: readonly ContainerRecord[],
  flags: ReturnType<typeof parseFlags>,
  show: (record: ContainerRecord, line: LogLine) => void,
): Promise<void> {
  const since = moment(flags.one("since"), engine.now());
  const until = moment(flags.one("until"), engine.now());
  const tail = flags.one("tail");
  const past = records.flatMap((record) => {
    const lines = engine.containers
      .log(record.id)
      .read()
      .filter((line) => (!since || line.time >= since) && (!until || line.time <= until));
    const kept = tail === undefined || tail === "all" ? lines : Number(tail) === 0 ? [] : lines.slice(-Number(tail));
    return kept.map((line) => ({ record, line }));
  });
  for (const { record, line } of past.sort((a, b) =>
    a.line.time < b.line.time ? -1 : a.line.time > b.line.time ? 1 : 0,
  )) {
    show(record, line);
  }
  if (!flags.has("follow")) return;
  await Promise.all(
    records
      .filter((record) => engine.containers.isLive(record.id))
      .map(
        (record) =>
          new Promise<void>((resolve) => {
            const log = engine.containers.log(record.id);
            const onLine = (line: LogLine): void => show(record, line);
            const finish = (): void => {
              log.off("line", onLine).off("end", finish);
              resolve();
            };
            log.on("line", onLine).on("end", finish);
            session.gone.addEventListener("abort", finish, { once: true });
          }),
      ),
  );
}

/** `2026-01-02T…`, epoch seconds or a duration before now, as an ISO time. */
function moment(text: string | undefined, now: Date): string | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000).toISOString();
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return new Date(now.getTime() - milliseconds(text)).toISOString();
  return new Date(text).toISOString();
}

export const start: Command = async (engine, session, args) => {
  const flags = parseFlags("docker start", args, {});
  return forEach(session, required("start", flags.rest), (name) => engine.containers.start(name));
};

const timeFlags = { time: "string:t", timeout: "string", signal: "string:s" } satisfies FlagTable;
const seconds = (flags: ReturnType<typeof parseFlags>): number | undefined => {
  const text = flags.one("time") ?? flags.one("timeout");
  if (text === undefined) return undefined;
  return Number(text) < 0 ? 1e9 : Number(text);
};

export const stop: Command = async (engine, session, args) => {
  const flags = parseFlags("docker stop", args, timeFlags);
  return forEach(session, required("stop", flags.rest), (name) =>
    engine.containers.stop(name, { seconds: seconds(flags) }),
  );
};

export const restart: Command = async (engine, session, args) => {
  const flags = parseFlags("docker restart", args, timeFlags);
  return forEach(session, required("restart", flags.rest), async (name) => {
    await engine.containers.stop(name, { seconds: seconds(flags) });
    await engine.containers.start(name);
  });
};

export const kill: Command = async (engine, session, args) => {
  const flags = parseFlags("docker kill", args, { signal: "string:s" });
  const signal = signalName(flags.one("signal") ?? "KILL", constants.signals);
  return forEach(session, required("kill", flags.rest), async (name) => {
    engine.containers.kill(name, signal);
    if (signal === "SIGKILL") await engine.containers.wait(name);
  });
};

/** Of what the real one changes, only the weight. */
export const update: Command = async (engine, session, args) => {
  const flags = parseFlags("docker update", args, { "cpu-shares": "string:c" });
  const shares = Number(flags.one("cpu-shares"));
  if (!Number.isInteger(shares) || shares < 0) {
    const text = JSON.stringify(flags.one("cpu-shares") ?? "");
    throw new DockerError(`invalid argument ${text} for "-c, --cpu-shares" flag`, 125);
  }
  return forEach(session, required("update", flags.rest), async (name) => engine.containers.setCpuShares(name, shares));
};

export const remove: Command = async (engine, session, args) => {
  const flags = parseFlags("docker rm", args, { force: "boolean:f", volumes: "boolean:v", link: "boolean:l" });
  return forEach(session, required("rm", flags.rest), async (name) => {
    if (flags.has("force") && !engine.containers.find(name)) throw daemonError(`No such container: ${name}`);
    await engine.containers.remove(name, { force: flags.has("force") });
  });
};

export const wait: Command = async (engine, session, args) => {
  for (const name of required("wait", args)) session.out(`${await engine.containers.wait(name)}\n`);
  return 0;
};

export const port: Command = async (engine, session, [name = "", wanted]) => {
  for (const entry of engine.ports.of(engine.containers.require(name).id)) {
    const target = `${entry.containerPort}/tcp`;
    if (wanted !== undefined && wanted !== target && wanted !== String(entry.containerPort)) continue;
    session.out(`${wanted === undefined ? `${target} -> ` : ""}${entry.hostIp}:${entry.hostPort}\n`);
  }
  return 0;
};

export const prune: Command = async (engine, session, args) => {
  const flags = parseFlags("docker container prune", args, { force: "boolean:f", filter: "list" });
  for (const record of engine.containers.list()) {
    if (record.status !== "exited" && record.status !== "created") continue;
    if (
      !passes(
        record,
        flags.all("filter").filter((filter) => filter.startsWith("label=")),
      )
    )
      continue;
    await engine.containers.remove(record.id);
    session.out(`${record.id}\n`);
  }
  return 0;
};

export function required(command: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) throw new DockerError(`"docker ${command}" requires at least 1 argument.`, 1);
  return names;
}

/** Does it for each name, says the name after it; goes on after a failure and ends with 1. */
async function forEach(
  session: Session,
  names: readonly string[],
  deed: (name: string) => Promise<void>,
): Promise<number> {
  let failed = 0;
  await Promise.all(
    names.map(async (name) => {
      try {
        await deed(name);
        session.out(`${name}\n`);
      } catch (thrown) {
        failed = 1;
        session.err(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
      }
    }),
  );
  return failed;
}
