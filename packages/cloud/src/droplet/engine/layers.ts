import { constants, lstatSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { link, lstat, open, readdir, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract } from "tar-stream";
import { pipeline } from "node:stream/promises";
import { daemonError } from "./model.ts";

/**
 * Unpacks one layer into `root`, over what lower layers left there: whiteouts remove, files replace. Links
 * that point out of the root are resolved inside it, as the kernel would after a chroot. Owners and device
 * nodes are not kept: we may not be root.
 */
export async function applyLayer(layer: Readable, mediaType: string, root: string): Promise<void> {
  const unpack = extract();
  const decompress = mediaType.endsWith("gzip")
    ? createGunzip()
    : mediaType.endsWith("zstd")
      ? createZstdDecompress()
      : new PassThrough();
  const failed = (thrown: Error): void => unpack.destroy(thrown);
  layer.on("error", failed);
  decompress.on("error", failed);
  layer.pipe(decompress).pipe(unpack);
  const folders = new Set<string>();
  for await (const entry of unpack) {
    await placeEntry(entry.header, entry as unknown as Readable, root, folders);
    entry.resume();
  }
}

/** Gzip, zstd or plain, by the first bytes: archives don't say. */
export function layerType(start: Uint8Array): string {
  if (start[0] === 0x1f && start[1] === 0x8b) return "tar+gzip";
  return start[0] === 0x28 && start[1] === 0xb5 ? "tar+zstd" : "tar";
}

interface Header {
  readonly name: string;
  readonly type?: string | null | undefined;
  readonly linkname?: string | null | undefined;
  readonly mode?: number | undefined;
  readonly size?: number | undefined;
}

async function placeEntry(header: Header, content: Readable, root: string, folders: Set<string>): Promise<void> {
  const parts = header.name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw daemonError(`a layer holds the path ${JSON.stringify(header.name)}`);
  const name = parts.pop();
  if (name === undefined) return;
  const folder = folderInside(root, parts, folders);
  if (name === ".wh..wh..opq") {
    for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true, force: true });
    return forget(folders);
  }
  if (name.startsWith(".wh.")) {
    await rm(join(folder, name.slice(4)), { recursive: true, force: true });
    return forget(folders);
  }
  const path = join(folder, name);
  const mode = (header.mode ?? 0o644) & 0o777;
  switch (header.type) {
    case "directory": {
      const there = lstatSync(path, { throwIfNoEntry: false });
      if (there?.isDirectory()) return;
      if (there) rmSync(path);
      mkdirSync(path, { mode: mode | 0o700 });
      return;
    }
    case "symlink":
      await rm(path, { recursive: true, force: true });
      await symlink(header.linkname ?? "", path);
      return forget(folders);
    case "link": {
      const target = (header.linkname ?? "").split("/").filter((part) => part !== "" && part !== ".");
      if (target.includes("..")) throw daemonError(`a layer holds a link to ${JSON.stringify(header.linkname)}`);
      const last = target.pop() ?? "";
      await rm(path, { recursive: true, force: true });
      await link(join(folderInside(root, target, folders), last), path);
      return;
    }
    case "file":
    case "contiguous-file": {
      if ((header.size ?? Number.POSITIVE_INFINITY) <= smallBytes) {
        writeNew(path, await bytesOf(content), mode | 0o600);
        return;
      }
      await rm(path, { recursive: true, force: true });
      const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode | 0o600);
      await pipeline(content, file.createWriteStream());
      return;
    }
    default:
      return;
  }
}

const smallBytes = 1024 * 1024;

/** A new file in place of whatever is there: what is there may be shared by links with another image. */
function writeNew(path: string, bytes: Uint8Array, mode: number): void {
  try {
    writeFileSync(path, bytes, { flag: "wx", mode });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, bytes, { flag: "wx", mode });
  }
}

async function bytesOf(content: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk as Uint8Array);
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}

const forget = (folders: Set<string>): void => folders.clear();

/** A folder below root, made where missing; symbolic links on the way are followed inside the root only. */
function folderInside(root: string, parts: readonly string[], known: Set<string>): string {
  const direct = join(root, ...parts);
  if (known.has(direct)) return direct;
  let pending = [...parts];
  let resolved: string[] = [];
  for (let hops = 0; pending.length > 0;) {
    const part = pending.shift() ?? "";
    if (part === "..") {
      resolved = resolved.slice(0, -1);
      continue;
    }
    const path = join(root, ...resolved, part);
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isSymbolicLink()) {
      if (++hops > 40) throw daemonError(`too many links in a layer at ${parts.join("/")}`);
      const target = readlinkSync(path);
      if (target.startsWith("/")) resolved = [];
      pending = [...target.split("/").filter((step) => step !== "" && step !== "."), ...pending];
      continue;
    }
    if (!there) mkdirSync(path);
    else if (!there.isDirectory()) {
      rmSync(path);
      mkdirSync(path);
    }
    resolved.push(part);
  }
  const path = join(root, ...resolved);
  if (path === direct) known.add(direct);
  return path;
}

/** A path of the image as a path of the machine, links followed inside the root; undefined where nothing is there. */
export async function resolveInside(root: string, path: string): Promise<string | undefined> {
  let pending = path.split("/").filter((part) => part !== "" && part !== ".");
  let resolved: string[] = [];
  for (let hops = 0; pending.length > 0;) {
    const part = pending.shift() ?? "";
    if (part === "..") {
      resolved = resolved.slice(0, -1);
      continue;
    }
    const here = join(root, ...resolved, part);
    const there = await lstat(here).catch(() => undefined);
    if (!there) return undefined;
    if (!there.isSymbolicLink()) {
      resolved.push(part);
      continue;
    }
    if (++hops > 40) return undefined;
    const target = await readlink(here);
    if (target.startsWith("/")) resolved = [];
    pending = [...target.split("/").filter((step) => step !== "" && step !== "."), ...pending];
  }
  return join(root, ...resolved);
}
