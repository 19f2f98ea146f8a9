import { constants } from "node:os";
import { stringify } from "yaml";
import { followLogs } from "../docker/containers.ts";
import type { Command } from "../docker/commands.ts";
import type { Session } from "../docker/daemon.ts";
import { type Flags, type FlagTable, parseFlags, signalName } from "../docker/flags.ts";
import { psRow } from "../docker/present.ts";
import { execFlags, execIn, haveImage, runAttached } from "../docker/run.ts";
import { renderList } from "../docker/template.ts";
import { type ContainerRecord, DockerError } from "../engine/model.ts";
import type { Engine } from "../engine/engine.ts";
import { parseVolume } from "../engine/spec.ts";
import { composeFiles, loadProject } from "./load.ts";
import { label, type Project } from "./model.ts";
import * as deeds from "./up.ts";

interface Call {
  readonly engine: Engine;
  readonly session: Session;
  readonly project: Project;
  readonly args: readonly string[];
}

const globalFlags = {
  file: "list:f",
  "project-name": "string:p",
  "project-directory": "string",
  "env-file": "list",
  profile: "list",
  ansi: "string",
  progress: "string",
  compatibility: "boolean",
  parallel: "string",
} satisfies FlagTable;

/** Commands that find what they need by the containers' labels, without files. */
const byLabels = new Set(["down", "ps", "logs", "stop", "start", "restart", "kill", "rm"]);

/** `docker compose …`, version 2. */
export const composeCommand: Command = async (engine, session, args) => {
  const flags = parseFlags("docker compose", args, globalFlags, { until: "first" });
  const [word = "", ...rest] = flags.rest;
  if (word === "version") {
    session.out(rest.includes("--short") ? "5.0.0\n" : "Docker Compose version v5.0.0\n");
    return 0;
  }
  if (word === "ls") return listProjects(engine, session, rest);
  const command = commands[word];
  if (!command) throw new DockerError(`unknown docker command: "compose ${word}"\nthe local droplet's docker doesn't know it`, 1);
  const options = {
    files: flags.all("file"),
    projectName: flags.one("project-name"),
    directory: flags.one("project-directory"),
    envFiles: flags.all("env-file"),
    profiles: flags.all("profile"),
    cwd: session.cwd,
    env: session.env,
  };
  const unfiled = options.projectName !== undefined && byLabels.has(word) && composeFiles(options).length === 0;
  const project: Project = unfiled
    ? { name: options.projectName ?? "", directory: session.cwd, files: [], services: {}, networks: {}, volumes: {}, profiles: [] }
    : loadProject(options);
  return command({ engine, session, project, args: rest });
};

const seconds = (flags: Flags, name = "timeout"): number | undefined => {
  const text = flags.one(name);
  return text === undefined ? undefined : Number(text);
};

/** The project's containers, of the services named or of all. */
function chosen({ engine, project }: Call, services: readonly string[]): ContainerRecord[] {
  for (const name of services) {
    if (project.files.length > 0 && !project.services[name]) throw new DockerError(`no such service: ${name}`, 1);
  }
  return deeds
    .containersOf(engine, project.name)
    .filter(({ spec }) => services.length === 0 || services.includes(spec.labels[label.service] ?? ""));
}

function one(call: Call, service: string, index: number): ContainerRecord {
  const found = chosen(call, [service]).find(({ status, spec }) => status === "running" && spec.labels[label.number] === String(index));
  if (!found) throw new DockerError(`service "${service}" is not running`, 1);
  return found;
}

const upFlags = {
  detach: "boolean:d",
  wait: "boolean",
  "wait-timeout": "string",
  "no-deps": "boolean",
  "force-recreate": "boolean",
  "no-recreate": "boolean",
  "remove-orphans": "boolean",
  "no-start": "boolean",
  "no-build": "boolean",
  "no-color": "boolean",
  "no-log-prefix": "boolean",
  "quiet-pull": "boolean",
  pull: "string",
  scale: "list",
  timeout: "string:t",
  "renew-anon-volumes": "boolean:V",
} satisfies FlagTable;

const commands: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  async up({ engine, session, project, args }) {
    const flags = parseFlags("docker compose up", args, upFlags);
    const records = await deeds.up(engine, session, project, {
      services: flags.rest,
      withDependencies: !flags.has("no-deps"),
      forceRecreate: flags.has("force-recreate"),
      noRecreate: flags.has("no-recreate"),
      removeOrphans: flags.has("remove-orphans"),
      start: !flags.has("no-start"),
      pull: flags.one("pull"),
      graceSeconds: seconds(flags),
      scale: Object.fromEntries(flags.all("scale").map((pair) => [pair.split("=")[0] ?? "", Number(pair.split("=")[1])])),
    });
    if (flags.has("wait")) await deeds.waitHealthy(engine, session, records, seconds(flags, "wait-timeout"));
    if (flags.has("wait") || flags.has("detach") || flags.has("no-start")) return 0;
    session.onSignal(() => {
      for (const record of records) void engine.containers.stop(record.id, { seconds: seconds(flags) });
    });
    await showLogs(engine, session, records, parseFlags("docker compose up", ["--follow"], { follow: "boolean" }));
    return 0;
  },

  async down({ engine, session, project, args }) {
    const flags = parseFlags("docker compose down", args, { volumes: "boolean:v", "remove-orphans": "boolean", timeout: "string:t", rmi: "string" });
    await deeds.down(engine, session, project, {
      volumes: flags.has("volumes"),
      removeOrphans: flags.has("remove-orphans"),
      graceSeconds: seconds(flags),
    });
    return 0;
  },

  async ps(call) {
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
      .filter((record) => flags.has("all") || status.length > 0 || record.status === "running" || record.status === "restarting")
      .filter((record) => status.length === 0 || status.includes(record.status));
    if (flags.has("quiet")) session.out(records.map(({ id }) => `${id}\n`).join(""));
    else if (flags.has("services")) {
      session.out([...new Set(records.map(({ spec }) => `${spec.labels[label.service]}\n`))].join(""));
    } else {
      const columns = { Name: "NAME", Image: "IMAGE", Command: "COMMAND", Service: "SERVICE", RunningFor: "CREATED", Status: "STATUS", Ports: "PORTS" };
      session.out(renderList(records.map((record) => composeRow(engine, record)), flags.one("format"), columns));
    }
    return 0;
  },

  async run(call) {
    const { engine, session, project } = call;
    const flags = parseFlags("docker compose run", call.args, {
      rm: "boolean",
      "no-deps": "boolean",
      "no-TTY": "boolean:T",
      env: "list:e",
      entrypoint: "string",
      volume: "list:v",
      workdir: "string:w",
      user: "string:u",
      name: "string",
      label: "list:l",
      "service-ports": "boolean:P",
      detach: "boolean:d",
      interactive: "boolean:i",
      "quiet-pull": "boolean",
      quiet: "boolean:q",
      "remove-orphans": "boolean",
    }, { until: "first" });
    const [service = "", ...command] = flags.rest;
    const found = project.services[service];
    if (!found) throw new DockerError(`no such service: ${service}`, 1);
    if (!flags.has("no-deps") && Object.keys(found.dependsOn).length > 0) {
      await deeds.up(engine, session, project, { ...plainUp, services: Object.keys(found.dependsOn) });
      await deeds.awaitDependencies(engine, session, project, found);
    }
    deeds.makeNetworksAndVolumes(engine, session, project, [service]);
    await haveImage(engine, session, found.image ?? "", found.pullPolicy);
    const entrypoint = flags.one("entrypoint");
    const [user, workingDir, name] = [flags.one("user"), flags.one("workdir"), flags.one("name")];
    const record = deeds.create(engine, session, project, service, 1, {
      labels: { [label.oneOff]: "True" },
      env: Object.fromEntries(flags.all("env").map((pair) => [pair.split("=")[0] ?? "", pair.split(/=(.*)/s)[1] ?? session.env[pair] ?? ""])),
      mounts: flags.all("volume").map((text) => parseVolume(text, (path) => path)),
      autoRemove: flags.has("rm"),
      ...(flags.has("service-ports") ? {} : { ports: [] }),
      ...(command.length > 0 ? { command } : {}),
      ...(entrypoint === undefined ? {} : { entrypoint: entrypoint.split(" ").filter(Boolean) }),
      ...(user === undefined ? {} : { user }),
      ...(workingDir === undefined ? {} : { workingDir }),
      ...(name === undefined ? {} : { name }),
    });
    if (!flags.has("detach")) return runAttached(engine, session, record.id, true);
    await engine.containers.start(record.id);
    session.out(`${record.spec.name}\n`);
    return 0;
  },

  async exec(call) {
    const flags = parseFlags("docker compose exec", call.args, { ...execFlags, "no-TTY": "boolean:T", index: "string" }, { until: "first" });
    const [service = "", ...argv] = flags.rest;
    const record = one(call, service, Number(flags.one("index") ?? 1));
    return execIn(call.engine, call.session, record.id, argv, flags, true);
  },

  async logs(call) {
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
  },

  async pull({ engine, session, project, args }) {
    const flags = parseFlags("docker compose pull", args, { quiet: "boolean:q", "ignore-pull-failures": "boolean", policy: "string", "include-deps": "boolean" });
    const missing = flags.one("policy") === "missing";
    for (const name of deeds.orderServices(project, flags.rest, flags.has("include-deps"))) {
      await haveImage(engine, { ...session, err: () => {} }, project.services[name]?.image ?? "", missing ? "missing" : "always");
      session.err(` ${name} Pulled\n`);
    }
    return 0;
  },

  async start(call) {
    const flags = parseFlags("docker compose start", call.args, { wait: "boolean", "wait-timeout": "string" });
    const records = chosen(call, flags.rest);
    for (const record of records) await deeds.start(call.engine, call.session, record);
    if (flags.has("wait")) await deeds.waitHealthy(call.engine, call.session, records, seconds(flags, "wait-timeout"));
    return 0;
  },

  async stop(call) {
    const flags = parseFlags("docker compose stop", call.args, { timeout: "string:t" });
    await stopAll(call, chosen(call, flags.rest), seconds(flags));
    return 0;
  },

  async restart(call) {
    const flags = parseFlags("docker compose restart", call.args, { timeout: "string:t", "no-deps": "boolean" });
    const records = chosen(call, flags.rest);
    await stopAll(call, records, seconds(flags));
    for (const record of records) await deeds.start(call.engine, call.session, record);
    return 0;
  },

  async kill(call) {
    const flags = parseFlags("docker compose kill", call.args, { signal: "string:s", "remove-orphans": "boolean" });
    const signal = signalName(flags.one("signal") ?? "KILL", constants.signals);
    for (const record of chosen(call, flags.rest)) if (record.status === "running") call.engine.containers.kill(record.id, signal);
    return 0;
  },

  async rm(call) {
    const flags = parseFlags("docker compose rm", call.args, { force: "boolean:f", stop: "boolean:s", volumes: "boolean:v" });
    for (const record of chosen(call, flags.rest)) {
      if (flags.has("stop") || record.status !== "running") await deeds.discard(call.engine, call.session, record, undefined);
    }
    return 0;
  },

  async config({ session, project, args }) {
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
    else if (flags.has("volumes")) session.out(Object.keys(project.volumes).map((name) => `${name}\n`).join(""));
    else if (flags.one("format") === "json") session.out(`${JSON.stringify(project, null, 2)}\n`);
    else session.out(stringify(project));
    return 0;
  },
};

const plainUp = {
  withDependencies: true,
  forceRecreate: false,
  noRecreate: true,
  removeOrphans: false,
  start: true,
  pull: undefined,
  graceSeconds: undefined,
  scale: {},
} satisfies Partial<deeds.UpOptions>;

async function stopAll({ engine, session }: Call, records: readonly ContainerRecord[], grace: number | undefined): Promise<void> {
  await Promise.all(
    records.map(async (record) => {
      session.err(` Container ${record.spec.name}  Stopping\n`);
      await engine.containers.stop(record.id, { seconds: grace });
      session.err(` Container ${record.spec.name}  Stopped\n`);
    }),
  );
}

async function showLogs(engine: Engine, session: Session, records: readonly ContainerRecord[], flags: Flags): Promise<void> {
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

async function listProjects(engine: Engine, session: Session, args: readonly string[]): Promise<number> {
  const flags = parseFlags("docker compose ls", args, { all: "boolean:a", format: "string", quiet: "boolean:q", filter: "list" });
  const groups = Object.groupBy(
    engine.containers.list().filter(({ spec }) => spec.labels[label.project] !== undefined),
    ({ spec }) => spec.labels[label.project] ?? "",
  );
  const rows = Object.entries(groups).flatMap(([name, records = []]) => {
    const states = Object.entries(Object.groupBy(records, ({ status }) => status)).map(([status, list]) => `${status}(${list.length})`);
    const shown = flags.has("all") || records.some(({ status }) => status === "running");
    return shown ? [{ Name: name, Status: states.join(", "), ConfigFiles: records[0]?.spec.labels[label.files] ?? "" }] : [];
  });
  if (flags.has("quiet")) session.out(rows.map(({ Name }) => `${Name}\n`).join(""));
  else if (flags.one("format") === "json") session.out(`${JSON.stringify(rows)}\n`);
  else session.out(renderList(rows, undefined, { Name: "NAME", Status: "STATUS", ConfigFiles: "CONFIG FILES" }));
  return 0;
}
