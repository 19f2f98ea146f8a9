import { constants } from "node:os";
import type { Command } from "../docker/commands.ts";
import { type Flags, type FlagTable, parseFlags, signalName } from "../docker/flags.ts";
import { execFlags, execIn, haveImage, runAttached } from "../docker/run.ts";
import { type ContainerRecord, DockerError } from "../engine/model.ts";
import { parseVolume } from "../engine/spec.ts";
import { composeFiles, loadProject } from "./load.ts";
import { label, type Project } from "./model.ts";
import { type Call, chosen, config, listProjects, logs, ps, showLogs } from "./show.ts";
import * as deeds from "./up.ts";
import { activeServices } from "./up.ts";

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
  if (!command)
    throw new DockerError(`unknown docker command: "compose ${word}"\nthe local droplet's docker doesn't know it`, 1);
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
    ? {
        name: options.projectName ?? "",
        directory: session.cwd,
        files: [],
        services: {},
        networks: {},
        volumes: {},
        profiles: [],
      }
    : loadProject(options);
  return command({ engine, session, project, args: rest });
};

const seconds = (flags: Flags, name = "timeout"): number | undefined => {
  const text = flags.one(name);
  return text === undefined ? undefined : Number(text);
};

/** Of the services named, or of all that are started without a profile or by one that was asked for. */
const running = (call: Call, services: readonly string[]): ContainerRecord[] => {
  const unnamed = services.length === 0 && call.project.files.length > 0;
  return unnamed ? activeServices(call.project).flatMap((name) => chosen(call, [name])) : chosen(call, services);
};

function one(call: Call, service: string, index: number): ContainerRecord {
  const found = chosen(call, [service]).find(
    ({ status, spec }) => status === "running" && spec.labels[label.number] === String(index),
  );
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
      scale: Object.fromEntries(
        flags.all("scale").map((pair) => [pair.split("=")[0] ?? "", Number(pair.split("=")[1])]),
      ),
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
    const flags = parseFlags("docker compose down", args, {
      volumes: "boolean:v",
      "remove-orphans": "boolean",
      timeout: "string:t",
      rmi: "string",
    });
    await deeds.down(engine, session, project, {
      volumes: flags.has("volumes"),
      removeOrphans: flags.has("remove-orphans"),
      graceSeconds: seconds(flags),
    });
    return 0;
  },

  async run(call) {
    const { engine, session, project } = call;
    const flags = parseFlags(
      "docker compose run",
      call.args,
      {
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
      },
      { until: "first" },
    );
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
      env: Object.fromEntries(
        flags.all("env").map((pair) => [pair.split("=")[0] ?? "", pair.split(/=(.*)/s)[1] ?? session.env[pair] ?? ""]),
      ),
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
    const flags = parseFlags(
      "docker compose exec",
      call.args,
      { ...execFlags, "no-TTY": "boolean:T", index: "string" },
      { until: "first" },
    );
    const [service = "", ...argv] = flags.rest;
    const record = one(call, service, Number(flags.one("index") ?? 1));
    return execIn(call.engine, call.session, record.id, argv, flags, true);
  },

  async pull({ engine, session, project, args }) {
    const flags = parseFlags("docker compose pull", args, {
      quiet: "boolean:q",
      "ignore-pull-failures": "boolean",
      policy: "string",
      "include-deps": "boolean",
    });
    const missing = flags.one("policy") === "missing";
    for (const name of deeds.orderServices(project, flags.rest, flags.has("include-deps"))) {
      await haveImage(
        engine,
        { ...session, err: () => {} },
        project.services[name]?.image ?? "",
        missing ? "missing" : "always",
      );
      session.err(` ${name} Pulled\n`);
    }
    return 0;
  },

  async start(call) {
    const flags = parseFlags("docker compose start", call.args, { wait: "boolean", "wait-timeout": "string" });
    const records = running(call, flags.rest);
    for (const record of records) await deeds.start(call.engine, call.session, record);
    if (flags.has("wait")) await deeds.waitHealthy(call.engine, call.session, records, seconds(flags, "wait-timeout"));
    return 0;
  },

  async stop(call) {
    const flags = parseFlags("docker compose stop", call.args, { timeout: "string:t" });
    await stopAll(call, running(call, flags.rest), seconds(flags));
    return 0;
  },

  async restart(call) {
    const flags = parseFlags("docker compose restart", call.args, { timeout: "string:t", "no-deps": "boolean" });
    const records = running(call, flags.rest);
    await stopAll(call, records, seconds(flags));
    for (const record of records) await deeds.start(call.engine, call.session, record);
    return 0;
  },

  ps,
  logs,
  config,

  async kill(call) {
    const flags = parseFlags("docker compose kill", call.args, { signal: "string:s", "remove-orphans": "boolean" });
    const signal = signalName(flags.one("signal") ?? "KILL", constants.signals);
    for (const record of running(call, flags.rest))
      if (record.status === "running") call.engine.containers.kill(record.id, signal);
    return 0;
  },

  async rm(call) {
    const flags = parseFlags("docker compose rm", call.args, {
      force: "boolean:f",
      stop: "boolean:s",
      volumes: "boolean:v",
    });
    for (const record of running(call, flags.rest)) {
      if (flags.has("stop") || record.status !== "running")
        await deeds.discard(call.engine, call.session, record, undefined);
    }
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

async function stopAll(
  { engine, session }: Call,
  records: readonly ContainerRecord[],
  grace: number | undefined,
): Promise<void> {
  await Promise.all(
    records.map(async (record) => {
      session.err(` Container ${record.spec.name}  Stopping\n`);
      await engine.containers.stop(record.id, { seconds: grace });
      session.err(` Container ${record.spec.name}  Stopped\n`);
    }),
  );
}
