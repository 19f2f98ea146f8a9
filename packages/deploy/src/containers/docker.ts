/** Builders of `docker` argv. They do no I/O; secrets are never part of them. */
export const docker = {
  version: (): readonly string[] => ["docker", "version", "--format", "{{.Server.Version}}"],
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
  hasImage: (reference: string): readonly string[] => ["docker", "image", "inspect", "--format", "{{.Id}}", reference],
  removeImage: (reference: string): readonly string[] => ["docker", "image", "rm", reference],
  inspect: (container: string): readonly string[] => ["docker", "inspect", container],
  logs: (
    container: string,
    options: { readonly tail?: number; readonly follow?: boolean; readonly timestamps?: boolean } = {},
  ): readonly string[] => [
    "docker",
    "logs",
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
  exec: (container: string, argv: readonly string[]): readonly string[] => ["docker", "exec", container, ...argv],
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
    up: (options: { readonly wait?: boolean; readonly recreate?: boolean } = {}): readonly string[] => [
      ...prefix,
      "up",
      "--detach",
      "--remove-orphans",
      ...(options.recreate ? ["--force-recreate"] : []),
      ...(options.wait ? ["--wait"] : []),
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
    exec: (service: string, argv: readonly string[]): readonly string[] => [...prefix, "exec", "-T", service, ...argv],
    stop: (graceSeconds: number): readonly string[] => [...prefix, "stop", "--timeout", String(graceSeconds)],
    down: (options: { readonly volumes?: boolean } = {}): readonly string[] => [
      ...prefix,
      "down",
      "--remove-orphans",
      ...(options.volumes ? ["--volumes"] : []),
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
