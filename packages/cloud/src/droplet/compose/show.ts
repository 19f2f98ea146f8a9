import { stringify } from "yaml";
import { followLogs } from "../docker/containers.ts";
import type { Session } from "../docker/daemon.ts";
import { type Flags, parseFlags } from "../docker/flags.ts";
import { psRow } from "../docker/present.ts";
import { renderList } from "../docker/template.ts";
import { type ContainerRecord, DockerError } from "../engine/model.ts";
import type { Engine } from "../engine/engine.ts";
import { label, type Project } from "./model.ts";
import { containersOf } from "./up.ts";

/** One `docker compose …` with its project read. */
export interface Call {
  readonly engine: Engine;
  readonly session: Session;
  readonly project: Project;
  readonly args: readonly string[];
}

/** The project's containers, of the services named or of all. */
export function chosen({ engine, project }: Call, services: readonly string[]): ContainerRecord[] {
  for (const name of services) {
    if (project.files.length > 0 && !project.services[name]) throw new DockerError(`no such service: ${name}`, 1);
  }
  return containersOf(engine, project.name).filter(
    ({ spec }) => services.length === 0 || services.includes(spec.labels[label.service] ?? ""),
  );
}

export async function ps(call: Call): Promise<number> {
  const { engine, session } = call;
  const flags = parseFlags("docker compose ps", call.args, {
    all: "boolean:a",
    format: "string",
    quiet: "boolean:q",
    services: "boolean",
    status: "list",
    filter: "list",
    "no-trunc": "boolean",
    orphans: "boolean",
  });
  const status = [...flags.all("status"), ...flags.all("filter").map((filter) => filter.replace(/^status=/, ""))];
  const records = chosen(call, flags.rest)
    .filter(
      (record) =>
        flags.has("all") || status.length > 0 || record.status === "running" || record.status === "restarting",
    )
    .filter((record) => status.length === 0 || status.includes(record.status))
    .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  if (flags.has("quiet")) session.out(records.map(({ id }) => `${id}\n`).join(""));
  else if (flags.has("services")) {
    session.out([...new Set(records.map(({ spec }) => `${spec.labels[label.service]}\n`))].join(""));
  } else {
    const columns = {
      Name: "NAME",
      Image: "IMAGE",
      Command: "COMMAND",
      Service: "SERVICE",
      RunningFor: "CREATED",
      Status: "STATUS",
      Ports: "PORTS",
    };
    session.out(
      renderList(
        records.map((record) => composeRow(engine, record)),
        flags.one("format"),
        columns,
      ),
    );
  }
  return 0;
}

export async function logs(call: Call): Promise<number> {
  const flags = parseFlags("docker compose logs", call.args, {
    follow: "boolean:f",
    tail: "string:n",
    since: "string",
    until: "string",
    timestamps: "boolean:t",
    "no-color": "boolean",
    "no-log-prefix": "boolean",
  });
  await showLogs(call.engine, call.session, chosen(call, flags.rest), flags);
  return 0;
}

export async function config({ session, project, args }: Call): Promise<number> {
  const flags = parseFlags("docker compose config", args, {
    quiet: "boolean:q",
    services: "boolean",
    images: "boolean",
    volumes: "boolean",
    format: "string",
  });
  const names = Object.keys(project.services);
  if (flags.has("quiet")) return 0;
  if (flags.has("services")) session.out(names.map((name) => `${name}\n`).join(""));
  else if (flags.has("images")) session.out(names.map((name) => `${project.services[name]?.image}\n`).join(""));
  else if (flags.has("volumes"))
    session.out(
      Object.keys(project.volumes)
        .map((name) => `${name}\n`)
        .join(""),
    );
  else if (flags.one("format") === "json") session.out(`${JSON.stringify(project, null, 2)}\n`);
  else session.out(stringify(project));
  return 0;
}

/** Lines with the container's name before them. */
export async function showLogs(
  engine: Engine,
  session: Session,
  records: readonly ContainerRecord[],
  flags: Flags,
): Promise<void> {
  const prefix = ({ spec }: ContainerRecord): string => {
    const own = `${spec.labels[label.project]}-`;
    return spec.name.startsWith(own) ? spec.name.slice(own.length) : spec.name;
  };
  const width = Math.max(0, ...records.map((record) => prefix(record).length));
  await followLogs(engine, session, records, flags, (record, line) => {
    const time = flags.has("timestamps") ? `${line.time} ` : "";
    const head = flags.has("no-log-prefix") ? "" : `${prefix(record).padEnd(width)}  | `;
    if (line.stream === "stdout") session.out(`${head}${time}${line.text}\n`);
    else session.err(`${head}${time}${line.text}\n`);
  });
}

/** A row of `docker compose ps --format json`. */
function composeRow(engine: Engine, record: ContainerRecord): Record<string, unknown> {
  const { Label, ...row } = psRow(engine, record, false);
  void Label;
  return {
    ...row,
    Name: record.spec.name,
    Project: record.spec.labels[label.project],
    Service: record.spec.labels[label.service],
    Created: Math.floor(Date.parse(record.created) / 1000),
    ExitCode: record.exitCode,
    Health: record.health?.status ?? "",
    Publishers: engine.ports.of(record.id).map((port) => ({
      URL: port.hostIp,
      TargetPort: port.containerPort,
      PublishedPort: port.hostPort,
      Protocol: "tcp",
    })),
  };
}

/** `docker compose ls`. */
export async function listProjects(engine: Engine, session: Session, args: readonly string[]): Promise<number> {
  const flags = parseFlags("docker compose ls", args, {
    all: "boolean:a",
    format: "string",
    quiet: "boolean:q",
    filter: "list",
  });
  const groups = Object.groupBy(
    engine.containers.list().filter(({ spec }) => spec.labels[label.project] !== undefined),
    ({ spec }) => spec.labels[label.project] ?? "",
  );
  const rows = Object.entries(groups).flatMap(([name, records = []]) => {
    const states = Object.entries(Object.groupBy(records, ({ status }) => status)).map(
      ([status, list]) => `${status}(${list.length})`,
    );
    const shown = flags.has("all") || records.some(({ status }) => status === "running");
    return shown
      ? [{ Name: name, Status: states.join(", "), ConfigFiles: records[0]?.spec.labels[label.files] ?? "" }]
      : [];
  });
  if (flags.has("quiet")) session.out(rows.map(({ Name }) => `${Name}\n`).join(""));
  else if (flags.one("format") === "json") session.out(`${JSON.stringify(rows)}\n`);
  else session.out(renderList(rows, undefined, { Name: "NAME", Status: "STATUS", ConfigFiles: "CONFIG FILES" }));
  return 0;
}
