import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { constants } from "node:os";
import { parseDotenv } from "../compose/dotenv.ts";
import { DockerError, type Healthcheck, type ImageRecord, type Mount } from "../engine/model.ts";
import type { Engine } from "../engine/engine.ts";
import type { Streams } from "../engine/process.ts";
import { containerSpec, parsePort, parseRestart, parseVolume, type Wanted } from "../engine/spec.ts";
import type { Command } from "./commands.ts";
import type { Session } from "./daemon.ts";
import { bytes, type Flags, type FlagTable, milliseconds, parseFlags, signalName } from "./flags.ts";

const runFlags = {
  detach: "boolean:d",
  rm: "boolean",
  interactive: "boolean:i",
  tty: "boolean:t",
  env: "list:e",
  "env-file": "list",
  volume: "list:v",
  mount: "list",
  tmpfs: "list",
  publish: "list:p",
  network: "list",
  "network-alias": "list",
  name: "string",
  hostname: "string:h",
  restart: "string",
  label: "list:l",
  workdir: "string:w",
  user: "string:u",
  entrypoint: "string",
  memory: "string:m",
  cpus: "string",
  "cpu-shares": "string:c",
  init: "boolean",
  "read-only": "boolean",
  "stop-signal": "string",
  "stop-timeout": "string",
  "health-cmd": "string",
  "health-interval": "string",
  "health-timeout": "string",
  "health-retries": "string",
  "health-start-period": "string",
  "health-start-interval": "string",
  "no-healthcheck": "boolean",
  pull: "string",
  quiet: "boolean:q",
  platform: "string",
  "log-driver": "string",
  "log-opt": "list",
  ulimit: "list",
  "cap-drop": "list",
  "cap-add": "list",
  "security-opt": "list",
} satisfies FlagTable;

/** The image, pulled where it is missing (or `always`). */
export async function haveImage(
  engine: Engine,
  session: Session,
  name: string,
  policy = "missing",
): Promise<ImageRecord> {
  const known = engine.images.find(name);
  if (known && policy !== "always") return known;
  if (policy === "never") throw new DockerError(`Error response from daemon: No such image: ${name}`, 125);
  if (!known) session.err(`Unable to find image '${name}' locally\n`);
  return engine.images.pull(
    name,
    (registry) => engine.logins.get(registry),
    (line) => session.err(`${line}\n`),
  );
}

export const runContainer =
  (verb: "run" | "create"): Command =>
  async (engine, session, args) => {
    const flags = parseFlags(`docker ${verb}`, args, runFlags, { until: "first" });
    const [name, ...command] = flags.rest;
    if (name === undefined) throw new DockerError(`"docker ${verb}" requires at least 1 argument.`, 125);
    const image = await haveImage(engine, session, name, flags.one("pull"));
    const record = engine.containers.create(containerSpec(wantedBy(flags, session, name, command), image));
    if (verb === "create") {
      session.out(`${record.id}\n`);
      return 0;
    }
    if (!flags.has("detach")) return runAttached(engine, session, record.id, flags.has("interactive"));
    await startOrRemove(engine, record.id);
    session.out(`${record.id}\n`);
    return 0;
  };

/** Starts it with the client's streams, hands on signals; the result is the container's exit code. */
export async function runAttached(engine: Engine, session: Session, id: string, interactive: boolean): Promise<number> {
  const streams: Streams = interactive ? { ...session.streams, stdin: session.stdin() } : session.streams;
  session.onSignal((name) => engine.containers.isLive(id) && engine.containers.kill(id, name));
  await startOrRemove(engine, id, streams);
  return engine.containers.find(id) ? engine.containers.wait(id) : 0;
}

async function startOrRemove(engine: Engine, id: string, streams?: Streams): Promise<void> {
  try {
    await engine.containers.start(id, streams);
  } catch (thrown) {
    if (engine.containers.find(id)?.spec.autoRemove) await engine.containers.remove(id);
    throw thrown;
  }
}

function wantedBy(flags: Flags, session: Session, image: string, command: readonly string[]): Wanted {
  const entrypoint = flags.one("entrypoint");
  const networks = flags.all("network");
  const aliases = flags.all("network-alias");
  const healthcheck = flags.has("no-healthcheck") ? "none" : healthBy(flags);
  const option = <K extends keyof Wanted>(key: K, value: Wanted[K] | undefined): Partial<Wanted> =>
    value === undefined ? {} : { [key]: value };
  const read = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const text = flags.one(name);
    return text === undefined ? undefined : parse(text);
  };
  return {
    image,
    env: environmentOf(flags, session),
    labels: pairs(flags.all("label")),
    mounts: [
      ...flags.all("volume").map((text) => parseVolume(text, (path) => resolve(session.cwd, path))),
      ...flags.all("mount").map(parseMount),
      ...flags
        .all("tmpfs")
        .map((text) => ({ type: "tmpfs" as const, source: "", target: text.split(":")[0] ?? "", readOnly: false })),
    ],
    ports: flags.all("publish").map(parsePort),
    networks: Object.fromEntries((networks.length > 0 ? networks : ["bridge"]).map((name) => [name, { aliases }])),
    autoRemove: flags.has("rm"),
    openStdin: flags.has("interactive"),
    tty: flags.has("tty"),
    ...option("name", flags.one("name")),
    ...option("hostname", flags.one("hostname")),
    ...option("command", command.length > 0 ? command : undefined),
    ...option("entrypoint", entrypoint === undefined ? undefined : entrypoint === "" ? [] : [entrypoint]),
    ...option("workingDir", flags.one("workdir")),
    ...option("user", flags.one("user")),
    ...option("restart", read("restart", parseRestart)),
    ...option(
      "stopSignal",
      read("stop-signal", (text) => signalName(text, constants.signals)),
    ),
    ...option("stopGraceSeconds", read("stop-timeout", Number)),
    ...option("memoryBytes", read("memory", bytes)),
    ...option("cpus", read("cpus", Number)),
    ...option("cpuShares", read("cpu-shares", Number)),
    ...option("healthcheck", healthcheck),
  };
}

function healthBy(flags: Flags): Partial<Healthcheck> | undefined {
  const test = flags.one("health-cmd");
  const times = {
    intervalMilliseconds: flags.one("health-interval"),
    timeoutMilliseconds: flags.one("health-timeout"),
    startPeriodMilliseconds: flags.one("health-start-period"),
    startIntervalMilliseconds: flags.one("health-start-interval"),
  };
  const given = Object.entries(times).flatMap(([key, text]) => (text === undefined ? [] : [[key, milliseconds(text)]]));
  const retries = flags.one("health-retries");
  if (test === undefined && given.length === 0 && retries === undefined) return undefined;
  return {
    ...(test === undefined ? {} : { test: ["CMD-SHELL", test] }),
    ...(Object.fromEntries(given) as Partial<Healthcheck>),
    ...(retries === undefined ? {} : { retries: Number(retries) }),
  };
}

/** `type=bind,source=/a,target=/b,readonly`. */
function parseMount(text: string): Mount {
  const fields = new Map(text.split(",").map((pair) => [pair.split("=")[0] ?? "", pair.split(/=(.*)/s)[1] ?? "true"]));
  const type = fields.get("type") ?? "volume";
  const target = fields.get("target") ?? fields.get("destination") ?? fields.get("dst");
  if (!target || (type !== "bind" && type !== "volume" && type !== "tmpfs")) {
    throw new DockerError(`invalid argument "${text}" for "--mount" flag`, 125);
  }
  return {
    type,
    source: fields.get("source") ?? fields.get("src") ?? "",
    target,
    readOnly: fields.has("readonly") || fields.has("ro"),
  };
}

const pairs = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.map((pair) => [pair.split("=")[0] ?? "", pair.split(/=(.*)/s)[1] ?? ""]));

/** `-e NAME` takes the client's value; files hold `NAME=value` as it stands. */
function environmentOf(flags: Flags, session: Session): Record<string, string> {
  const files = flags
    .all("env-file")
    .map((path) => parseDotenv(readFileSync(resolve(session.cwd, path), "utf8"), { raw: true }));
  const given = flags.all("env").flatMap((entry): [string, string][] => {
    const [name = "", value = session.env[name]] = entry.split(/=(.*)/s);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.assign({}, ...files, Object.fromEntries(given)) as Record<string, string>;
}

export const execFlags = {
  interactive: "boolean:i",
  tty: "boolean:t",
  detach: "boolean:d",
  env: "list:e",
  "env-file": "list",
  workdir: "string:w",
  user: "string:u",
  privileged: "boolean",
} satisfies FlagTable;

export const execCommand: Command = async (engine, session, args) => {
  const flags = parseFlags("docker exec", args, execFlags, { until: "first" });
  const [name = "", ...argv] = flags.rest;
  if (argv.length === 0) throw new DockerError('"docker exec" requires at least 2 arguments.', 1);
  return execIn(engine, session, engine.containers.require(name).id, argv, flags, flags.has("interactive"));
};

/** Runs a command in a container with the client's streams; the result is its exit code. */
export async function execIn(
  engine: Engine,
  session: Session,
  id: string,
  argv: readonly string[],
  flags: Flags,
  interactive: boolean,
): Promise<number> {
  const cwd = flags.one("workdir");
  const detached = flags.has("detach");
  const streams: Streams = detached
    ? { stdout: () => {}, stderr: () => {} }
    : interactive
      ? { ...session.streams, stdin: session.stdin() }
      : session.streams;
  const running = await engine.containers.exec(
    id,
    { argv, env: environmentOf(flags, session), ...(cwd === undefined ? {} : { cwd }) },
    streams,
  );
  if (detached) return 0;
  session.onSignal((name) => running.signal(name));
  return running.exited;
}
