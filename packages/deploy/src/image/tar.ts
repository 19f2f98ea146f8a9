import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { pack } from "tar-stream";
import type { TreeEntry } from "@doge/core";

const compress = promisify(gzip);

/** A layer of an image: in memory (layers of an app are a few megabytes), in a file, or in a registry. */
export interface Layer {
  /** Of the compressed bytes: how registries know it. */
  readonly digest: string;
  /** Of the tar itself: how the configuration knows it. */
  readonly diffId: string;
  /** Of the compressed bytes. */
  readonly size: number;
  readonly bytes: () => Promise<Uint8Array>;
}

// An instant of no meaning, the same for every file of every build.
const epoch = new Date(0);

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/**
 * Packs entries below `prefix` (`app`) as a layer. The same entries give the same bytes: order, times,
 * owners and modes are fixed; only whether a file is executable is kept.
 */
export async function packLayer(prefix: string, entries: readonly TreeEntry[]): Promise<Layer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on("data", (chunk: unknown) => chunks.push(chunk as Buffer));
  const ended = new Promise<void>((resolve, reject) => archive.on("end", resolve).on("error", reject));

  const owner = { uid: 0, gid: 0, uname: "", gname: "", mtime: epoch };
  const put = (header: Parameters<typeof archive.entry>[0], content?: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (thrown?: Error | null): void => (thrown ? reject(thrown) : resolve());
      if (content) archive.entry(header, Buffer.from(content), done);
      else archive.entry(header, done);
    });

  await put({ ...owner, name: `${prefix}/`, type: "directory", mode: 0o755 });
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const entry of sorted) {
    const name = `${prefix}/${entry.path}`;
    const mode = entry.executable ? 0o755 : 0o644;
    if (entry.kind === "directory") await put({ ...owner, name: `${name}/`, type: "directory", mode: 0o755 });
    else if (entry.kind === "link")
      await put({ ...owner, name, type: "symlink", mode: 0o777, linkname: entry.target ?? "" });
    else await put({ ...owner, name, type: "file", mode }, await entry.read());
  }
  archive.finalize();
  await ended;

  const tar = Buffer.concat(chunks);
  const bytes = await compress(tar, { level: 6 });
  return { digest: sha256(bytes), diffId: sha256(tar), size: bytes.byteLength, bytes: async () => bytes };
}
