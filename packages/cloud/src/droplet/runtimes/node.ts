import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { resolveInside } from "../engine/layers.ts";
import { DockerError, type ContainerRecord } from "../engine/model.ts";
import { hostMounts } from "./mounts.ts";
import { preloadScript } from "./preload.ts";
import type { Command, Grounds, Runtime } from "./runtime.ts";

const systemPath = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/** Images with a Node entry: a plain process of this machine's Node in a copy of the image's files. */
export function nodeRuntime(grounds: Grounds): Runtime {
  const root = (container: ContainerRecord): string => join(grounds.folder(container), "root");

  return {
    async prepare(container) {
      const image = grounds.images.require(container.spec.imageId);
      const folder = grounds.folder(container);
      if (existsSync(join(folder, "preload.cjs"))) return;
      await grounds.images.copy(image, root(container));
      await mkdir(join(root(container), container.spec.workingDir || "/"), { recursive: true });
      for (const mount of await hostMounts(grounds.disk, container, folder)) {
        const place = join(root(container), mount.target);
        await mkdir(dirname(place), { recursive: true });
        // As Docker does: a fresh volume begins with what the image has there.
        const isFresh = mount.type === "volume" && existsSync(place) && (await readdir(mount.path)).length === 0;
        if (isFresh) await promisify(execFile)("cp", ["-a", `${place}/.`, mount.path]);
        await rm(place, { recursive: true, force: true });
        await symlink(mount.path, place);
      }
      await mkdir(join(folder, "bin"), { recursive: true });
      await symlink(process.execPath, join(folder, "bin", "node"));
      const script = preloadScript({
        address: container.address,
        loopback: container.loopback,
        hostname: container.spec.hostname ?? container.id.slice(0, 12),
        hosts: grounds.hosts(container),
        vendors: grounds.vendors,
        socket: grounds.socket,
      });
      await writeFile(join(folder, "preload.cjs"), script);
    },

    async program(container, command) {
      const folder = grounds.folder(container);
      const inside = root(container);
      const mapped = await Promise.all(withoutEntryScript(command.argv).map((word) => mapWord(inside, word)));
      const env = environment(command, folder, inside);
      const [name = "", ...args] = mapped;
      const file = /(^|\/)node(js)?$/.test(name) ? process.execPath : executable(name, env["PATH"] ?? "");
      const cwd = (await resolveInside(inside, command.cwd || "/")) ?? inside;
      if (file === undefined) {
        throw new DockerError(
          `OCI runtime exec failed: exec failed: unable to start container process: exec: ${JSON.stringify(command.argv[0] ?? "")}: executable file not found in $PATH: unknown`,
          127,
        );
      }
      return { kind: "process", file, args, env, cwd };
    },

    locate: (container, port) => ({ host: container.address, port }),
  };
}

/** The official image's entry script does no more than to put `node` before what is not a command. */
function withoutEntryScript(argv: readonly string[]): readonly string[] {
  if (!argv[0]?.endsWith("docker-entrypoint.sh")) return argv;
  const rest = argv.slice(1);
  return rest[0]?.startsWith("-") || /\.[cm]?js$/.test(rest[0] ?? "") ? ["node", ...rest] : rest;
}

/** Absolute paths that the image has become paths of the copy; everything else stays as it is. */
async function mapWord(root: string, word: string): Promise<string> {
  const option = /^(--[\w-]+=)(\/.*)$/.exec(word);
  const path = option?.[2] ?? word;
  if (!path.startsWith("/") || path === "/") return word;
  const found = await resolveInside(root, path);
  return found === undefined ? word : `${option?.[1] ?? ""}${found}`;
}

function environment(command: Command, folder: string, root: string): Record<string, string> {
  const own = (command.env["PATH"] ?? "")
    .split(":")
    .filter((part) => part !== "" && !systemPath.slice(1).includes(part));
  const path = [join(folder, "bin"), ...own.map((part) => join(root, part)), ...systemPath];
  const preload = `--require ${JSON.stringify(join(folder, "preload.cjs"))}`;
  return {
    HOME: join(root, "root"),
    ...command.env,
    PATH: path.join(":"),
    NODE_OPTIONS: [preload, command.env["NODE_OPTIONS"]].filter(Boolean).join(" "),
  };
}

/** A program by its path or by PATH; undefined where there is none. */
export function executable(name: string, path: string): string | undefined {
  const candidates = name.includes("/") ? [name] : path.split(":").map((folder) => join(folder, name));
  return candidates.find((candidate) => {
    const found = statSync(candidate, { throwIfNoEntry: false });
    return found?.isFile() === true && (found.mode & 0o111) !== 0;
  });
}
