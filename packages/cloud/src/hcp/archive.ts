import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize, relative, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";

const largest = 1024 * 1024 * 1024;

/**
 * Unpacks a tar.gz into `folder`. Entries that would land outside of it are refused, whole archives above
 * 1 GiB unpacked too.
 */
export async function unpack(archive: Uint8Array, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries = extract();
  let total = 0;
  const write = async (
    name: string,
    type: string | null | undefined,
    mode: number | undefined,
    target: string | null | undefined,
    content: Buffer,
  ): Promise<void> => {
    const path = inside(folder, name);
    if (type === "directory") {
      await mkdir(path, { recursive: true });
    } else if (type === "symlink" && target) {
      inside(folder, join(dirname(name), target));
      await mkdir(dirname(path), { recursive: true });
      await symlink(target, path);
    } else if (type === "file" || type === "contiguous-file") {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content, { mode: (mode ?? 0o644) & 0o755 });
    }
  };
  const reading = (async () => {
    for await (const entry of entries) {
      const pieces: Buffer[] = [];
      for await (const piece of entry as AsyncIterable<Buffer>) {
        total += piece.length;
        if (total > largest) throw new Error("The archive is larger than 1 GiB unpacked");
        pieces.push(piece);
      }
      const { name, type, mode, linkname } = entry.header;
      await write(name, type, mode, linkname, Buffer.concat(pieces));
    }
  })();
  await Promise.all([pipeline(Readable.from([Buffer.from(archive)]), createGunzip(), entries), reading]);
}

function inside(folder: string, name: string): string {
  const path = join(folder, normalize(name));
  const away = relative(folder, path);
  if (away === ".." || away.startsWith(`..${sep}`))
    throw new Error(`The archive has an entry outside of its folder: ${name}`);
  return path;
}
