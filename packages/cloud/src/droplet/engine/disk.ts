import { existsSync } from "node:fs";
import { join } from "node:path";

/** A droplet's folders. What the droplet calls `/home/ada/x` is `<disk>/home/ada/x` on this machine. */
export interface Disk {
  /** The droplet's `/`. */
  readonly root: string;
  /** `docker`, `sudo`, `curl`, `cloud-init`: first on PATH. */
  readonly bin: string;
  /** Docker's own data. */
  readonly engine: string;
  /** The droplet's path as one of this machine: below the disk where something is there, else as it is. */
  path(path: string): string;
}

export function diskOf(folder: string): Disk {
  const root = join(folder, "disk");
  return {
    root,
    bin: join(folder, "bin"),
    engine: join(root, "var/lib/docker"),
    path(path) {
      if (!path.startsWith("/") || path === root || path.startsWith(`${root}/`)) return path;
      const inside = join(root, path);
      return existsSync(inside) ? inside : path;
    },
  };
}
