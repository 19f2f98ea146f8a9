import { shellScript } from "../host/quote.ts";

/** Builders of `docker` argv. They do no I/O; secrets are never part of them. */
export const docker = {
  /** Prints `26.1.5 platform=linux/amd64`. */
  version: (): readonly string[] => [
    "docker",
    "version",
    "--format",
    "{{.Server.Version}} platform={{.Server.Os}}/{{.Server.Arch}}",
  ],
  imagePlatform: (reference: string): readonly string[] => [
    "docker",
    "image",
    "inspect",
    "--format",
    "{{.Os}}/{{.Architecture}}",
    reference,
  ],
  /** Prints `sha256:… linux/amd64`. */
  imageIdentity: (reference: string): readonly string[] => [
    "docker",
    "image",
    "inspect",
    "--format",
    "{{.Id}} {{.Os}}/{{.Architecture}}",
    reference,
  ],
  /** The password travels by standard input. */
  login: (host: string, username: string): readonly string[] => [
    "docker",
    "login",
    host,
    "--username",
    username,
    "--password-stdin",
  ],
  logout: (host: string): readonly string[] => ["docker", "logout", host],
  pull: (reference: string): readonly string[] => ["docker", "pull", "--quiet", reference],
  removeImage: (reference: string): readonly string[] => ["docker", "image", "rm", reference],
  /** Ids of running containers that pass a filter. */
  running: (filter: string): readonly string[] => ["docker", "ps", "--quiet", "--filter", filter],
  /** Those that are there, as a list; ends with 1 where one is not. */
  inspect: (...containers: readonly string[]): readonly string[] => ["docker", "inspect", ...containers],
  /** Id and status (`Up 5 minutes (healthy)`) of a compose project's running containers. */
  status: (project: string): readonly string[] => [
    "docker",
    "ps",
    "--no-trunc",
    "--filter",
    `label=com.docker.compose.project=${project}`,
    "--format",
    "{{.ID}} {{.Status}}",
  ],
  logs: (
    container: string,
    options: {
      readonly tail?: number;
      readonly follow?: boolean;
      readonly timestamps?: boolean;
      readonly sinceSeconds?: number;
      /** Time of a line, as `timestamps` shows it. */
      readonly since?: string;
    } = {},
  ): readonly string[] => [
    "docker",
    "logs",
    // A span, not a moment: the host's clock counts.
    ...(options.sinceSeconds === undefined ? [] : ["--since", `${options.sinceSeconds.toFixed(2)}s`]),
    ...(options.since === undefined ? [] : ["--since", options.since]),
    ...(options.tail === undefined ? [] : ["--tail", String(options.tail)]),
    ...(options.timestamps ? ["--timestamps"] : []),
    ...(options.follow ? ["--follow"] : []),
    container,
  ],
  signal: (container: string, signal: string): readonly string[] => ["docker", "kill", "--signal", signal, container],
  restart: (container: string, graceSeconds: number): readonly string[] => [
    "docker",
    "restart",
    "--time",
    String(graceSeconds),
    container,
  ],
  /** Of a running container, and of every start of it from now on. */
  setCpuShares: (container: string, shares: number): readonly string[] => [
    "docker",
    "update",
    "--cpu-shares",
    String(shares),
    container,
  ],
  exec: (
    container: string,
    argv: readonly string[],
    options: { readonly terminal?: boolean } = {},
  ): readonly string[] => ["docker", "exec", ...(options.terminal ? ["-it"] : []), container, ...argv],
};

export interface ComposeProject {
  readonly name: string;
  /** Absolute paths on the host; later ones lie over earlier ones. */
  readonly files: readonly string[];
  /** What relative paths in the files are relative to. */
  readonly directory: string;
}

/** Builders of `docker compose` argv for one project. */
export function compose(project: ComposeProject) {
  const prefix = [
    "docker",
    "compose",
    "--project-name",
    project.name,
    "--project-directory",
    project.directory,
    ...project.files.flatMap((file) => ["--file", file]),
  ];
  return {
    /** Starts what is not running or has changed, and waits until it is healthy. */
    up: (
      options: {
        readonly wait?: boolean;
        readonly recreate?: boolean;
        /** Only made, not started. */
        readonly create?: boolean;
        readonly services?: readonly string[];
      } = {},
    ): readonly string[] => [
      ...prefix,
      "up",
      options.create ? "--no-start" : "--detach",
      "--remove-orphans",
      ...(options.recreate ? ["--force-recreate"] : []),
      ...(options.wait ? ["--wait"] : []),
      ...(options.services ?? []),
    ],
    /** A container of its own for one command; its exit code is the command's. */
    runOnce: (service: string, argv: readonly string[]): readonly string[] => [
      ...prefix,
      "run",
      "--rm",
      "--no-deps",
      "-T",
      service,
      ...argv,
    ],
    /** Ends the containers of single commands that still run. */
    removeRuns: (): readonly string[] =>
      shellScript(
        'docker ps --quiet --filter "label=com.docker.compose.project=$1" --filter label=com.docker.compose.oneoff=True | xargs -r docker rm --force',
        project.name,
      ),
    exec: (service: string, argv: readonly string[]): readonly string[] => [...prefix, "exec", "-T", service, ...argv],
    /** Each service with its own grace period. */
    stop: (): readonly string[] => [...prefix, "stop"],
    down: (options: { readonly volumes?: boolean } = {}): readonly string[] => [
      ...prefix,
      "down",
      "--remove-orphans",
      ...(options.volumes ? ["--volumes"] : []),
    ],
    /** Names of the project's containers, whatever their state. */
    containers: (): readonly string[] => [
      "docker",
      "ps",
      "--all",
      "--filter",
      `label=com.docker.compose.project=${project.name}`,
      "--filter",
      "label=com.docker.compose.oneoff=False",
      "--format",
      "{{.Names}}",
    ],
    ps: (): readonly string[] => [...prefix, "ps", "--all", "--format", "json"],
    logs: (
      services: readonly string[],
      options: { readonly tail?: number; readonly follow?: boolean } = {},
    ): readonly string[] => [
      ...prefix,
      "logs",
      "--no-color",
      ...(options.tail === undefined ? [] : ["--tail", String(options.tail)]),
      ...(options.follow ? ["--follow"] : []),
      ...services,
    ],
  };
}

export type Compose = ReturnType<typeof compose>;
