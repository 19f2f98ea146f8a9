/** What lies in some folders at one instant, kept by contents: equal worlds are equal, and many of them take little memory. */
import { createHash } from "node:crypto";
import {
  type BigIntStats,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

type Entry =
  | { readonly kind: "folder" }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "file"; readonly hash: string; readonly mode: number };

export interface World {
  /** Folders stand before what is in them. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** The same for worlds that are the same to the last byte. */
  readonly digest: string;
}

export class Worlds {
  readonly #folders: readonly string[];
  readonly #passedOver: RegExp;
  readonly #contents = new Map<string, Buffer>();
  /** What was read when, so that only what changed since is read again. */
  readonly #read = new Map<string, { readonly stamp: string; readonly hash: string }>();

  /** `passedOver` are names of files and folders that don't count, such as logs. */
  constructor(folders: readonly string[], passedOver: RegExp) {
    this.#folders = folders;
    this.#passedOver = passedOver;
  }

  take(): World {
    const entries = new Map<string, Entry>();
    for (const folder of this.#folders) this.#walk(folder, entries);
    const hash = createHash("sha256");
    for (const [path, entry] of entries) hash.update(`${path}\0${JSON.stringify(entry)}\n`);
    return { entries, digest: hash.digest("hex") };
  }

  /** Makes the folders what they were; writes only what differs. */
  restore(world: World): void {
    const now = this.take();
    for (const path of [...now.entries.keys()].toReversed())
      if (now.entries.get(path)?.kind !== world.entries.get(path)?.kind) rmSync(path, { recursive: true, force: true });
    for (const [path, entry] of world.entries) {
      const there = now.entries.get(path);
      if (there !== undefined && JSON.stringify(there) === JSON.stringify(entry)) continue;
      if (entry.kind === "folder") mkdirSync(path, { recursive: true });
      else if (entry.kind === "link") symlinkSync(entry.target, path);
      else {
        rmSync(path, { force: true });
        writeFileSync(path, this.#contents.get(entry.hash) as Buffer);
        chmodSync(path, entry.mode);
      }
    }
  }

  #walk(folder: string, entries: Map<string, Entry>): void {
    entries.set(folder, { kind: "folder" });
    for (const item of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, item.name);
      if (this.#passedOver.test(item.name)) continue;
      if (item.isDirectory()) this.#walk(path, entries);
      else if (item.isSymbolicLink()) entries.set(path, { kind: "link", target: readlinkSync(path) });
      else if (item.isFile()) {
        const stats = lstatSync(path, { bigint: true });
        entries.set(path, { kind: "file", hash: this.#hash(path, stats), mode: Number(stats.mode) & 0o777 });
      }
    }
  }

  #hash(path: string, { mtimeNs, ctimeNs, size, ino }: BigIntStats): string {
    const stamp = `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
    const known = this.#read.get(path);
    if (known?.stamp === stamp) return known.hash;
    const content = readFileSync(path);
    const hash = createHash("sha256").update(content).digest("hex");
    this.#contents.set(hash, content);
    this.#read.set(path, { stamp, hash });
    return hash;
  }
}
