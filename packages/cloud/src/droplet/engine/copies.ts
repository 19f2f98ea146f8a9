import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A copy of a folder whose files are links: writing new files into it, in place of old ones, leaves the first as it is. */
export async function linkTree(from: string, to: string): Promise<void> {
  try {
    await run("cp", ["-al", from, to]);
  } catch {
    // Not every `cp` and file system links.
    await rm(to, { recursive: true, force: true });
    await run("cp", ["-a", from, to]);
  }
}

// Nearly all of a Node image's files are below node_modules, and what runs there writes new files, if any.
const copyButModules = `
  cp -al "$1/." "$2"
  cd "$1"
  find . -name node_modules -prune -o -type f -exec cp -a --parents --remove-destination -t "$2" {} +`;

/**
 * Copies a folder, so that writes to the copy don't reach it. Files below node_modules are links: a second of
 * copying otherwise, for each container.
 */
export async function copyOf(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  try {
    await run("sh", ["-ceu", copyButModules.trim(), "sh", from, to]);
  } catch {
    await rm(to, { recursive: true, force: true });
    await mkdir(to, { recursive: true });
    await run("cp", ["-a", `${from}/.`, to]);
  }
}

/** Removes folders behind everyone's back: gone at once under their name, and soon from the disk. */
export class Trash {
  readonly #folder: string;
  readonly #running = new Set<Promise<void>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async discard(path: string): Promise<void> {
    const place = join(this.#folder, randomUUID());
    await mkdir(this.#folder, { recursive: true });
    try {
      await rename(path, place);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return;
      throw thrown;
    }
    this.#remove([place]);
  }

  /** Begins to remove what an earlier life left in the trash. */
  async empty(): Promise<void> {
    const left = await readdir(this.#folder).catch(() => []);
    if (left.length > 0) this.#remove(left.map((name) => join(this.#folder, name)));
  }

  #remove(paths: readonly string[]): void {
    const removing: Promise<void> = new Promise<void>((resolve) => {
      const child = spawn("rm", ["-rf", ...paths], { stdio: "ignore" });
      child.once("error", () => resolve());
      child.once("close", () => resolve());
    }).finally(() => this.#running.delete(removing));
    this.#running.add(removing);
  }

  async emptied(): Promise<void> {
    await Promise.all(this.#running);
  }
}
