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
  /** Last lines of both output streams. */
  lastLines(container: string, lines: number): Promise<string>;
  hasImage(reference: string): Promise<boolean>;
  /** `linux/amd64`: what the engine runs; undefined where it does not tell. */
  platform(): Promise<string | undefined>;
  /** The same of an image that is on the host. */
  imagePlatform(reference: string): Promise<string | undefined>;
  /** Logs in only for the pull: the token does not stay on the droplet. */
  pull(
    reference: string,
    registry: { readonly host: string; readonly username: string; readonly token: Secret } | undefined,
  ): Promise<void>;
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

    async inspect(container) {
      const result = await host.run({ argv: docker.inspect(container) });
      if (result.exitCode !== 0) return undefined;
      const [found] = JSON.parse(result.stdout) as readonly Inspected[];
      if (!found) return undefined;
      const { State, Config, RestartCount = 0 } = found;
      return {
        running: State.Status === "running",
        status: State.Status,
        exitCode: State.ExitCode ?? 0,
        outOfMemory: State.OOMKilled ?? false,
        restarts: RestartCount,
        image: Config?.Image ?? "",
        labels: Config?.Labels ?? {},
      };
    },

    async lastLines(container, lines) {
      const { stdout, stderr } = await host.run({ argv: docker.logs(container, { tail: lines }) });
      return `${stdout}${stderr}`.trim();
    },

    hasImage: async (reference) => (await host.run({ argv: docker.hasImage(reference) })).exitCode === 0,

    platform: async () => platformOf(await host.run({ argv: docker.platform() })),
    imagePlatform: async (reference) => platformOf(await host.run({ argv: docker.imagePlatform(reference) })),

    async pull(reference, registry) {
      // By digest: what is here already is the same.
      if (await containers.hasImage(reference)) return;
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
    },
  };
  return containers;
}

const platformOf = ({ exitCode, stdout }: ProcessResult): string | undefined =>
  exitCode === 0 && /^\w+\/\w+$/.test(stdout.trim()) ? stdout.trim() : undefined;

export const tailOf = ({ stdout, stderr }: Pick<ProcessResult, "stdout" | "stderr">, lines = 12): string =>
  `${stdout}\n${stderr}`
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-lines)
    .join("\n");
