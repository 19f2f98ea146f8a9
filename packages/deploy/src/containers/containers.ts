import { fail, type ProcessResult, type Secret } from "@doge/core";
import { commandLine } from "../host/quote.ts";
import type { Host, HostCommand } from "../host/host.ts";
import { docker } from "./docker.ts";

/** What matters of `docker inspect`. */
export interface ContainerState {
  readonly running: boolean;
  /** `created`, `running`, `restarting`, `exited`. */
  readonly status: string;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly restarts: number;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Inspected {
  /** With a slash before it. */
  readonly Name: string;
  readonly RestartCount?: number;
  readonly State: {
    readonly Status: string;
    readonly Running?: boolean;
    readonly ExitCode?: number;
    readonly OOMKilled?: boolean;
  };
  readonly Config?: { readonly Image?: string; readonly Labels?: Readonly<Record<string, string>> | null };
}

/** The container engine of a host. */
export interface Containers {
  /** Runs an engine command; throws `containers-failed` with its last lines where it fails. */
  run(
    argv: readonly string[],
    options?: Omit<HostCommand, "argv"> & { readonly doing?: string },
  ): Promise<ProcessResult>;
  /** Throws `containers-failed` for a command that ended so. */
  failed(argv: readonly string[], result: ProcessResult, doing?: string): never;
  /** Undefined where there is no such container. */
  inspect(container: string): Promise<ContainerState | undefined>;
  /** Several at once, by name. */
  inspectAll(containers: readonly string[]): Promise<ReadonlyMap<string, ContainerState>>;
  /** Last lines of both output streams. */
  lastLines(container: string, lines: number): Promise<string>;
  hasImage(reference: string): Promise<boolean>;
  /** Gets an image that is not there. Logs in only for that: the token does not stay on the droplet. Returns what it is for, `linux/amd64`. */
  pull(
    reference: string,
    registry: { readonly host: string; readonly username: string; readonly token: Secret } | undefined,
  ): Promise<string | undefined>;
}

export function dockerOn(host: Host): Containers {
  const containers: Containers = {
    async run(argv, { doing, ...options } = {}) {
      const result = await host.run({ ...options, argv });
      return result.exitCode === 0 ? result : containers.failed(argv, result, doing);
    },

    failed(argv, result, doing) {
      return fail({
        code: "containers-failed",
        summary: "A container command failed on the droplet",
        detail: `${doing ?? commandLine(argv)} ended with ${result.exitCode}:\n${tailOf(result)}`,
        address: host.name,
        remedy: `Log in with \`doge ssh\` and try: ${commandLine(argv)}`,
      });
    },

    inspect: async (container) => (await containers.inspectAll([container])).get(container),

    async inspectAll(names) {
      const { stdout } = await host.run({ argv: docker.inspect(...names) });
      const found = (stdout.trim() === "" ? [] : JSON.parse(stdout)) as readonly Inspected[];
      return new Map(found.map((each) => [each.Name.replace(/^\//, ""), stateOf(each)]));
    },

    async lastLines(container, lines) {
      const { stdout, stderr } = await host.run({ argv: docker.logs(container, { tail: lines }) });
      return `${stdout}${stderr}`.trim();
    },

    hasImage: async (reference) => (await host.run({ argv: docker.imagePlatform(reference) })).exitCode === 0,

    async pull(reference, registry) {
      // By digest: what is here already is the same.
      const before = await host.run({ argv: docker.imagePlatform(reference) });
      if (before.exitCode === 0) return platformOf(before);
      if (registry) {
        await containers.run(docker.login(registry.host, registry.username), {
          stdin: registry.token,
          doing: `docker login ${registry.host}`,
        });
      }
      try {
        await containers.run(docker.pull(reference));
      } finally {
        if (registry) await host.run({ argv: docker.logout(registry.host) });
      }
      return platformOf(await host.run({ argv: docker.imagePlatform(reference) }));
    },
  };
  return containers;
}

const stateOf = ({ State, Config, RestartCount = 0 }: Inspected): ContainerState => ({
  running: State.Status === "running",
  status: State.Status,
  exitCode: State.ExitCode ?? 0,
  outOfMemory: State.OOMKilled ?? false,
  restarts: RestartCount,
  image: Config?.Image ?? "",
  labels: Config?.Labels ?? {},
});

const platformOf = ({ exitCode, stdout }: ProcessResult): string | undefined =>
  exitCode === 0 && /^\w+\/\w+$/.test(stdout.trim()) ? stdout.trim() : undefined;

export const tailOf = ({ stdout, stderr }: Pick<ProcessResult, "stdout" | "stderr">, lines = 12): string =>
  `${stdout}\n${stderr}`
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-lines)
    .join("\n");
