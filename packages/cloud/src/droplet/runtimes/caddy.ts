import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunningEdge } from "../../ports.ts";
import { DockerError, type ContainerRecord } from "../engine/model.ts";
import { freePort, mayListen } from "../engine/ports.ts";
import { containerPath, hostMounts } from "./mounts.ts";
import { executable } from "./node.ts";
import type { Command, Grounds, Place, Runtime } from "./runtime.ts";
import { wget } from "./wget.ts";

/** The image `caddy`: the local cloud's edge, in this process, with Caddy's configuration and admin API. */
export function caddyRuntime(grounds: Grounds): Runtime {
  const places = new Map<string, Map<number, Place>>();
  const locate = (container: ContainerRecord, port: number): Place =>
    places.get(container.id)?.get(port) ?? { host: container.address, port };
  const bin = (container: ContainerRecord): string => join(grounds.folder(container), "bin");

  async function configuration(container: ContainerRecord, args: readonly string[]): Promise<unknown> {
    const asked = option(args, "--config", "-c") ?? "/etc/caddy/Caddyfile";
    const path = containerPath(grounds.disk, container, grounds.folder(container), asked);
    const adapter = option(args, "--adapter", "-a") ?? (asked.endsWith("Caddyfile") ? "caddyfile" : undefined);
    const text = await readFile(path, "utf8").catch((thrown: NodeJS.ErrnoException) => {
      throw new Error(
        `Error: reading config from file: open ${asked}: ${thrown.code === "ENOENT" ? "no such file or directory" : thrown.code}`,
      );
    });
    if (adapter === undefined) return JSON.parse(text) as unknown;
    try {
      const { stdout } = await promisify(execFile)("caddy", ["adapt", "--config", path, "--adapter", adapter]);
      return JSON.parse(stdout) as unknown;
    } catch {
      throw new Error("the local droplet's caddy reads JSON; for a Caddyfile it needs caddy on this machine");
    }
  }

  async function serve(
    container: ContainerRecord,
    command: Command,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<number> {
    const dataFolder = containerPath(grounds.disk, container, grounds.folder(container), "/data");
    await mkdir(dataFolder, { recursive: true });
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    const edge: RunningEdge = await grounds.startEdge({
      config: await configuration(container, command.argv),
      listenOn: (port) => locate(container, port),
      dial: (name, port) =>
        /^(localhost|127\.0\.0\.1|::1|)$/.test(name) ? locate(container, port) : grounds.dial(container, name, port),
      publicAddress: grounds.publicAddress,
      ca: grounds.ca,
      dataFolder,
      log,
    });
    if (!signal.aborted) await stopped;
    // SIGKILL and SIGQUIT don't wait.
    await edge.stop(
      signal.reason === "SIGTERM" || signal.reason === "SIGINT" ? container.spec.stopGraceSeconds * 1000 : 0,
    );
    return signal.reason === "SIGKILL" ? 137 : 0;
  }

  async function reload(container: ContainerRecord, args: readonly string[]): Promise<number> {
    const admin = locate(container, Number(/:(\d+)$/.exec(option(args, "--address") ?? ":2019")?.[1]));
    const response = await fetch(`http://${admin.host}:${admin.port}/load`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(await configuration(container, args)),
    });
    if (!response.ok)
      throw new Error(
        `Error: sending configuration to instance: caddy responded with error: HTTP ${response.status}: ${await response.text()}`,
      );
    return 0;
  }

  return {
    async prepare(container) {
      await hostMounts(grounds.disk, container, grounds.folder(container));
      await mkdir(bin(container), { recursive: true });
      for (const name of ["caddy", "wget"]) {
        const path = join(bin(container), name);
        await writeFile(path, `#!/bin/sh\nexec '${grounds.docker}' exec -i ${container.id} ${name} "$@"\n`);
        await chmod(path, 0o755);
      }
      const known = new Map<number, Place>();
      for (const port of new Set([80, 443, ...container.spec.ports.map((mapping) => mapping.containerPort)])) {
        const published = container.spec.ports.find(
          (mapping) => mapping.containerPort === port && mapping.hostPort !== 0 && !mapping.hostIp.startsWith("127."),
        );
        const wanted = published
          ? { host: grounds.publicAddress, port: published.hostPort }
          : { host: container.address, port };
        const allowed = await mayListen(wanted.host, wanted.port);
        known.set(port, allowed ? wanted : { host: container.address, port: await freePort() });
      }
      places.set(container.id, known);
    },

    async program(container, command) {
      const [name = "", ...args] = command.argv;
      const [action] = args;
      if (name === "wget") {
        return {
          kind: "inside",
          run: (streams) =>
            wget(args, streams, (host, port) =>
              /^(localhost|127\.0\.0\.1|\[?::1\]?)$/.test(host)
                ? locate(container, port)
                : grounds.dial(container, host, port),
            ),
        };
      }
      if (name === "caddy" && action === "run") {
        return {
          kind: "inside",
          run: (streams, signal) =>
            serve(container, command, (line) => void streams.stderr(Buffer.from(`${line}\n`)), signal),
        };
      }
      if (name === "caddy" && action === "reload") return { kind: "inside", run: () => reload(container, args) };
      if (name === "caddy" && action === "version") {
        return {
          kind: "inside",
          run: async ({ stdout }) => (await stdout(Buffer.from("v2 (the local cloud's edge)\n")), 0),
        };
      }
      if (name === "caddy") throw new DockerError(`the local droplet's caddy doesn't know "caddy ${action ?? ""}"`, 1);
      const env = {
        HOME: grounds.folder(container),
        ...command.env,
        PATH: `${bin(container)}:/usr/local/bin:/usr/bin:/bin`,
      };
      const file = executable(name, env.PATH);
      if (file === undefined) {
        throw new DockerError(
          `OCI runtime exec failed: exec: ${JSON.stringify(name)}: executable file not found in $PATH`,
          127,
        );
      }
      const mapped = args.map((word) =>
        word.startsWith("/") ? containerPath(grounds.disk, container, grounds.folder(container), word) : word,
      );
      return { kind: "process", file, args: mapped, env, cwd: grounds.folder(container) };
    },

    locate,
  };
}

function option(args: readonly string[], ...names: readonly string[]): string | undefined {
  for (const [index, word] of args.entries()) {
    if (names.includes(word)) return args[index + 1];
    const name = names.find((candidate) => word.startsWith(`${candidate}=`));
    if (name) return word.slice(name.length + 1);
  }
  return undefined;
}
