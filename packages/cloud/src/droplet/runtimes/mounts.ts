import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Disk } from "../engine/disk.ts";
import { daemonError, type ContainerRecord, type Mount } from "../engine/model.ts";

export interface HostMount {
  readonly type: Mount["type"];
  /** On this machine. */
  readonly path: string;
  /** In the container. */
  readonly target: string;
}

export const volumeFolder = (disk: Disk, name: string): string => join(disk.engine, "volumes", name, "_data");

/** Where a container's mounts stand on this machine. Missing folders are made, as Docker does for `-v`. */
export async function hostMounts(
  disk: Disk,
  container: ContainerRecord,
  folder: string,
): Promise<readonly HostMount[]> {
  return Promise.all(
    container.spec.mounts.map(async (mount) => {
      const path = mountPath(disk, mount, folder);
      if (!existsSync(path)) await mkdir(path, { recursive: true });
      return { type: mount.type, path, target: mount.target };
    }),
  );
}

/** A path of the container as one of this machine: through its mounts, else in its own files. */
export function containerPath(disk: Disk, container: ContainerRecord, folder: string, path: string): string {
  const mount = container.spec.mounts
    .filter(({ target }) => path === target || path.startsWith(`${target.replace(/\/$/, "")}/`))
    .sort((a, b) => b.target.length - a.target.length)[0];
  return mount ? join(mountPath(disk, mount, folder), path.slice(mount.target.length)) : join(folder, "root", path);
}

function mountPath(disk: Disk, mount: Mount, folder: string): string {
  switch (mount.type) {
    case "bind":
      if (!mount.source.startsWith("/"))
        throw daemonError(
          `invalid mount config for type "bind": invalid mount path: '${mount.source}' mount path must be absolute`,
        );
      return disk.path(mount.source);
    case "volume":
      return volumeFolder(disk, mount.source);
    case "tmpfs":
      return join(folder, "tmpfs", mount.target);
  }
}
