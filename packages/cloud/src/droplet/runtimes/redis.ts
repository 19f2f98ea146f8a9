import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { DockerError } from "../engine/model.ts";
import { containerPath, hostMounts } from "./mounts.ts";
import { executable } from "./node.ts";
import type { Grounds, Runtime } from "./runtime.ts";

const path = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin";

/** The image `redis`: this machine's redis-server. */
export function redisRuntime(grounds: Grounds): Runtime {
  return {
    async prepare(container) {
      await hostMounts(grounds.disk, container, grounds.folder(container));
    },
    async program(container, { argv, env }) {
      const words = argv[0]?.endsWith("docker-entrypoint.sh") ? argv.slice(1) : argv;
      const [name = "", ...rest] = words;
      const file = executable(name, path);
      if (file === undefined) {
        throw new DockerError(
          `the local droplet's docker runs the image redis by programs of this machine, and ${name} is not installed`,
          127,
        );
      }
      const inside = (word: string): string => {
        const mapped = word.startsWith("/")
          ? containerPath(grounds.disk, container, grounds.folder(container), word)
          : word;
        return existsSync(mapped) ? mapped : word;
      };
      const data = containerPath(grounds.disk, container, grounds.folder(container), "/data");
      await mkdir(data, { recursive: true });
      const own: Readonly<Record<string, readonly string[]>> = {
        "redis-server": ["--bind", container.address, container.loopback, "--protected-mode", "no", "--dir", data],
        "redis-cli": rest.includes("-h") ? [] : ["-h", container.loopback],
      };
      // redis-server takes its file first and options after; redis-cli its options first.
      const args = name === "redis-cli" ? [...(own[name] ?? []), ...rest] : [...rest.map(inside), ...(own[name] ?? [])];
      return { kind: "process", file, args, env: { ...env, PATH: path }, cwd: data };
    },
    locate: (container, port) => ({ host: container.address, port }),
  };
}
